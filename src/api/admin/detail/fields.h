// Reading an admin request: the members of a body and the parameters of a query, each by name, kind and bound. Whatever
// is not in the list of allowed names is refused by name, so that a misspelt "spend_cap" cannot silently mean "no cap".
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"

namespace aig::api {

using Names = std::initializer_list<std::string_view>;

class Body {
  public:
    /// An empty text is an empty object.
    static Result<Body> parse(std::string_view text, Names allowed);
    Result<std::string> text(std::string_view name, std::string_view otherwise) const;
    Result<std::string> needed_text(std::string_view name) const;
    Result<std::optional<int64_t>> integer(std::string_view name, int64_t least, int64_t most) const;
    /// Decimal text ("0.01") or a JSON number (taken as its text), with at most nine places, in nano-units.
    Result<std::optional<int64_t>> amount(std::string_view name, int64_t most_nanos) const;
    Result<std::vector<std::string>> texts(std::string_view name, size_t most) const;

  private:
    explicit Body(JsonDoc doc) : doc_(std::move(doc)) {}
    JsonRef member(std::string_view name) const { return doc_.root()[name]; }
    JsonDoc doc_;
};

class Query {
  public:
    static Result<Query> parse(std::string_view text, Names allowed);
    std::string_view text(std::string_view name) const;  ///< "" when absent
    Result<int64_t> integer(std::string_view name, int64_t otherwise, int64_t least, int64_t most) const;
    /// An id such as acc_..., 0 when absent.
    Result<int64_t> id(std::string_view name, std::string_view prefix) const;

  private:
    std::vector<std::pair<std::string, std::string>> list_;
};

/// "acc_1" -> 1; resource_not_found for what is no such id.
Result<int64_t> path_id(std::string_view prefix, std::string_view text);

}  // namespace aig::api
