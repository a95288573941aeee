#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "api/admin/detail/fields.h"
#include "base/money.h"
#include "base/time.h"
#include "net/http.h"

namespace aig::api {
namespace {
constexpr size_t max_query = 4096;

Error bad(std::string_view name, std::string message) {
    return Error(ErrorCode::bad_param, std::move(message)).param(std::string(name));
}

Status allowed_name(std::string_view name, Names allowed, std::string_view kind) {
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) return {};
    std::string all;
    for (const auto a : allowed) fmt::format_to(std::back_inserter(all), "{}{}", all.empty() ? "" : ", ", a);
    const auto shown = name.substr(0, 64);
    return bad(shown, fmt::format("There is no {} '{}' here; {}.", kind, shown,
                                  all.empty() ? "none is taken" : "known are " + all));
}
}  // namespace

Result<Body> Body::parse(std::string_view text, Names allowed, size_t most_bytes) {
    if (text.size() > most_bytes)
        return Error(ErrorCode::too_large, fmt::format("The body is longer than {} bytes.", most_bytes));
    TRY(auto doc, JsonDoc::parse(text.empty() ? "{}" : text));
    if (!doc.root().is_object()) return Error(ErrorCode::bad_json, "The body must be one JSON object.");
    for (const JsonRef m : doc.root()) {
        TRYV(allowed_name(m.key(), allowed, "member"));
        if (doc.root().duplicate(m.key())) return bad(m.key(), fmt::format("'{}' is given twice.", m.key()));
    }
    return Body(std::move(doc));
}

Result<std::string> Body::text(std::string_view name, std::string_view otherwise, size_t most) const {
    const auto m = member(name);
    if (m.is_null()) return std::string(otherwise);
    if (!m.is_string()) return bad(name, fmt::format("'{}' must be a string.", name));
    if (m.text().size() > most) return bad(name, fmt::format("'{}' may be at most {} bytes long.", name, most));
    return std::string(m.text());
}

Result<std::string> Body::needed_text(std::string_view name) const {
    TRY(std::string s, text(name, ""));
    if (s.empty()) return bad(name, fmt::format("'{}' is required.", name));
    return s;
}

Result<std::string_view> Body::long_text(std::string_view name) const {
    const auto m = member(name);
    if (!m.is_string()) return bad(name, fmt::format("'{}' is required, as a string.", name));
    return m.text();
}

Result<std::optional<int64_t>> Body::integer(std::string_view name, int64_t least, int64_t most) const {
    const auto m = member(name);
    if (m.is_null()) return std::optional<int64_t>();
    const auto v = m.integer();
    if (!v || *v < least || *v > most)
        return bad(name, fmt::format("'{}' must be a whole number from {} to {}.", name, least, most));
    return v;
}

Result<std::optional<int64_t>> Body::nanos(std::string_view name) const {
    const auto m = member(name);
    if (m.is_null()) return std::optional<int64_t>();
    if (!m.is_string() && !m.is_number())
        return bad(name, fmt::format("'{}' must be an amount as decimal text.", name));
    TRY(const int64_t v, parse_decimal(m.is_string() ? m.text() : m.raw(), 9, name));
    return std::optional<int64_t>(v);
}
Result<std::optional<int64_t>> Body::amount(std::string_view name, int64_t most_nanos) const {
    TRY(const auto v, nanos(name));
    if (v && (*v <= 0 || *v > most_nanos))
        return bad(name, fmt::format("'{}' must be more than 0 and at most {}.", name, decimal(most_nanos, 9)));
    return v;
}
Result<std::optional<int64_t>> Body::amount_from_zero(std::string_view name, int64_t most_nanos) const {
    TRY(const auto v, nanos(name));
    if (v && (*v < 0 || *v > most_nanos))
        return bad(name, fmt::format("'{}' must be from 0 to {}.", name, decimal(most_nanos, 9)));
    return v;
}
Result<std::optional<int64_t>> Body::signed_amount(std::string_view name, int64_t most_nanos) const {
    TRY(const auto v, nanos(name));
    if (v && (*v == 0 || *v < -most_nanos || *v > most_nanos))
        return bad(name, fmt::format("'{}' must be from -{} to {}, and not 0.", name, decimal(most_nanos, 9),
                                     decimal(most_nanos, 9)));
    return v;
}

