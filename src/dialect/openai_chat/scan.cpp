#include "dialect/openai_chat/scan.h"

#include <simdjson.h>

#include <cstring>
#include <memory>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "canon/state.h"

namespace aig::dialect::openai {
namespace od = simdjson::ondemand;
using namespace canon;
namespace {

constexpr size_t keep_capacity = size_t{1} << 20, longest_id = 256, most_states = 4'096;

/// Parser and copy are reused; after a very large text they are let go.
struct Parsers {
    JsonDoc tree;
    od::parser places;
    std::unique_ptr<char[]> copy;
    size_t capacity = 0;

    /// simdjson wants 64 readable bytes behind the text.
    const char* padded(std::string_view json) {
        if (!copy || json.size() > capacity) {
            capacity = std::max<size_t>(json.size(), 4096);
            copy = std::make_unique_for_overwrite<char[]>(capacity + simdjson::SIMDJSON_PADDING);
        }
        if (!json.empty()) std::memcpy(copy.get(), json.data(), json.size());
        std::memset(copy.get() + json.size(), 0, simdjson::SIMDJSON_PADDING);
        return copy.get();
    }
    void trim() {
        if (capacity <= keep_capacity) return;
        places = od::parser();
        copy.reset();
        capacity = 0;
    }
};
Parsers& parsers() {
    thread_local Parsers p;
    return p;
}

Error garbage(std::string_view why) {
    return Error(ErrorCode::upstream_garbage, "The provider's reply is not understandable: " + std::string(why));
}
}  // namespace

struct ReplyScan::Reading {
    ReplyScan& scan;
    Facts& facts;
    Scanned& found;

    // ---- places: the top-level members that are patched
    // ---------------------------------------------------------------

    Span span(size_t at, std::string_view raw) const { return {at, at + raw.size()}; }

    void usage(JsonRef u, Span at, const JsonDoc& doc, size_t base) {
        if (u.is_null()) found.null_usage = at;
        if (!u.is_object()) return;
        found.usage = at;
        found.usage_empty = u.size() == 0;
        if (const JsonRef cost = u["cost"]) found.cost = span(base + doc.offset(cost.raw()), cost.raw());
        // The last report counts; a later one that makes no sense does not unsay it.
        if (auto told = canon::openai::usage_of(u)) facts.usage = *told;
    }

    void places(const JsonDoc& doc) {
        for (const JsonRef m : doc.root()) {
            const Span at = span(doc.offset(m.raw()), m.raw());
            if (m.key() == "model" && m.is_string())
                found.models.push_back(at);
            else if (m.key() == "usage")
                usage(m, at, doc, 0);
        }
    }

    // ---- facts
    // --------------------------------------------------------------------------------------------------------

    /// The members that are asked for by name; places() sees to the rest.
    static constexpr std::string_view asked[] = {"choices", "id", "created", "object", "error", "type", "x_groq"};
    enum : size_t {
        choices_member,
        id_member,
        created_member,
        object_member,
        error_member,
        type_member,
        x_groq_member
    };
    using Members = JsonRef::Picked<std::size(asked)>;

    bool failure(JsonRef root, const Members& m) {
        const bool may_be = m[error_member] || m[type_member] || m[object_member].text() == "error";
        if (!may_be || !canon::openai::is_error(root)) return false;
        facts.error = canon::openai::in_band_error(root);
        return true;
    }

    void identity(const Members& m) {
        if (!scan.id_.empty()) return;
        if (m[id_member].is_string()) scan.id_ = m[id_member].text().substr(0, longest_id);
        if (const auto created = m[created_member].integer()) scan.created_ = *created;
    }

    Status choices(JsonRef list) {
        if (!list.is_array()) return {};
        found.has_choices = true;
        for (const JsonRef c : list) {
            found.no_choices = false;
            if (!c.is_object()) return garbage("a choice is not an object");
            TRYV(choice(c));
        }
        return {};
    }

