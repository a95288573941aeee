#include "base/json.h"

#include <charconv>
#include <cstring>

#include <fmt/format.h>
#include <simdjson.h>

namespace aig {
namespace od = simdjson::ondemand;
namespace {

constexpr size_t max_depth = 256, max_values = 1'000'000, max_number = 400;

od::parser& parser() {
    thread_local od::parser p;
    return p;
}

bool valid_number(std::string_view s) {
    size_t i = s.starts_with('-') ? 1 : 0;
    const auto digits = [&] {
        const size_t from = i;
        while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
        return i - from;
    };
    const size_t first = i, whole = digits();
    if (!whole || (whole > 1 && s[first] == '0')) return false;
    if (i < s.size() && s[i] == '.') {
        ++i;
        if (!digits()) return false;
    }
    if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
        ++i;
        if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
        if (!digits()) return false;
    }
    return i == s.size();
}

/// The first quote that is not escaped, at or behind p. simdjson has already refused a string that never closes.
const char* string_end(const char* p) {
    while (*p != '"') p += *p == '\\' ? 2 : 1;
    return p;
}

std::string_view trim_end(std::string_view s) {
    while (!s.empty() && (s.back() == ' ' || s.back() == '\n' || s.back() == '\r' || s.back() == '\t'))
        s.remove_suffix(1);
    return s;
}
}  // namespace

/// Walks an on-demand document once, touching every value, and writes the flat node table.
struct JsonBuild {
    JsonDoc& doc;
    const char* end;

    using Node = JsonDoc::Node;
    static Error bad(std::string_view why) {
        return Error(ErrorCode::bad_json, fmt::format("the JSON is not valid: {}", why));
    }
    static Error bad(simdjson::error_code e) { return bad(simdjson::error_message(e)); }

    size_t add(const char* begin, JsonKind kind) {
        doc.nodes_.push_back(Node{begin, nullptr, nullptr, 0, 0, 0, 0, 0, kind, false});
        return doc.nodes_.size() - 1;
    }

    /// The bytes between the quotes, unescaped into doc.unescaped_ when they hold a backslash.
    template <class Unescape>
    Result<std::string_view> string_bytes(std::string_view between, Unescape unescape) {
        if (!std::memchr(between.data(), '\\', between.size())) {
            for (const char c : between)
                if (static_cast<unsigned char>(c) < 0x20) return bad("control character in a string");
            return between;
        }
        std::string_view s;
        if (const auto e = unescape().get(s)) return bad(e);
        return std::string_view(*doc.unescaped_.emplace_back(std::make_unique<std::string>(s)));
    }

    template <class Value>
    Status value(Value& v, size_t depth) {
        if (depth > max_depth) return bad("nested deeper than 256 levels");
        if (doc.nodes_.size() >= max_values) return bad("more than 1,000,000 values");
        od::json_type type;
        if (const auto e = v.type().get(type)) return bad(e);
        if (type == od::json_type::array || type == od::json_type::object) return container(v, type, depth);
        std::string_view token;
        if constexpr (std::is_same_v<Value, od::document>) {
            if (const auto e = v.raw_json_token().get(token)) return bad(e);
        } else {
            token = v.raw_json_token();
        }
        token = trim_end(token);
        const size_t at = add(token.data(), JsonKind::null);
        doc.nodes_[at].raw_size = static_cast<uint32_t>(token.size());
        TRYV(scalar(v, type, token, at));
        doc.nodes_[at].next = static_cast<uint32_t>(doc.nodes_.size());
        return {};
    }

    template <class Value>
    Status scalar(Value& v, od::json_type type, std::string_view token, size_t at) {
        Node& n = doc.nodes_[at];
        switch (type) {
            case od::json_type::string: {
                if (token.size() < 2 || string_end(token.data() + 1) != token.data() + token.size() - 1)
                    return bad("malformed string");
                TRY(const std::string_view s,
                    string_bytes(token.substr(1, token.size() - 2), [&] { return v.get_string(); }));
                n.kind = JsonKind::string;
                n.text = s.data();
                n.text_size = static_cast<uint32_t>(s.size());
                // Consumes the value where string_bytes did not have to.
                if (s.data() == token.data() + 1)
                    if (const auto e = v.get_raw_json_string().error()) return bad(e);
                return {};
            }
            case od::json_type::number: {
                if (token.size() > max_number) return bad("a number has more than 400 characters");
                if (!valid_number(token)) return bad("malformed number");
                n.kind = JsonKind::number;
                return consume_number(v);
            }
            case od::json_type::boolean: {
                bool b = false;
                if (const auto e = v.get_bool().get(b)) return bad(e);
                n.kind = JsonKind::boolean;
                n.truth = b;
                return {};
            }
            default: {
                if (token != "null") return bad("unknown literal");
                bool is_null = false;
                if (const auto e = simdjson::simdjson_result<bool>(v.is_null()).get(is_null)) return bad(e);
                return {};
            }
        }
    }

