#include "dialect/openai_chat/scan.h"

#include <simdjson.h>

#include <cstring>
#include <memory>

#include "base/json.h"
#include "canon/openai/shape.h"

namespace aig::dialect::openai {
namespace dom = simdjson::dom;
namespace od = simdjson::ondemand;
using namespace canon;
namespace {

constexpr size_t keep_capacity = size_t{1} << 20, longest_id = 256;

/// simdjson wants 64 readable bytes behind the text. Parsers and copy are reused; after a very large text they are let
/// go.
struct Parsers {
    dom::parser tree;
    od::parser places;
    std::unique_ptr<char[]> copy;
    size_t capacity = 0;

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
        tree = dom::parser();
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

std::string_view text_of(dom::element e) {
    std::string_view s;
    return e.get_string().get(s) ? std::string_view{} : s;
}
}  // namespace

struct ReplyScan::Reading {
    ReplyScan& scan;
    Facts& facts;
    Scanned& found;
    const char* begin;
    size_t size;

    Span span(std::string_view slice) const {
        const size_t at = static_cast<size_t>(slice.data() - begin);
        return {at, at + slice.size()};
    }

    // ---- positions: the top-level members that are patched
    // --------------------------------------------------------------

    Status places() {
        od::document d;
        od::object root;
        if (parsers().places.iterate(begin, size, size + simdjson::SIMDJSON_PADDING).get(d) || d.get_object().get(root))
            return garbage("not a JSON object");
        for (auto member : root) {
            od::field f;
            std::string_view key;
            if (std::move(member).get(f) || f.unescaped_key().get(key)) return garbage("a member's name is broken");
            if (key == "model") {
                TRYV(model(f.value()));
            } else if (key == "usage") {
                TRYV(usage(f.value()));
            }
        }
        return {};
    }

    Status model(od::value v) {
        od::json_type type;
        if (v.type().get(type)) return garbage("`model` is broken");
        if (type != od::json_type::string) return {};
        std::string_view token = v.raw_json_token();
        while (!token.empty() && token.back() != '"') token.remove_suffix(1);
        found.models.push_back(span(token));
        return {};
    }

    Status usage(od::value v) {
        od::json_type type;
        if (v.type().get(type)) return garbage("`usage` is broken");
        if (type == od::json_type::null)
            found.null_usage = {span(v.raw_json_token()).begin, span(v.raw_json_token()).begin + 4};
        if (type != od::json_type::object) return {};
        od::object o;
        std::string_view raw;
        if (v.get_object().get(o) || o.raw_json().get(raw)) return garbage("`usage` is broken");
        raw = raw.substr(0, raw.rfind('}') + 1);
        found.usage = span(raw);
        TRY(const auto doc, JsonDoc::parse(raw));
        found.usage_empty = doc.root().size() == 0;
        if (const JsonRef cost = doc.root()["cost"]) {
            const size_t at = found.usage.begin + doc.offset(cost.raw());
            found.cost = {at, at + cost.raw().size()};
        }
        // The last report counts; a later one that makes no sense does not unsay it.
        if (auto u = canon::openai::usage_of(doc.root())) facts.usage = *u;
        return {};
    }

    // ---- facts
    // -------------------------------------------------------------------------------------------------------------

    Status tree(dom::object& root) {
        dom::element e;
        if (parsers().tree.parse(begin, size, false).get(e)) return garbage("not valid JSON");
        if (e.get_object().get(root)) return garbage("not a JSON object");
        for (const auto& [key, value] : root)
            if (key == "error"
                    ? !value.is_null()
                    : (key == "object" && text_of(value) == "error") || (key == "type" && text_of(value) == "error"))
                if (failure()) return {};
        return {};
    }

    /// The slow way, once in a stream's life.
    bool failure() {
        const auto doc = JsonDoc::parse({begin, size});
        if (!doc || !canon::openai::is_error(doc->root())) return false;
        facts.error = canon::openai::in_band_error(doc->root());
        return true;
    }

    void identity(dom::object root) {
        if (!scan.id_.empty()) return;
        std::string_view id;
        if (!root["id"].get_string().get(id)) scan.id_ = id.substr(0, longest_id);
        int64_t created = 0;
        if (!root["created"].get_int64().get(created)) scan.created_ = created;
    }

    Status choices(dom::object root) {
        dom::array list;
        const auto error = root["choices"].get_array().get(list);
        if (error) return {};
        found.has_choices = true;
        for (const dom::element c : list) {
            found.no_choices = false;
            dom::object o;
            if (c.get_object().get(o)) return garbage("a choice is not an object");
            TRYV(choice(o));
        }
        return {};
    }

    Status choice(dom::object o) {
        int64_t index = 0;
        std::string_view finish;
        dom::object said;
        for (const auto& [key, value] : o) {
            if (key == "index") {
                if (!value.is_null() && value.get_int64().get(index)) return garbage("a choice has no proper index");
            } else if (key == "delta") {
                if (!value.get_object().get(said)) TRYV(message(said));
            } else if (key == "message") {
                // Perplexity repeats the whole message beside each delta.
                if (o["delta"].error() && !value.get_object().get(said)) TRYV(message(said));
            } else if (key == "finish_reason") {
                finish = text_of(value);
            } else if (key == "error" && !value.is_null()) {
                choice_failure(value);
            }
        }
        if (index < 0 || index >= static_cast<int64_t>(most_choices)) return garbage("a choice has no proper index");
        scan.begun_.set(static_cast<size_t>(index));
        if (finish.empty()) return {};
        // Some say "tool_calls" and then "stop": the first word counts.
        if (index == 0 && !scan.ended_[0]) facts.stop = canon::openai::stop_of(finish);
        scan.ended_.set(static_cast<size_t>(index));
        facts.finished = found.delta = true;
        return {};
    }

