// Shared HTTP words: headers, request and reply heads, pieces of bytes. No AI in this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace aig::net {

constexpr bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Lines that a connection writes itself, as a server or as a client.
constexpr bool is_connections_own(std::string_view name) {
    const auto is = [&](std::string_view own) {
        if (name.size() != own.size()) return false;
        for (size_t i = 0; i < own.size(); ++i)
            if ((name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]) != own[i]) return false;
        return true;
    };
    for (const auto own :
         {"date", "host", "expect", "upgrade", "connection", "keep-alive", "content-length", "transfer-encoding"})
        if (is(own)) return true;
    return false;
}

/// The name of a header as a literal: the compiler sees that it is one, and not one that a connection writes itself.
class HeaderName {
  public:
    template <size_t N>
    consteval HeaderName(const char (&literal)[N]) : text_(literal, N - 1) {
        if (text_.empty()) throw "a header's name is empty";
        for (const char c : text_)
            if (!is_name_byte(c)) throw "a header's name holds a byte that none may have";
        if (is_connections_own(text_)) throw "this header is the connection's own";
    }
    constexpr std::string_view text() const { return text_; }

  private:
    std::string_view text_;
};

/// Header list in order. Lookup is case-insensitive and linear (heads are at most 100 lines). All lines stand in one
/// block as they are written to a connection ("name: value\r\n"), so a head costs two allocations however many lines
/// it has, and writing one costs a copy; views of names and values live until the next add().
class Headers {
  public:
    Headers() = default;
    Headers(const Headers& o);
    Headers(Headers&& o) noexcept { swap(o); }
    Headers& operator=(Headers o) noexcept {
        swap(o);
        return *this;
    }

    void add(HeaderName name, std::string_view value) { put(name.text(), value); }
    /// A name from elsewhere; what is no token is left out where the list is written.
    void add_named(std::string_view name, std::string_view value) {
        known_names_ = false;
        put(name, value);
    }
    void set(std::string_view name, std::string_view value);  ///< replaces all of that name
    void remove(std::string_view name);
    /// The first value of that name, "" when absent.
    std::string_view get(std::string_view name) const;
    bool has(std::string_view name) const { return count(name) > 0; }
    size_t count(std::string_view name) const;
    size_t size() const { return lines_.size(); }
    void clear() {
        lines_.clear();
        size_ = 0;
        gaps_ = false;
        known_names_ = true;
    }
    void reserve(size_t lines, size_t bytes = 0);

    /// All lines in wire form; "" when some were removed (their bytes are still there).
    std::string_view wire() const { return gaps_ ? std::string_view() : std::string_view(text_.get(), size_); }

    /// All names came from literals.
    bool known_names() const { return known_names_; }

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
    using Block = std::unique_ptr<char[]>;
    std::string_view name(const Place& p) const { return {text_.get() + p.at, p.name_size}; }
    std::string_view value(const Place& p) const { return {text_.get() + p.at + p.name_size + 2, p.value_size}; }
    Line line(size_t i) const { return {name(lines_[i]), value(lines_[i])}; }
    void swap(Headers& o) noexcept {
        std::swap(text_, o.text_);
        std::swap(size_, o.size_);
        std::swap(capacity_, o.capacity_);
        std::swap(gaps_, o.gaps_);
        std::swap(known_names_, o.known_names_);
        std::swap(lines_, o.lines_);
    }
    /// Room for so many bytes in all; gives back the block that was left, in which a caller's view may still stand.
    Block grow(size_t bytes);
    void put(std::string_view name, std::string_view value);

    Block text_;
    uint32_t size_ = 0, capacity_ = 0;
    bool gaps_ = false, known_names_ = true;
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
