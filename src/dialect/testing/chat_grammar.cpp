#include "dialect/testing/chat_grammar.h"

#include <algorithm>

#include "base/json.h"

namespace aig::dialect::testing {
namespace {

constexpr std::string_view finish_words[] = {"stop", "length", "tool_calls", "content_filter", "function_call"};

class Judge {
  public:
    explicit Judge(bool strict) : strict_(strict) {}
    ChatVerdict verdict;

    bool stream(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto [event, rest] = cut(bytes);
            if (event.empty() && rest.empty() && strict_) return fault("no blank line behind the last event");
            bytes = rest;
            if (!this->event(event)) return false;
        }
        const bool finished =
            !verdict.choices.empty() && std::all_of(verdict.choices.begin(), verdict.choices.end(),
                                                    [](const auto& c) { return !c.second.finish.empty(); });
        if (verdict.failed) return true;
        verdict.complete = done_ || (!strict_ && finished && verdict.usage);
        if (!verdict.complete) return fault("it ends without [DONE]");
        if (strict_ && !finished) return fault("a choice without a finish reason");
        return true;
    }

    bool body(JsonRef root) {
        if (!root.is_object()) return fault("not an object");
        if (root["error"].is_object()) return verdict.failed = true;
        if (strict_ && root["object"].text() != "chat.completion") return fault("a wrong `object`");
        if (!head(root)) return false;
        for (const JsonRef c : root["choices"])
            if (!choice(c, "message")) return false;
        if (verdict.choices.empty()) return fault("no choice");
        verdict.usage = root["usage"].is_object();
        if (strict_ && !verdict.usage) return fault("no usage");
        return verdict.complete = true;
    }

  private:
    bool fault(std::string why) {
        if (verdict.fault.empty()) verdict.fault = std::move(why);
        return false;
    }

    /// The next event and what is behind its blank line.
    static std::pair<std::string_view, std::string_view> cut(std::string_view bytes) {
        size_t end = std::string_view::npos, size = 0;
        for (const std::string_view blank : {"\n\n", "\r\n\r\n", "\r\r"})
            if (const size_t at = bytes.find(blank); at < end) {
                end = at;
                size = blank.size();
            }
        if (end == std::string_view::npos) return {bytes, {}};
        return {bytes.substr(0, end), bytes.substr(end + size)};
    }

    bool event(std::string_view text) {
        std::string data;
        size_t lines = 0;
        while (!text.empty()) {
            const size_t end = std::min(text.find_first_of("\r\n"), text.size());
            const std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.empty() || line.front() == ':') continue;
            ++lines;
            if (!line.starts_with("data:")) {
                if (strict_) return fault("a line that is no data line");
                continue;
            }
            data += line.substr(line.starts_with("data: ") ? 6 : 5);
        }
        if (lines > 1 && strict_) return fault("more than one line in an event");
        while (!data.empty() && static_cast<unsigned char>(data.back()) <= ' ') data.pop_back();
        return data.empty() || payload(data);
    }

    bool payload(std::string_view data) {
        if (done_) return fault("something behind [DONE]");
        // Some providers say [DONE] behind their error all the same.
        if (verdict.failed) return (!strict_ && data == "[DONE]") || fault("something behind an error");
        if (data == "[DONE]") return done_ = true;
        if (!doc_.assign(data)) return fault("not JSON: " + std::string(data.substr(0, 200)));
        const JsonRef root = doc_.root();
        if (!root.is_object()) return fault("not an object");
        if (root["error"].is_object()) return verdict.failed = true;
        return chunk(root);
    }

    bool head(JsonRef root) {
        if (!strict_) return true;
        if (!root["id"].is_string() || root["id"].text().empty()) return fault("no id");
        if (!root["created"].integer() || root["model"].text().empty()) return fault("no created or model");
        if (id_.empty()) id_ = root["id"].text();
        return id_ == root["id"].text() || fault("the id changes");
    }

    bool chunk(JsonRef root) {
        if (strict_ && root["object"].text() != "chat.completion.chunk") return fault("a wrong `object`");
        if (strict_ && verdict.usage) return fault("a chunk behind the usage");
        if (!head(root)) return false;
        const JsonRef list = root["choices"], usage = root["usage"];
        if (list && !list.is_null() && !list.is_array()) return fault("choices are no list");
        if (usage && !usage.is_null() && !usage.is_object()) return fault("usage is no object");
        for (const JsonRef c : list)
            if (!choice(c, "delta")) return false;
        if (!usage.is_object()) return !strict_ || list.size() > 0 || fault("an empty chunk");
        verdict.usage = true;
        if (!strict_) return true;
        if (list.size() > 0) return fault("usage beside a choice");
        for (const auto& [index, c] : verdict.choices)
            if (c.finish.empty()) return fault("usage in front of a finish reason");
        return true;
    }

