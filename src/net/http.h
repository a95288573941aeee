// Shared HTTP words: headers, request and reply heads, pieces of bytes. No AI in this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace aig::net {

/// Header list in order. Lookup is case-insensitive and linear (heads are at most 100 lines). All names and values
/// stand in one text, so a head costs two allocations however many lines it has; views of them live until the next
/// add().
class Headers {
  public:
    void add(std::string_view name, std::string_view value);
    void set(std::string_view name, std::string_view value);  ///< replaces all of that name
    void remove(std::string_view name);
    /// The first value of that name, "" when absent.
    std::string_view get(std::string_view name) const;
    bool has(std::string_view name) const { return count(name) > 0; }
    size_t count(std::string_view name) const;
    size_t size() const { return lines_.size(); }
    void clear() {
        lines_.clear();
        text_.clear();
    }
    void reserve(size_t lines, size_t bytes = 0) {
        lines_.reserve(lines);
        text_.reserve(bytes ? bytes : lines * 48);
    }

    using Line = std::pair<std::string_view, std::string_view>;
    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Line;
        using difference_type = std::ptrdiff_t;
        using pointer = const Line*;
        using reference = Line;
        Iterator(const Headers* headers, size_t at) : headers_(headers), at_(at) {}
        Line operator*() const { return headers_->line(at_); }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        bool operator==(const Iterator& o) const { return at_ == o.at_; }

      private:
        const Headers* headers_;
        size_t at_;
    };
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, lines_.size()}; }

  private:
    struct Place {
        uint32_t at, name_size, value_size;
    };
    std::string_view name(const Place& p) const { return {text_.data() + p.at, p.name_size}; }
    std::string_view value(const Place& p) const { return {text_.data() + p.at + p.name_size, p.value_size}; }
    Line line(size_t i) const { return {name(lines_[i]), value(lines_[i])}; }

    std::string text_;
    std::vector<Place> lines_;
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