    /// Moves past a number whose grammar valid_number has checked; range is no error, the text is kept.
    template <class Value>
    static Status consume_number(Value& v) {
        double d = 0;
        const auto e = v.get_double().get(d);
        if (e && e != simdjson::NUMBER_ERROR) return bad(e);
        return {};
    }

    template <class Value>
    Status container(Value& v, od::json_type type, size_t depth) {
        std::string_view token;
        if constexpr (std::is_same_v<Value, od::document>) {
            if (const auto e = v.raw_json_token().get(token)) return bad(e);
        } else {
            token = v.raw_json_token();
        }
        const bool is_object = type == od::json_type::object;
        const size_t at = add(token.data(), is_object ? JsonKind::object : JsonKind::array);
        uint32_t count = 0;
        if (is_object) {
            od::object o;
            if (const auto e = v.get_object().get(o)) return bad(e);
            for (auto member : o) {
                od::field f;
                if (const auto e = std::move(member).get(f)) return bad(e);
                const size_t child = doc.nodes_.size();
                TRY(const std::string_view name, key_bytes(f));
                od::value member_value = f.value();
                TRYV(value(member_value, depth + 1));
                doc.nodes_[child].key = name.data();
                doc.nodes_[child].key_size = static_cast<uint32_t>(name.size());
                ++count;
            }
        } else {
            od::array a;
            if (const auto e = v.get_array().get(a)) return bad(e);
            for (auto element : a) {
                od::value item;
                if (const auto e = std::move(element).get(item)) return bad(e);
                TRYV(value(item, depth + 1));
                ++count;
            }
        }
        Node& n = doc.nodes_[at];
        n.count = count;
        n.next = static_cast<uint32_t>(doc.nodes_.size());
        return {};
    }

    Result<std::string_view> key_bytes(od::field& f) {
        // A key's raw form is a pointer behind its opening quote; its end is the first quote that is not escaped.
        const char* begin = f.key().raw();
        return string_bytes({begin, static_cast<size_t>(string_end(begin) - begin)}, [&] { return f.unescaped_key(); });
    }

    /// Containers learn where they end afterwards: the last child's end, then white space, then the closing bracket.
    void close_containers() {
        for (size_t i = doc.nodes_.size(); i-- > 0;) {
            Node& n = doc.nodes_[i];
            if (n.kind != JsonKind::array && n.kind != JsonKind::object) continue;
            const char* p = n.begin + 1;
            for (uint32_t c = static_cast<uint32_t>(i) + 1; c < n.next; c = doc.nodes_[c].next)
                p = doc.nodes_[c].begin + doc.nodes_[c].raw_size;
            while (*p != ']' && *p != '}') ++p;
            n.raw_size = static_cast<uint32_t>(p + 1 - n.begin);
        }
    }
};

