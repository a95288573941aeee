#include "dialect/members.h"

namespace aig::dialect {

canon::Extras others(JsonRef object, std::initializer_list<std::string_view> known, std::string_view prefix) {
    canon::Extras out;
    if (!object.is_object()) return out;
    for (const JsonRef m : object) {
        bool is_known = m.is_null();
        for (const auto k : known) is_known |= m.key() == k;
        if (!is_known) out.emplace_back(std::string(prefix) + std::string(m.key()), m.raw());
    }
    return out;
}

bool split_data_url(std::string_view url, std::string& media_type, std::string& data) {
    if (!url.starts_with("data:")) return false;
    const size_t comma = url.find(',');
    const std::string_view head = url.substr(5, comma == std::string_view::npos ? 0 : comma - 5);
    if (comma == std::string_view::npos || !head.ends_with(";base64")) return false;
    media_type = head.substr(0, head.size() - 7);
    data = url.substr(comma + 1);
    return true;
}

}  // namespace aig::dialect
