// Reading the members of a caller's JSON: type and range checks with the caller's own path in every error
// ("messages[3].content"), and what is left over. null counts as not given: SDKs write unset members so. Every dialect
// uses these; pure.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "canon/request.h"

namespace aig::dialect {

/// Where a value stands ("messages[3].content"): a step and where it starts from, written out only for an error. Lives
/// no longer than the one it starts from.
struct Path {
    std::string_view member;  ///< "" = the element `index`
    const Path* from = nullptr;
    size_t index = 0;
    Path operator/(std::string_view name) const { return {name, this, 0}; }
    Path operator[](size_t i) const { return {{}, this, i}; }
    std::string text() const {
        if (!from) return std::string(member);
        return member.empty() ? fmt::format("{}[{}]", from->text(), index) : fmt::format("{}.{}", from->text(), member);
    }
};

inline Error bad(std::string path, std::string_view why) {
    return Error(ErrorCode::bad_param, fmt::format("`{}` {}.", path, why)).param(std::move(path));
}
inline Error bad(const Path& path, std::string_view why) { return bad(path.text(), why); }
inline bool given(JsonRef v) { return v && !v.is_null(); }

/// Of a member that was looked up already.
inline Result<bool> boolean_of(JsonRef v, std::string_view name) {
    if (given(v) && !v.is_bool()) return bad(std::string(name), "must be true or false");
    return v.boolean();
}
inline Result<bool> boolean_at(JsonRef object, std::string_view name) { return boolean_of(object[name], name); }

inline Result<std::optional<int64_t>> integer_of(JsonRef v, std::string_view name, int64_t least, int64_t most) {
    if (!given(v)) return std::optional<int64_t>{};
    const auto n = v.integer();
    if (!n) return bad(std::string(name), "must be an integer");
    if (*n < least || *n > most) return bad(std::string(name), fmt::format("must be between {} and {}", least, most));
    return n;
}
inline Result<std::optional<int64_t>> integer_at(JsonRef object, std::string_view name, int64_t least, int64_t most) {
    return integer_of(object[name], name, least, most);
}

inline Status number_at(JsonRef object, std::string_view name) {
    const JsonRef v = object[name];
    if (given(v) && !v.is_number()) return bad(std::string(name), "must be a number");
    return {};
}

inline Status string_at(JsonRef object, std::string_view name, std::string_view path) {
    const JsonRef v = object[name];
    if (given(v) && !v.is_string()) return bad(std::string(path), "must be a string");
    return {};
}

inline Status string_of(JsonRef v, const Path& path) {
    if (given(v) && !v.is_string()) return bad(path, "must be a string");
    return {};
}
inline Status string_at(JsonRef object, std::string_view name, const Path& path) {
    return string_of(object[name], path);
}

inline Result<std::string_view> needed_string_of(JsonRef v, const Path& path) {
    if (!given(v)) return bad(path, "is missing");
    if (!v.is_string()) return bad(path, "must be a string");
    return v.text();
}
inline Result<std::string_view> needed_string(JsonRef object, std::string_view name, const Path& path) {
    return needed_string_of(object[name], path);
}

/// Two members of one name: which one counts would depend on who reads it, so what was checked could differ from what
/// is sent.
inline Status no_duplicates(JsonRef root, std::initializer_list<std::string_view> names) {
    for (const auto name : names)
        if (root.duplicate(name)) return bad(std::string(name), "stands more than once in the body");
    return {};
}

/// Every member that is given and not among `known`, raw.
canon::Extras others(JsonRef object, std::initializer_list<std::string_view> known, std::string_view prefix = {});

/// "data:image/png;base64,AAAA" -> media type and data; false for any other URL.
bool split_data_url(std::string_view url, std::string& media_type, std::string& data);

}  // namespace aig::dialect
