// Where the parts of build() put what they find.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catalogue/config.h"

namespace aig::catalogue {

struct Faults {
    std::vector<Fault>& list;
    void add(std::string path, std::string message) { list.push_back({std::move(path), std::move(message), 0}); }
};

}  // namespace aig::catalogue