Result<std::vector<std::string>> Body::texts(std::string_view name, size_t most) const {
    std::vector<std::string> out;
    const auto m = member(name);
    if (m.is_null()) return out;
    if (!m.is_array() || m.size() > most)
        return bad(name, fmt::format("'{}' must be a list of at most {} strings.", name, most));
    for (const JsonRef item : m) {
        if (!item.is_string()) return bad(name, fmt::format("'{}' may hold only strings.", name));
        out.emplace_back(item.text());
    }
    return out;
}

Result<Query> Query::parse(std::string_view text, Names allowed) {
    if (text.size() > max_query)
        return Error(ErrorCode::uri_too_long, fmt::format("The query is longer than {} bytes.", max_query));
    Query q;
    while (!text.empty()) {
        const auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const auto eq = pair.find('=');
        TRY(auto name, net::percent_decode(pair.substr(0, eq)));
        TRY(auto value, net::percent_decode(eq == std::string_view::npos ? std::string_view() : pair.substr(eq + 1)));
        TRYV(allowed_name(name, allowed, "query parameter"));
        if (!q.text(name).empty()) return bad(name, fmt::format("'{}' is given twice.", name));
        q.list_.emplace_back(std::move(name), std::move(value));
    }
    return q;
}

std::string_view Query::text(std::string_view name) const {
    for (const auto& [n, v] : list_)
        if (n == name) return v;
    return {};
}

Result<int64_t> Query::integer(std::string_view name, int64_t otherwise, int64_t least, int64_t most) const {
    const auto s = text(name);
    if (s.empty()) return otherwise;
    int64_t v = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (ec != std::errc{} || end != s.data() + s.size() || v < least || v > most)
        return bad(name, fmt::format("'{}' must be a whole number from {} to {}.", name, least, most));
    return v;
}

Result<int64_t> Query::day(std::string_view name, int64_t otherwise) const {
    const auto s = text(name);
    if (s.empty()) return otherwise;
    int y = 0, m = 0, d = 0;
    const auto number = [&](size_t at, size_t n, int& v) {
        const auto [end, ec] = std::from_chars(s.data() + at, s.data() + at + n, v);
        return ec == std::errc{} && end == s.data() + at + n;
    };
    using namespace std::chrono;
    const bool form = s.size() == 10 && s[4] == '-' && s[7] == '-' && number(0, 4, y) && number(5, 2, m) &&
                      number(8, 2, d) && y >= 1970;
    const year_month_day ymd{year{y}, month{static_cast<unsigned>(m)}, std::chrono::day{static_cast<unsigned>(d)}};
    if (!form || !ymd.ok()) return bad(name, fmt::format("'{}' must be a day such as 2026-11-21.", name));
    return int64_t{sys_days(ymd).time_since_epoch().count()};
}

Result<Days> days(const Query& query, int64_t most_days) {
    using namespace std::chrono;
    const auto today = floor<std::chrono::days>(sys_time<microseconds>(microseconds(now_us())));
    const year_month_day ymd{today};
    const int64_t this_month = sys_days(ymd.year() / ymd.month() / 1).time_since_epoch().count();
    Days out;
    TRY(out.to, query.day("to", today.time_since_epoch().count()));
    TRY(out.from, query.day("from", std::min(this_month, out.to)));
    if (out.from > out.to) return bad("from", "'from' must not be after 'to'.");
    if (out.to - out.from >= most_days) return bad("from", fmt::format("At most {} days at a time.", most_days));
    return out;
}

std::string day_text(int64_t day) { return utc_day(day * 86'400'000'000); }

Result<int64_t> Query::id(std::string_view name, std::string_view prefix) const {
    const auto s = text(name);
    if (s.empty()) return int64_t{0};
    const auto v = id_value(prefix, s);
    if (!v || *v == 0) return bad(name, fmt::format("'{}' must be an id such as {}1.", name, prefix));
    return *v;
}

Result<int64_t> path_id(std::string_view prefix, std::string_view text) {
    const auto v = id_value(prefix, text);
    if (!v || *v == 0)
        return Error(ErrorCode::resource_not_found,
                     fmt::format("'{}' is no id; ids here look like {}1.", text.substr(0, 64), prefix));
    return *v;
}

}  // namespace aig::api