    /// OpenRouter marks a choice that broke off: {"finish_reason":"error","error":{...}}.
    void choice_failure(dom::element value) {
        const auto doc = JsonDoc::parse(simdjson::minify(value));
        if (doc && doc->root().is_object()) facts.error = canon::openai::in_band_error(doc->root());
    }

    void output(std::string_view text) {
        if (text.empty()) return;
        facts.delivered.add(text);
        facts.content = found.delta = true;
        facts.empty_output = false;
    }

    Status message(dom::object m) {
        bool reasoning = false;
        for (const auto& [key, value] : m) {
            if (key == "content") {
                content(value);
            } else if (key == "refusal") {
                output(text_of(value));
            } else if (key == "reasoning_content" || key == "reasoning") {
                // Some servers say the same reasoning under both names: counted once.
                if (!reasoning) output(text_of(value));
                reasoning |= !text_of(value).empty();
            } else if (key == "tool_calls") {
                TRYV(tool_calls(value));
            } else if (key == "function_call") {
                function(value);
            } else if (key == "audio" || key == "images") {
                media(value);
            }
        }
        return {};
    }

    /// A string, or Mistral's array of text and thinking parts.
    void content(dom::element value) {
        output(text_of(value));
        dom::array parts;
        if (value.get_array().get(parts)) return;
        for (const dom::element p : parts) {
            dom::object o;
            if (p.get_object().get(o)) continue;
            std::string_view text;
            if (!o["text"].get_string().get(text)) output(text);
            dom::array thinking;
            if (o["thinking"].get_array().get(thinking)) continue;
            for (const dom::element t : thinking)
                if (!t["text"].get_string().get(text)) output(text);
        }
    }

    Status tool_calls(dom::element value) {
        dom::array calls;
        if (value.get_array().get(calls)) return {};
        for (const dom::element c : calls) {
            dom::object o;
            if (c.get_object().get(o)) return garbage("a tool call is not an object");
            facts.content = found.delta = true;
            facts.empty_output = false;
            for (const auto& [key, v] : o)
                if (key == "function" || key == "custom") function(v);
        }
        return {};
    }

    void function(dom::element value) {
        dom::object o;
        if (value.get_object().get(o)) return;
        facts.content = found.delta = true;
        facts.empty_output = false;
        for (const auto& [key, v] : o)
            if (key == "name" || key == "arguments" || key == "input") output(text_of(v));
    }

    void media(dom::element value) {
        dom::object audio;
        dom::array images;
        if (!value.get_object().get(audio)) {
            for (const auto& [key, v] : audio) {
                if (key == "transcript") output(text_of(v));
                if (key == "data" && !text_of(v).empty()) seen_media();
            }
        } else if (!value.get_array().get(images) && images.begin() != images.end()) {
            seen_media();
        }
    }
    void seen_media() {
        facts.content = found.delta = true;
        facts.empty_output = false;
    }

    /// Groq reports usage in x_groq when it was not asked for ("API reference", 2024).
    void groq_usage(dom::object root) {
        if (facts.usage) return;
        dom::element u;
        if (root["x_groq"]["usage"].get(u)) return;
        const auto doc = JsonDoc::parse(simdjson::minify(u));
        if (doc) facts.usage = canon::openai::usage_of(doc->root());
    }
};

Result<const Scanned*> ReplyScan::chat(std::string_view json, Facts& facts) {
    auto models = std::move(found_.models);
    models.clear();
    found_ = Scanned{};
    found_.models = std::move(models);

    Reading r{*this, facts, found_, parsers().padded(json), json.size()};
    dom::object root;
    TRYV(r.tree(root));
    if (!facts.error) {
        r.identity(root);
        TRYV(r.choices(root));
    }
    if (!facts.error) {
        r.groq_usage(root);
        TRYV(r.places());
    }
    parsers().trim();
    return &found_;
}

Result<const Scanned*> ReplyScan::embedding(std::string_view json, Facts& facts) {
    found_ = Scanned{};
    Reading r{*this, facts, found_, parsers().padded(json), json.size()};
    od::document d;
    od::object root;
    if (parsers().places.iterate(r.begin, r.size, r.size + simdjson::SIMDJSON_PADDING).get(d) ||
        d.get_object().get(root))
        return garbage("not a JSON object");
    bool failed = false;
    size_t vectors = 0;
    for (auto member : root) {
        od::field f;
        std::string_view key;
        if (std::move(member).get(f) || f.unescaped_key().get(key)) return garbage("a member's name is broken");
        if (key == "error" || key == "object") {
            failed |= key == "error" ? f.value().type().value_unsafe() != od::json_type::null
                                     : f.value().raw_json_token().starts_with("\"error\"");
        } else if (key == "data") {
            od::array list;
            if (f.value().get_array().get(list)) return garbage("`data` is not an array");
            for (auto item : list) {
                if (item.type().error() || item.type().value_unsafe() != od::json_type::object)
                    return garbage("an embedding is not an object");
                ++vectors;
            }
        } else if (key == "model") {
            TRYV(r.model(f.value()));
        } else if (key == "usage") {
            TRYV(r.usage(f.value()));
        }
    }
    const char* rest = nullptr;
    if (!d.current_location().get(rest)) return garbage("text after the JSON object");
    if (failed && r.failure()) return &found_;
    found_.no_choices = vectors == 0;
    facts.content = facts.finished = vectors > 0;
    facts.empty_output = vectors == 0;
    if (vectors) facts.stop = StopReason::end;
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