Result<JsonDoc> JsonDoc::parse(std::string_view text) {
    if (text.size() > UINT32_MAX - 64) return JsonBuild::bad("longer than 4 GiB");
    JsonDoc doc;
    doc.size_ = text.size();
    doc.text_ = std::make_unique_for_overwrite<char[]>(text.size() + simdjson::SIMDJSON_PADDING);
    if (!text.empty()) std::memcpy(doc.text_.get(), text.data(), text.size());
    std::memset(doc.text_.get() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    doc.nodes_.reserve(32);
    od::document d;
    if (const auto e = parser().iterate(doc.text_.get(), text.size(), text.size() + simdjson::SIMDJSON_PADDING).get(d))
        return JsonBuild::bad(e);
    JsonBuild build{doc, doc.text_.get() + text.size()};
    TRYV(build.value(d, 0));
    build.close_containers();
    const auto& root = doc.nodes_[0];
    const auto rest = std::string_view(doc.text_.get(), doc.size_)
                          .substr(static_cast<size_t>(root.begin - doc.text_.get()) + root.raw_size);
    if (!trim_end(rest).empty()) return JsonBuild::bad("text after the value");
    return doc;
}

JsonKind JsonRef::kind() const { return doc_ ? doc_->nodes_[at_].kind : JsonKind::null; }
std::string_view JsonRef::raw() const {
    if (!doc_) return {};
    const auto& n = doc_->nodes_[at_];
    return {n.begin, n.raw_size};
}
std::string_view JsonRef::text() const {
    if (!doc_) return {};
    const auto& n = doc_->nodes_[at_];
    return n.text ? std::string_view(n.text, n.text_size) : std::string_view{};
}
std::string_view JsonRef::key() const {
    if (!doc_) return {};
    const auto& n = doc_->nodes_[at_];
    return n.key ? std::string_view(n.key, n.key_size) : std::string_view{};
}
bool JsonRef::boolean() const { return doc_ && doc_->nodes_[at_].truth; }
size_t JsonRef::size() const { return doc_ ? doc_->nodes_[at_].count : 0; }

std::optional<int64_t> JsonRef::integer() const {
    if (!is_number()) return {};
    const auto s = raw();
    int64_t v = 0;
    const auto [p, e] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (e == std::errc{} && p == s.data() + s.size()) return v;
    if (e == std::errc::result_out_of_range) return {};
    // "3.0" and "1e3" are whole numbers too.
    double d = 0;
    const auto [q, e2] = std::from_chars(s.data(), s.data() + s.size(), d);
    if (e2 != std::errc{} || d != d || d < -9e15 || d > 9e15 || d != static_cast<double>(static_cast<int64_t>(d)))
        return {};
    return static_cast<int64_t>(d);
}

JsonRef JsonRef::find(std::string_view name) const {
    JsonRef found;
    if (is_object())
        for (const JsonRef m : *this)
            if (m.key() == name) found = m;
    return found;
}
bool JsonRef::duplicate(std::string_view name) const {
    size_t n = 0;
    if (is_object())
        for (const JsonRef m : *this) n += m.key() == name;
    return n > 1;
}

JsonRef::Iterator JsonRef::begin() const {
    if (!doc_ || (!is_array() && !is_object())) return {nullptr, 0};
    return {doc_, at_ + 1};
}
JsonRef::Iterator JsonRef::end() const {
    if (!doc_ || (!is_array() && !is_object())) return {nullptr, 0};
    return {doc_, doc_->nodes_[at_].next};
}
JsonRef::Iterator& JsonRef::Iterator::operator++() {
    at_ = doc_->nodes_[at_].next;
    return *this;
}

void append_json_string(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string mended;
    if (!simdjson::validate_utf8(text.data(), text.size())) {
        // Only bytes that a provider or client broke come here; keep every valid character, replace the rest.
        for (size_t i = 0; i < text.size();) {
            const auto lead = static_cast<unsigned char>(text[i]);
            const size_t len = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
            if (len && i + len <= text.size() && simdjson::validate_utf8(text.data() + i, len)) {
                mended.append(text, i, len);
                i += len;
            } else {
                mended += "\xEF\xBF\xBD";
                ++i;
            }
        }
        text = mended;
    }
    out.reserve(out.size() + text.size() + 2);
    out += '"';
    size_t from = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, from, i - from);
        from = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += "\\u00";
                out += hex[c >> 4];
                out += hex[c & 15];
        }
    }
    out.append(text, from, text.size() - from);
    out += '"';
}

void JsonWriter::comma() {
    if (need_comma_) out_ += ',';
    need_comma_ = true;
}
JsonWriter& JsonWriter::open(char c) {
    comma();
    out_ += c;
    need_comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::close(char c) {
    out_ += c;
    need_comma_ = true;
    return *this;
}
JsonWriter& JsonWriter::key(std::string_view k) {
    comma();
    append_json_string(out_, k);
    out_ += ':';
    need_comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::string(std::string_view v) {
    comma();
    append_json_string(out_, v);
    return *this;
}
JsonWriter& JsonWriter::integer(int64_t v) {
    comma();
    fmt::format_to(std::back_inserter(out_), "{}", v);
    return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
}
JsonWriter& JsonWriter::raw_members(std::string_view members) {
    if (!members.empty()) {
        comma();
        out_ += members;
    }
    return *this;
}

}  // namespace aig