    bool choice(JsonRef c, std::string_view said) {
        if (!c.is_object()) return fault("a choice is no object");
        const auto index = c["index"].is_null() && !strict_ ? 0 : c["index"].integer().value_or(-1);
        if (index < 0 || index > 127) return fault("a choice without a proper index");
        const bool begins = !verdict.choices.contains(static_cast<int>(index));
        HeardChoice& heard = verdict.choices[static_cast<int>(index)];
        const JsonRef m = c[said];
        if (!m.is_object() && (strict_ || (m && !m.is_null()))) return fault("a choice says nothing");
        if (strict_ && begins != (m["role"].text() == "assistant")) return fault("the role must come first and once");
        if (strict_ && !heard.finish.empty()) return fault("something behind a finish reason");
        if (!message(m, heard, said == "message")) return false;
        const JsonRef finish = c["finish_reason"];
        if (finish && !finish.is_null() && !finish.is_string()) return fault("a finish reason is no word");
        if (finish.text().empty()) return said == "delta" || !strict_ || fault("no finish reason");
        if (strict_ &&
            std::find(std::begin(finish_words), std::end(finish_words), finish.text()) == std::end(finish_words))
            return fault("an unknown finish reason: " + std::string(finish.text()));
        heard.finish = finish.text();
        return true;
    }

    bool message(JsonRef m, HeardChoice& heard, bool whole) {
        for (const auto name : {"content", "reasoning_content", "refusal"})
            if (const JsonRef v = m[name]; strict_ && v && !v.is_null() && !v.is_string())
                return fault(std::string(name) + " is no text");
        heard.text += m["content"].text();
        heard.reasoning += m["reasoning_content"] ? m["reasoning_content"].text() : m["reasoning"].text();
        heard.refusal += m["refusal"].text();
        if (!typed(m["reasoning_details"]) || !typed(m["images"]) || !annotations(m["annotations"])) return false;
        for (const JsonRef d : m["reasoning_details"]) note(d["data"] ? d["data"] : d["signature"], heard);
        note(m["extra_content"]["google"]["thought_signature"], heard);
        heard.images += m["images"].size();
        heard.annotations += m["annotations"].size();
        if (const JsonRef calls = m["tool_calls"]; calls && !calls.is_null() && !calls.is_array())
            return fault("tool_calls are no list");
        for (const JsonRef call : m["tool_calls"])
            if (!(whole ? whole_call(call, heard) : call_piece(call, heard))) return false;
        return true;
    }

    static void note(JsonRef v, HeardChoice& heard) {
        if (!v.text().empty()) heard.states.emplace_back(v.text());
    }
    /// A list of objects with a type.
    bool typed(JsonRef list) {
        if (list && !list.is_null() && !list.is_array()) return fault("what should be a list is none");
        for (const JsonRef e : list)
            if (!e["type"].is_string()) return fault("an entry without a type");
        return true;
    }
    bool annotations(JsonRef list) {
        if (!typed(list)) return false;
        for (const JsonRef a : list)
            if (strict_ && !a[a["type"].text()].is_object()) return fault("an annotation without its own member");
        return true;
    }

    static JsonRef body_of(JsonRef call) { return call["custom"].is_object() ? call["custom"] : call["function"]; }
    static std::string_view input_of(JsonRef call) {
        const JsonRef b = body_of(call);
        return b["input"] ? b["input"].text() : b["arguments"].text();
    }

    bool begins(JsonRef call) {
        const auto type = call["type"].text();
        if (call["id"].text().empty() || (type != "function" && type != "custom"))
            return fault("a call begins without id and type");
        return body_of(call)["name"].is_string() || fault("a call begins without a name");
    }

    bool whole_call(JsonRef call, HeardChoice& heard) {
        if (!call.is_object()) return fault("a call is no object");
        if (strict_ && !begins(call)) return false;
        note(call["extra_content"]["google"]["thought_signature"], heard);
        heard.arguments += input_of(call);
        ++heard.calls;
        return true;
    }

    bool call_piece(JsonRef call, HeardChoice& heard) {
        if (!call.is_object()) return fault("a piece of a call is no object");
        note(call["extra_content"]["google"]["thought_signature"], heard);
        heard.arguments += input_of(call);
        const auto index = call["index"].integer();
        if (!strict_) {
            heard.calls += !call["id"].text().empty();
            return true;
        }
        if (!index || *index < 0 || static_cast<size_t>(*index) > heard.calls) return fault("a gap in the tool calls");
        if (static_cast<size_t>(*index) < heard.calls)
            return (!call["id"] && !body_of(call)["name"]) || fault("id or name twice");
        ++heard.calls;
        return begins(call);
    }

    const bool strict_;
    bool done_ = false;
    std::string id_;
    JsonDoc doc_;
};
}  // namespace

ChatVerdict judge_chat_stream(std::string_view bytes, bool strict) {
    Judge judge(strict);
    judge.stream(bytes);
    return std::move(judge.verdict);
}

ChatVerdict judge_chat_body(std::string_view json, bool strict) {
    Judge judge(strict);
    const auto doc = JsonDoc::parse(json);
    if (!doc)
        judge.verdict.fault = "not JSON";
    else
        judge.body(doc->root());
    return std::move(judge.verdict);
}

}  // namespace aig::dialect::testing
