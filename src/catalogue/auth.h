// How a provider is shown its key: the headers of one request. Pure: the time is given. Secrets are in what it returns
// and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"

namespace aig::catalogue {

/// What a signature covers. Views outlive the call.
struct Sending {
    std::string_view host, path;  ///< as they go over the wire
    const std::vector<std::string_view>& body;
    int64_t now_s = 0;
};

std::vector<std::pair<std::string, std::string>> auth_headers(const Provider& provider, const ProviderKey& key,
                                                              const Sending& sending);

}  // namespace aig::catalogue
