#include "provider/extras.h"

#include <fmt/format.h>

namespace aig::provider {

std::string_view find_extra(const canon::Extras& extras, std::string_view name) {
    std::string_view found;
    for (const auto& [key, json] : extras)
        if (key == name && json != "null") found = json;
    return found;
}

bool says_nothing(std::string_view json) {
    return json.empty() || json == "null" || json == "[]" || json == "{}" || json == "\"\"" || json == "false";
}

Error refuse(std::string_view feature, std::string param) {
    return Error(ErrorCode::unsupported_feature, fmt::format("{}: this model does not support {}", param, feature))
        .param(std::move(param));
}

}  // namespace aig::provider
