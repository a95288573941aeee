// JSON in and out, without losing anything.
//
// JsonDoc parses one whole text in one validating pass (RFC 8259, UTF-8) and keeps, for every value, the raw bytes it
// had: numbers, tool arguments, schemas and unknown fields go on as text, never through double. A JsonRef is a view
// into its JsonDoc. Limits: depth 256, 1,000,000 values, numbers of at most 400 characters. Duplicate keys are kept;
// find() gives the last, duplicate() tells. Not thread-safe; parse() may be called from any thread. The parser is our
// own: a call pays for two of these, and a table of raw slices is what no library builds in one pass.
//
// JsonWriter appends JSON to a string. It adds commas by itself, escapes strings, and takes raw JSON slices as they
// are.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aig {

enum class JsonKind : uint8_t { null, boolean, number, string, array, object };

class JsonDoc;

/// One value of a JsonDoc; an empty ref (from find() that found nothing) converts to false and answers like null.
class JsonRef {
  public:
    JsonRef() = default;
    explicit operator bool() const { return doc_ != nullptr; }
    JsonKind kind() const;
    bool is_null() const { return kind() == JsonKind::null; }
    bool is_string() const { return kind() == JsonKind::string; }
    bool is_number() const { return kind() == JsonKind::number; }
    bool is_array() const { return kind() == JsonKind::array; }
    bool is_object() const { return kind() == JsonKind::object; }
    bool is_bool() const { return kind() == JsonKind::boolean; }

    /// The value's bytes exactly as they stood in the input, without surrounding white space.
    std::string_view raw() const;
    /// The unescaped string; "" for other kinds. Lives as long as the JsonDoc.
    std::string_view text() const;
    /// This member's name, unescaped ("" for array elements and the root).
    std::string_view key() const;
    bool boolean() const;                    ///< false for other kinds
    std::optional<int64_t> integer() const;  ///< set for numbers that are whole (also "3.0", "1e3") and fit
    size_t size() const;                     ///< number of members or elements

    /// The last member of that name. Linear; objects of a call are small.
    JsonRef find(std::string_view key) const;
    bool duplicate(std::string_view key) const;
    JsonRef operator[](std::string_view key) const { return find(key); }

    /// The last member of each of `names`, in one walk over the object: what find() would give for each, for less.
    template <size_t N>
    struct Picked {
        std::array<JsonRef, N> at;
        uint32_t twice = 0;   ///< a bit for each name that stands more than once
        bool others = false;  ///< it has members of other names too
        const JsonRef& operator[](size_t i) const { return at[i]; }
    };
    template <size_t N>
    Picked<N> pick(const std::string_view (&names)[N]) const {
        static_assert(N <= 32);
        Picked<N> out;
        out.others = pick(names, N, out.at.data(), out.twice);
        return out;
    }

    class Iterator;
    Iterator begin() const;
    Iterator end() const;

  private:
    friend class JsonDoc;
    bool pick(const std::string_view* names, size_t n, JsonRef* at, uint32_t& twice) const;
    JsonRef(const JsonDoc* doc, uint32_t at) : doc_(doc), at_(at) {}
    const JsonDoc* doc_ = nullptr;
    uint32_t at_ = 0;
};

class JsonDoc {
  public:
    JsonDoc() = default;
    /// Copies the text. Errors are bad_json and say at which byte.
    static Result<JsonDoc> parse(std::string_view text);
    /// The same into this document, whose memory is used again; what was in it is gone. The value of a member called
    /// `opaque` is checked but not taken apart: it has its raw bytes and no children (log probabilities are large).
    Status assign(std::string_view text, std::string_view opaque = {});
    JsonDoc(JsonDoc&&) noexcept = default;
    JsonDoc& operator=(JsonDoc&&) noexcept = default;

    JsonRef root() const { return JsonRef(this, 0); }
    /// The whole text as it was given.
    std::string_view text() const { return {text_.get(), size_}; }
    /// Where a slice obtained from raw() of this document begins in the text that was parsed.
    size_t offset(std::string_view slice) const { return static_cast<size_t>(slice.data() - text_.get()); }

  private:
    friend class JsonRef;
    friend class JsonParser;
    struct Node {
        const char* begin;
        const char* text;  // unescaped string
        const char* key;
        uint32_t raw_size, text_size, key_size;
        uint32_t next;  // index just past this value's subtree
        uint32_t count;
        JsonKind kind;
        bool truth;
    };
    std::unique_ptr<char[]> text_;
    size_t size_ = 0, capacity_ = 0;
    std::vector<Node> nodes_;
    std::unique_ptr<char[]> unescaped_;  // strings that had escapes, one behind the other; most documents have none
    size_t unescaped_capacity_ = 0;
};

class JsonRef::Iterator {
  public:
    JsonRef operator*() const { return JsonRef(doc_, at_); }
    Iterator& operator++();
    bool operator!=(const Iterator& o) const { return at_ != o.at_; }

  private:
    friend class JsonRef;
    Iterator(const JsonDoc* doc, uint32_t at) : doc_(doc), at_(at) {}
    const JsonDoc* doc_;
    uint32_t at_;
};

/// The text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
inline std::string json_string(std::string_view text) {
    std::string s;
    append_json_string(s, text);
    return s;
}

class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view k);
    JsonWriter& string(std::string_view v);
    JsonWriter& integer(int64_t v);
    JsonWriter& boolean(bool v) { return raw(v ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }
    /// A finished JSON value.
    JsonWriter& raw(std::string_view json);
    /// Finished members without braces ("\"a\":1,\"b\":2"); nothing when empty.
    JsonWriter& raw_members(std::string_view members);

    JsonWriter& field(std::string_view k, std::string_view v) { return key(k).string(v); }
    JsonWriter& field(std::string_view k, const char* v) { return key(k).string(v); }
    JsonWriter& field(std::string_view k, const std::string& v) { return key(k).string(v); }
    JsonWriter& field(std::string_view k, int64_t v) { return key(k).integer(v); }
    JsonWriter& field(std::string_view k, int v) { return key(k).integer(v); }
    JsonWriter& field(std::string_view k, bool v) { return key(k).boolean(v); }
    JsonWriter& field_raw(std::string_view k, std::string_view json) { return key(k).raw(json); }
    JsonWriter& field_null(std::string_view k) { return key(k).null(); }

  private:
    void comma();
    JsonWriter& open(char c);
    JsonWriter& close(char c);
    std::string& out_;
    bool need_comma_ = false;
};

}  // namespace aig
