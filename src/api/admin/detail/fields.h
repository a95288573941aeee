// Reading an admin request: the members of a body and the parameters of a query, each by name, kind and bound. Whatever
// is not in the list of allowed names is refused by name, so that a misspelt "spend_cap" cannot silently mean "no cap".
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/admin/admin.h"
#include "base/ids.h"
#include "base/json.h"

namespace aig::api {

/// A list of names: {"a", "b"}, or an array or vector of them.
class Names {
  public:
    Names(std::initializer_list<std::string_view> names) : names_(names.begin(), names.size()) {}
    Names(std::span<const std::string_view> names) : names_(names) {}
    auto begin() const { return names_.begin(); }
    auto end() const { return names_.end(); }

  private:
    std::span<const std::string_view> names_;
};

class Body {
  public:
    /// An empty text is an empty object.
    static Result<Body> parse(std::string_view text, Names allowed, size_t most_bytes = max_admin_body);
    bool has(std::string_view name) const { return static_cast<bool>(member(name)); }
    Result<std::string> text(std::string_view name, std::string_view otherwise, size_t most = 1'000) const;
    Result<std::string> needed_text(std::string_view name) const;
    /// As it stands in the body, whatever its length.
    Result<std::string_view> long_text(std::string_view name) const;
    Result<std::optional<int64_t>> integer(std::string_view name, int64_t least, int64_t most) const;
    /// Decimal text ("0.01") or a JSON number (taken as its text), with at most nine places, in nano-units.
    Result<std::optional<int64_t>> amount(std::string_view name, int64_t most_nanos) const;
    /// The same, where nothing is an amount too.
    Result<std::optional<int64_t>> amount_from_zero(std::string_view name, int64_t most_nanos) const;
    /// The same with a sign; not zero.
    Result<std::optional<int64_t>> signed_amount(std::string_view name, int64_t most_nanos) const;
    Result<std::vector<std::string>> texts(std::string_view name, size_t most) const;
    JsonRef member(std::string_view name) const { return doc_.root()[name]; }

  private:
    explicit Body(JsonDoc doc) : doc_(std::move(doc)) {}
    Result<std::optional<int64_t>> nanos(std::string_view name) const;
    JsonDoc doc_;
};

class Query {
  public:
    static Result<Query> parse(std::string_view text, Names allowed);
    std::string_view text(std::string_view name) const;  ///< "" when absent
    Result<int64_t> integer(std::string_view name, int64_t otherwise, int64_t least, int64_t most) const;
    /// "2026-11-21" in days since 1970.
    Result<int64_t> day(std::string_view name, int64_t otherwise) const;
    /// An id such as acc_..., 0 when absent.
    Result<int64_t> id(std::string_view name, std::string_view prefix) const;

  private:
    std::vector<std::pair<std::string, std::string>> list_;
};

/// "acc_1" -> 1; resource_not_found for what is no such id.
Result<int64_t> path_id(std::string_view prefix, std::string_view text);

/// Whole days, UTC: `from` to `to`, both included. Left out: this month until today. At most `most_days`.
struct Days {
    int64_t from = 0, to = 0;
    int64_t from_us() const { return from * 86'400'000'000; }
    int64_t to_us() const { return (to + 1) * 86'400'000'000; }  ///< the first moment after it
};
Result<Days> days(const Query& query, int64_t most_days);
/// "2026-11-21"
std::string day_text(int64_t day);

}  // namespace aig::api
