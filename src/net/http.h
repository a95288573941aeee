// Shared HTTP words: headers, request and reply heads, pieces of bytes. No AI in this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace aig::net {

/// Header list in order. Lookup is case-insensitive and linear (heads are at most 100 lines).
class Headers {
  public:
    void add(std::string name, std::string value) { list_.emplace_back(std::move(name), std::move(value)); }
    void set(std::string_view name, std::string value);  ///< replaces all of that name
    void remove(std::string_view name);
    /// The first value of that name, "" when absent.
    std::string_view get(std::string_view name) const;
    bool has(std::string_view name) const;
    size_t count(std::string_view name) const;
    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }
    size_t size() const { return list_.size(); }
    void clear() { list_.clear(); }
    void reserve(size_t lines) { list_.reserve(lines); }

  private:
    std::vector<std::pair<std::string, std::string>> list_;
};

/// Spans that are written in order without being joined (writev). The bytes must live until the write returns.
using Pieces = std::vector<std::string_view>;

struct RequestHead {
    std::string method;      ///< upper case
    std::string target;      ///< as received: path?query
    std::string_view path;   ///< view into target, still percent-encoded
    std::string_view query;  ///< view into target, without '?'
    Headers headers;
    bool keep_alive = true;
    int64_t content_length = -1;  ///< -1: chunked or none
    bool chunked = false;
    bool has_body() const { return chunked || content_length > 0; }
};

std::string_view reason_phrase(int status);
/// Percent-decodes; nullopt for a bad escape or a NUL.
Result<std::string> percent_decode(std::string_view text);
/// The first value of a query parameter, decoded; "" when absent.
std::string query_value(std::string_view query, std::string_view name);
bool iequals(std::string_view a, std::string_view b);

}  // namespace aig::net
