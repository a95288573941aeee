// The providers of one snapshot while it is built.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/build.h"
#include "catalogue/data.h"
#include "catalogue/detail/faults.h"

namespace aig::catalogue {

class Providers {
  public:
    /// `ids` gets the new providers' ids; a faulty provider is kept too, so that its models bring no follow-up faults.
    Providers(const std::vector<ProviderConfig>& configs, const Data& data, const WireResolver& wire,
              std::map<std::string, size_t, std::less<>>& ids, Faults& faults);
    ProviderPtr find(std::string_view name) const;
    std::vector<ProviderPtr> all() const;
    std::vector<std::string_view> names() const;

  private:
    std::map<std::string, ProviderPtr, std::less<>> by_name_;
};

}  // namespace aig::catalogue