    Status choice(JsonRef c) {
        int64_t index = 0;
        std::string_view finish;
        bool completes = false;
        for (const JsonRef m : c) {
            const auto key = m.key();
            if (key == "index") {
                const auto told = m.integer();
                if (!m.is_null() && !told) return garbage("a choice has no proper index");
                index = told.value_or(0);
            } else if (key == "delta") {
                if (m.is_object()) TRYV(message(m));
            } else if (key == "message") {
                // Perplexity repeats the whole message beside each delta.
                if (m.is_object() && !c["delta"]) TRYV(message(m));
            } else if (key == "text") {
                // A text completion; Together repeats a chat's delta so.
                completes = m.is_string() && !c["delta"] && !c["message"];
                if (completes) output(m.text());
            } else if (key == "finish_reason") {
                finish = m.text();
            } else if (key == "error" && m.is_object()) {
                // OpenRouter marks a choice that broke off: {"finish_reason":"error","error":{...}}.
                facts.error = canon::openai::in_band_error(m);
            }
        }
        if (index < 0 || index >= static_cast<int64_t>(most_choices)) return garbage("a choice has no proper index");
        scan.begun_.set(static_cast<size_t>(index));
        if (finish.empty()) return {};
        // Nothing more to say is an answer to a text, as it is not to a question.
        if (completes) facts.empty_output = false;
        // Some say "tool_calls" and then "stop": the first word counts.
        if (index == 0 && !scan.ended_[0]) facts.stop = canon::openai::stop_of(finish);
        scan.ended_.set(static_cast<size_t>(index));
        facts.finished = found.delta = true;
        return {};
    }

    void output(std::string_view text) {
        if (text.empty()) return;
        facts.delivered.add(text);
        seen();
    }
    void seen() {
        facts.content = found.delta = true;
        facts.empty_output = false;
    }

    Status message(JsonRef message) {
        bool reasoning = false;
        JsonRef details;
        for (const JsonRef m : message) {
            const auto key = m.key();
            if (key == "content") {
                content(m);
            } else if (key == "refusal") {
                output(m.text());
            } else if (key == "reasoning_content" || key == "reasoning") {
                // Some servers say the same reasoning under both names: counted once.
                if (!reasoning) output(m.text());
                reasoning |= !m.text().empty();
            } else if (key == "tool_calls") {
                TRYV(tool_calls(m));
            } else if (key == "function_call") {
                function(m);
            } else if (key == "audio" || key == "images") {
                media(m);
            } else if (key == "reasoning_details") {
                details = m;
            } else if (key == "extra_content") {
                state(m["google"]["thought_signature"]);
            }
        }
        scan.plain_reasoning_ |= reasoning;
        for (const JsonRef d : details) {
            for (const auto member : {"data", "signature"}) state(d[member]);
            if (!scan.plain_reasoning_) output(d["summary"] ? d["summary"].text() : d["text"].text());
        }
        return {};
    }

    /// Which route made it is remembered by its print.
    void state(JsonRef value) {
        if (!value.text().empty() && facts.states.size() < most_states)
            facts.states.push_back(state_print(value.text()));
    }

    /// A string, or Mistral's array of text and thinking parts.
    void content(JsonRef value) {
        output(value.text());
        if (!value.is_array()) return;
        for (const JsonRef part : value) {
            output(part["text"].text());
            const JsonRef thinking = part["thinking"];
            if (!thinking.is_array()) continue;
            for (const JsonRef t : thinking) output(t["text"].text());
        }
    }

    Status tool_calls(JsonRef calls) {
        if (!calls.is_array()) return {};
        for (const JsonRef c : calls) {
            if (!c.is_object()) return garbage("a tool call is not an object");
            seen();
            for (const JsonRef m : c)
                if (m.key() == "function" || m.key() == "custom")
                    function(m);
                else if (m.key() == "extra_content")
                    state(m["google"]["thought_signature"]);
        }
        return {};
    }

    void function(JsonRef f) {
        if (!f.is_object()) return;
        seen();
        for (const JsonRef m : f)
            if (m.key() == "name" || m.key() == "arguments" || m.key() == "input") output(m.text());
    }

    void media(JsonRef value) {
        if (value.is_array() && value.size() > 0) seen();
        if (!value.is_object()) return;
        for (const JsonRef m : value) {
            if (m.key() == "transcript") output(m.text());
            if (m.key() == "data" && !m.text().empty()) seen();
        }
    }

    /// Groq reports usage in x_groq when it was not asked for ("API reference", 2024).
    void groq_usage(JsonRef x_groq) {
        if (facts.usage) return;
        if (const JsonRef u = x_groq["usage"]) facts.usage = canon::openai::usage_of(u);
    }
};

/// The places of an embedding's reply, whose vectors are too many for a table of values.
struct ReplyScan::VectorReading {
    Reading& r;
    const char* begin;
    size_t size;
    bool failed = false;
    size_t vectors = 0;

