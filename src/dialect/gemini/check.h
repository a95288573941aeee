// Reading a request's members in either spelling, with the caller's own path in every error ("contents[3].parts"). null
// counts as not given, and a lone object where a list is due as a list of one, as Google's own servers have it.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "canon/gemini/shape.h"

namespace aig::dialect::google {

using canon::gemini::member;

inline Error bad(std::string path, std::string_view why) {
    return Error(ErrorCode::bad_param, fmt::format("`{}` {}.", path, why)).param(std::move(path));
}
inline bool given(JsonRef v) { return v && !v.is_null(); }

/// Calls `use(element, path)` for each element of a list, or for the object that stands in its place.
template <class Use>
Status each(JsonRef list, const std::string& path, Use use) {
    if (!given(list)) return {};
    if (list.is_object()) return use(list, path);
    if (!list.is_array()) return bad(path, "must be an array");
    size_t i = 0;
    for (const JsonRef v : list) TRYV(use(v, fmt::format("{}[{}]", path, i++)));
    return {};
}

/// int64 fields may come as strings: protobuf writes them so.
inline std::optional<int64_t> whole_number(JsonRef v) {
    if (v.is_number()) return v.integer();
    if (!v.is_string() || v.text().empty() || v.text().size() > 20) return {};
    auto doc = JsonDoc::parse(v.text());
    return doc ? doc->root().integer() : std::nullopt;
}

inline Result<std::optional<int64_t>> integer_at(JsonRef object, std::string_view name, const std::string& path,
                                                 int64_t least, int64_t most) {
    const JsonRef v = member(object, name);
    if (!given(v)) return std::optional<int64_t>{};
    const auto n = whole_number(v);
    if (!n) return bad(path, "must be an integer");
    if (*n < least || *n > most) return bad(path, fmt::format("must be between {} and {}", least, most));
    return n;
}

/// Two members of one name, in one spelling or in both: which one counts would depend on who reads it.
inline Status no_duplicates(JsonRef object, std::initializer_list<std::string_view> names,
                            std::string_view where = {}) {
    for (const auto name : names) {
        int count = 0;
        for (const JsonRef m : object) count += canon::gemini::same_name(m.key(), name) ? 1 : 0;
        if (count > 1) return bad(std::string(where) + std::string(name), "stands more than once in the body");
    }
    return {};
}

}  // namespace aig::dialect::google
