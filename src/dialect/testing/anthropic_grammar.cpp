#include "dialect/testing/anthropic_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/json.h"

namespace aig::dialect::testing {
namespace {

constexpr std::array<std::string_view, 7> stop_reasons{
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"};

bool is_stop_reason(std::string_view word) {
    return std::find(stop_reasons.begin(), stop_reasons.end(), word) != stop_reasons.end() || word == "compaction";
}

bool legal_name(std::string_view s) {
    return !s.empty() && s.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                             std::string_view::npos;
}

bool is_call(std::string_view type) {
    return type == "tool_use" || type == "server_tool_use" || type == "mcp_tool_use";
}

/// Which pieces a block takes.
bool takes(std::string_view block, std::string_view delta) {
    if (delta == "text_delta" || delta == "citations_delta") return block == "text";
    if (delta == "thinking_delta" || delta == "signature_delta") return block == "thinking";
    if (delta == "input_json_delta") return is_call(block);
    return delta == "compaction_delta" && block == "compaction";
}

std::string usage_fault(JsonRef usage) {
    if (!usage.is_object()) return "no usage";
    for (const auto name : {"input_tokens", "output_tokens"}) {
        const JsonRef n = usage[name];
        if (n && !n.is_null() && n.integer().value_or(-1) < 0) return fmt::format("usage.{} is no count", name);
    }
    return {};
}

class Automaton {
  public:
    explicit Automaton(bool strict) : strict_(strict) {}

    std::string event(std::string_view name, JsonRef json) {
        const auto type = json["type"].text();
        if (strict_ && name != type) return fmt::format("the event is called '{}', its data '{}'", name, type);
        if (ended_) return "an event behind message_stop";
        if (failed_) return "an event behind an error";
        if (type == "ping") return {};
        if (type == "error") return error(json);
        if (type == "message_start") return start(json["message"]);
        if (!started_) return fmt::format("{} before message_start", type);
        if (type == "content_block_start") return block_start(json);
        if (type == "content_block_delta") return block_delta(json);
        if (type == "content_block_stop") return block_stop(json);
        if (type == "message_delta") return delta(json);
        if (type == "message_stop") return stop();
        return strict_ ? fmt::format("no such event: {}", type) : std::string();
    }

    bool complete() const { return ended_; }
    bool failed() const { return failed_; }
    std::string at_end() const { return ended_ || failed_ ? std::string() : "the stream has no end"; }

  private:
    std::string error(JsonRef json) {
        failed_ = true;
        const JsonRef e = json["error"];
        if (!e["type"].is_string() || !e["message"].is_string()) return "an error without type and message";
        return {};
    }

    std::string start(JsonRef message) {
        if (started_) return "a second message_start";
        started_ = true;
        if (message["type"].text() != "message" || message["role"].text() != "assistant")
            return "message_start without an assistant's message";
        if (!message["id"].is_string() || message["id"].text().empty()) return "a message without an id";
        if (!message["model"].is_string()) return "a message without a model";
        if (!message["content"].is_array() || message["content"].size()) return "a message that begins with content";
        if (!message["stop_reason"].is_null()) return "a message that begins with a stop reason";
        if (auto fault = usage_fault(message["usage"]); !fault.empty()) return fault;
        if (strict_ && message["usage"]["input_tokens"].integer().value_or(0) < 1)
            return "message_start counts no input";
        return {};
    }

    std::string block_start(JsonRef json) {
        if (open_) return "a block begins within another";
        if (told_stop_) return "a block behind message_delta";
        if (json["index"].integer() != next_) return fmt::format("block {} comes as {}", next_, json["index"].raw());
        const JsonRef block = json["content_block"];
        block_ = block["type"].text();
        if (block_.empty()) return "a block without a type";
        open_ = true;
        signed_ = false;
        arguments_.clear();
        if (block_ == "text" && !block["text"].is_string()) return "a text block without text";
        if (block_ == "thinking" && !block["thinking"].is_string()) return "a thinking block without thinking";
        if (block_ == "redacted_thinking" && block["data"].text().empty()) return "redacted thinking without data";
        return is_call(block_) ? call_start(block) : std::string();
    }

    std::string call_start(JsonRef block) {
        if (!block["input"].is_object()) return "a call whose input is no object";
        if (block_ != "tool_use") return {};
        if (block["input"].size() && strict_) return "a call that begins with input";
        const std::string id(block["id"].text());
        if (strict_ && !legal_name(id)) return fmt::format("a call's id is '{}'", id);
        if (!ids_.emplace(id, true).second) return fmt::format("two calls with the id '{}'", id);
        if (block["name"].text().empty() && strict_) return "a call without a name";
        calls_ = true;
        return {};
    }

    std::string block_delta(JsonRef json) {
        if (!open_ || json["index"].integer() != next_) return "a piece of a block that is not open";
        const JsonRef d = json["delta"];
        const auto type = d["type"].text();
        if (!takes(block_, type)) return fmt::format("a {} in a {} block", type, block_);
        if (signed_) return fmt::format("a {} behind the signature", type);
        signed_ = type == "signature_delta";
        if (signed_ && d["signature"].text().empty()) return "an empty signature";
        arguments_ += d["partial_json"].text();
        return {};
    }

    std::string block_stop(JsonRef json) {
        if (!open_ || json["index"].integer() != next_) return "the end of a block that is not open";
        open_ = false;
        ++next_;
        if (is_call(block_) && !arguments_.empty()) {
            const auto doc = JsonDoc::parse(arguments_);
            broken_ |= !doc || !doc->root().is_object();
        } else if (strict_ && block_ == "tool_use") {
            return "a call without arguments";
        }
        return {};
    }

    std::string delta(JsonRef json) {
        if (open_) return "message_delta within a block";
        const JsonRef reason = json["delta"]["stop_reason"];
        if (told_stop_ && strict_) return "a second message_delta";
        told_stop_ = true;
        if (reason.is_null()) return strict_ ? "message_delta without a stop reason" : std::string();
        if (!is_stop_reason(reason.text())) return fmt::format("no such stop reason: {}", reason.raw());
        if (reason.text() == "tool_use" && !calls_) return "tool_use without a call";
        // A model may write broken arguments; a cut reply has them by nature.
        if (broken_ && reason.text() == "end_turn") return "arguments that are no JSON object";
        return usage_fault(json["usage"]);
    }

    std::string stop() {
        if (open_) return "message_stop within a block";
        if (!told_stop_) return "message_stop without message_delta";
        ended_ = true;
        return {};
    }

    const bool strict_;
    bool started_ = false, open_ = false, told_stop_ = false, ended_ = false, failed_ = false;
    bool signed_ = false, calls_ = false, broken_ = false;
    int64_t next_ = 0;
    std::string block_, arguments_;
    std::map<std::string, bool> ids_;
};

/// One event of the text, cut at blank lines: the test's own way, not the product's reader.
struct Cutter {
    std::string_view rest;
    bool next(std::string& name, std::string& data, bool& has_data) {
        name.clear();
        data.clear();
        has_data = false;
        bool any = false;
        while (!rest.empty()) {
            const size_t end = rest.find('\n');
            std::string_view line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.empty()) {
                if (any) return true;
                continue;
            }
            any = true;
            field(line, "event:", name);
            if (line.starts_with("data:")) has_data = true;
            field(line, "data:", data);
        }
        return any;
    }
    static void field(std::string_view line, std::string_view prefix, std::string& into) {
        if (!line.starts_with(prefix)) return;
        line.remove_prefix(prefix.size());
        if (line.starts_with(' ')) line.remove_prefix(1);
        if (!into.empty()) into += '\n';
        into += line;
    }
};

std::string block_fault(JsonRef b) {
    const auto type = b["type"].text();
    if (type.empty()) return "a block without a type";
    if (type == "text" && !b["text"].is_string()) return "a text block without text";
    if (type == "thinking" && (!b["thinking"].is_string() || !b["signature"].is_string()))
        return "a thinking block without thinking and signature";
    if (type == "redacted_thinking" && b["data"].text().empty()) return "redacted thinking without data";
    if (type == "tool_use" && (!legal_name(b["id"].text()) || b["name"].text().empty() || !b["input"].is_object()))
        return "a call without a proper id, name and input";
    return {};
}
}  // namespace

MessagesVerdict judge_messages_stream(std::string_view bytes, bool strict) {
    Automaton automaton(strict);
    Cutter cutter{bytes};
    std::string name, data;
    bool has_data = false;
    MessagesVerdict verdict;
    for (int at = 0; verdict.fault.empty() && cutter.next(name, data, has_data); ++at) {
        if (!has_data) continue;  // comments
        const auto doc = JsonDoc::parse(data);
        auto fault = doc ? automaton.event(name, doc->root()) : "not JSON: " + data.substr(0, 80);
        if (!fault.empty()) verdict.fault = fmt::format("event {}: {}", at, fault);
    }
    if (verdict.fault.empty()) verdict.fault = automaton.at_end();
    verdict.complete = automaton.complete();
    verdict.failed = automaton.failed();
    return verdict;
}

std::string judge_messages_body(std::string_view json) {
    const auto doc = JsonDoc::parse(json);
    if (!doc) return "not JSON";
    const JsonRef m = doc->root();
    if (m["type"].text() != "message" || m["role"].text() != "assistant") return "not an assistant's message";
    if (m["id"].text().empty() || !m["model"].is_string()) return "a message without id and model";
    if (!m["content"].is_array()) return "a message without content";
    bool calls = false;
    for (const JsonRef b : m["content"]) {
        if (auto fault = block_fault(b); !fault.empty()) return fault;
        calls |= b["type"].text() == "tool_use";
    }
    if (!is_stop_reason(m["stop_reason"].text())) return fmt::format("no such stop reason: {}", m["stop_reason"].raw());
    if (m["stop_reason"].text() == "tool_use" && !calls) return "tool_use without a call";
    return usage_fault(m["usage"]);
}

}  // namespace aig::dialect::testing