    Span span(std::string_view slice) const {
        const size_t at = static_cast<size_t>(slice.data() - begin);
        return {at, at + slice.size()};
    }

    Status model(od::value v) {
        od::json_type type;
        if (v.type().get(type)) return garbage("`model` is broken");
        if (type != od::json_type::string) return {};
        std::string_view token = v.raw_json_token();
        while (!token.empty() && token.back() != '"') token.remove_suffix(1);
        r.found.models.push_back(span(token));
        return {};
    }

    Status usage(od::value v) {
        od::json_type type;
        if (v.type().get(type)) return garbage("`usage` is broken");
        if (type == od::json_type::null) r.found.null_usage = span(v.raw_json_token().substr(0, 4));
        if (type != od::json_type::object) return {};
        od::object o;
        std::string_view raw;
        if (v.get_object().get(o) || o.raw_json().get(raw)) return garbage("`usage` is broken");
        raw = raw.substr(0, raw.rfind('}') + 1);
        TRY(const auto doc, JsonDoc::parse(raw));
        r.usage(doc.root(), span(raw), doc, span(raw).begin);
        return {};
    }

    Status data(od::value v) {
        od::array list;
        if (v.get_array().get(list)) return garbage("`data` is not an array");
        for (auto item : list) {
            if (item.type().error() || item.type().value_unsafe() != od::json_type::object)
                return garbage("an embedding is not an object");
            ++vectors;
        }
        return {};
    }

    Status member(od::field f) {
        std::string_view key;
        if (f.unescaped_key().get(key)) return garbage("a member's name is broken");
        if (key == "error") failed |= f.value().type().value_unsafe() != od::json_type::null;
        if (key == "object") failed |= f.value().raw_json_token().starts_with("\"error\"");
        if (key == "data") return data(f.value());
        if (key == "model") return model(f.value());
        return key == "usage" ? usage(f.value()) : Status{};
    }

    Status run() {
        od::document d;
        od::object root;
        if (parsers().places.iterate(begin, size, size + simdjson::SIMDJSON_PADDING).get(d) || d.get_object().get(root))
            return garbage("not a JSON object");
        for (auto m : root) {
            od::field f;
            if (std::move(m).get(f)) return garbage("a member's name is broken");
            TRYV(member(f));
        }
        const char* rest = nullptr;
        if (!d.current_location().get(rest)) return garbage("text after the JSON object");
        return {};
    }
};

/// Empties what the last text left, and keeps its memory.
void ReplyScan::begin() {
    auto models = std::move(found_.models);
    models.clear();
    found_ = Scanned{};
    found_.models = std::move(models);
}

Result<const Scanned*> ReplyScan::chat(std::string_view json, Facts& facts) {
    begin();
    JsonDoc& doc = parsers().tree;
    if (!doc.assign(json, "logprobs")) return garbage("not valid JSON");
    const JsonRef root = doc.root();
    if (!root.is_object()) return garbage("not a JSON object");
    Reading r{*this, facts, found_};
    const auto members = root.pick(Reading::asked);
    if (r.failure(root, members)) return &found_;
    r.identity(members);
    TRYV(r.choices(members[Reading::choices_member]));
    if (facts.error) return &found_;
    r.groq_usage(members[Reading::x_groq_member]);
    r.places(doc);
    return &found_;
}

Result<const Scanned*> ReplyScan::embedding(std::string_view json, Facts& facts) {
    begin();
    Reading r{*this, facts, found_};
    VectorReading v{r, parsers().padded(json), json.size()};
    TRYV(v.run());
    if (v.failed) {
        const auto doc = JsonDoc::parse(json);
        if (doc && r.failure(doc->root(), doc->root().pick(Reading::asked))) return &found_;
    }
    found_.no_choices = v.vectors == 0;
    facts.content = facts.finished = v.vectors > 0;
    facts.empty_output = v.vectors == 0;
    if (v.vectors) facts.stop = StopReason::end;
    parsers().trim();
    return &found_;
}

std::vector<int> ReplyScan::open_choices() const {
    std::vector<int> open;
    for (size_t i = 0; i < most_choices; ++i)
        if (begun_[i] && !ended_[i]) open.push_back(static_cast<int>(i));
    return open;
}

}  // namespace aig::dialect::openai
