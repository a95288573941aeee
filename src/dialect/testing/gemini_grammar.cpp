#include "dialect/testing/gemini_grammar.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/json.h"

namespace aig::dialect::testing {
namespace {

const std::set<std::string_view> kinds{"text",           "inlineData",          "fileData", "functionCall",
                                       "executableCode", "codeExecutionResult", "toolCall", "toolResponse"};
const std::set<std::string_view> of_the_providers_own{"executableCode", "codeExecutionResult", "toolCall",
                                                      "toolResponse"};

struct Candidate {
    bool finished = false;
};

class Judge {
  public:
    explicit Judge(bool strict) : strict_(strict) {}

    std::string fault;
    bool failed = false;

    void chunk(std::string_view json) {
        if (!fault.empty()) return;
        if (failed) return wrong("a chunk behind an error");
        auto doc = JsonDoc::parse(json);
        if (!doc || !doc->root().is_object()) return wrong("a chunk is not a JSON object: " + std::string(json));
        read(doc->root());
    }

    void end() {
        if (!fault.empty() || failed) return;
        if (!chunks_) return wrong("nothing");
        if (!complete()) return wrong("a candidate has no finish reason");
        if (strict_ && !usage_last_) return wrong("no usage in the last chunk");
    }

    bool complete() const {
        if (candidates_.empty()) return blocked_;
        for (const auto& [index, c] : candidates_)
            if (!c.finished) return false;
        return true;
    }

  private:
    void wrong(std::string why) {
        if (fault.empty()) fault = std::move(why);
    }

    void read(JsonRef root) {
        ++chunks_;
        usage_last_ = false;
        if (const JsonRef e = root["error"]) return error(e);
        same(root["modelVersion"], model_, "modelVersion");
        if (const JsonRef c = root["candidates"]; c && !c.is_array()) return wrong("candidates is not an array");
        for (const JsonRef c : root["candidates"]) candidate(c);
        if (!root["promptFeedback"]["blockReason"].text().empty()) blocked_ = true;
        if (const JsonRef u = root["usageMetadata"]) usage(u);
        if (strict_ && !root["candidates"].size() && !root["promptFeedback"]) wrong("a chunk without candidates");
    }

    void same(JsonRef value, std::optional<std::string>& known, std::string_view name) {
        if (!value) return strict_ ? wrong("a chunk without " + std::string(name)) : void();
        if (!known) known = value.text();
        if (strict_ && *known != value.text()) wrong(std::string(name) + " changes");
    }

    void error(JsonRef e) {
        if (!e.is_object() || !e["code"].integer() || e["message"].text().empty() || e["status"].text().empty())
            return wrong("an error without code, message and status");
        failed = true;
    }

    void candidate(JsonRef c) {
        if (!c.is_object()) return wrong("a candidate is not an object");
        const int64_t index = c["index"] ? c["index"].integer().value_or(-1) : 0;
        if (index < 0) return wrong("a candidate's index is no number");
        Candidate& known = candidates_[index];
        const JsonRef content = c["content"];
        if (content && !content.is_object()) return wrong("content is not an object");
        if (const JsonRef role = content["role"]; role && role.text() != "model")
            return wrong("content of another role");
        for (const JsonRef p : content["parts"]) part(p, known);
        if (const JsonRef reason = c["finishReason"]; reason && !reason.is_null()) finish(reason, known);
    }

    void finish(JsonRef reason, Candidate& known) {
        if (reason.is_string() && reason.text().empty()) return wrong("a blank finish reason");
        if (reason.text() == "stop" || reason.text() == "end_turn" || reason.text() == "tool_calls")
            return wrong("another wire's finish reason");
        if (known.finished && (strict_ || !ran_tools_)) return wrong("two finish reasons");
        known.finished = true;
    }

    void part(JsonRef p, const Candidate& known) {
        if (!p.is_object()) return wrong("a part is not an object");
        int said = 0;
        for (const JsonRef m : p) {
            said += kinds.contains(m.key()) ? 1 : 0;
            ran_tools_ |= of_the_providers_own.contains(m.key());
        }
        if (said > 1) return wrong("a part says two things");
        if (strict_ && !said) return wrong("a part says nothing");
        const JsonRef signature = p["thoughtSignature"];
        if (signature && (!signature.is_string() || signature.text().empty())) return wrong("a signature is blank");
        if (known.finished && (strict_ || !ran_tools_)) return wrong("a part behind the finish reason");
        if (const JsonRef t = p["text"]; t && !t.is_string()) return wrong("text is not a string");
        if (const JsonRef f = p["functionCall"]) call(f);
        if (const JsonRef d = p["inlineData"]; d && (d["mimeType"].text().empty() || d["data"].text().empty()))
            return wrong("inlineData without its type or its data");
    }

    void call(JsonRef f) {
        // Argument streaming (Vertex AI) is not in what we promise.
        const bool pieces = f["willContinue"] || f["partialArgs"] || f.size() == 0;
        if (pieces) return strict_ ? wrong("a call in pieces") : void();
        if (f["name"].text().empty()) return wrong("a call without a name");
        if (const JsonRef a = f["args"]; a ? !a.is_object() : strict_) return wrong("arguments are not an object");
    }

    void usage(JsonRef u) {
        if (!u.is_object()) return wrong("usageMetadata is not an object");
        usage_last_ = true;
        const auto n = [&](std::string_view name) { return u[name].integer().value_or(0); };
        if (strict_ && n("promptTokenCount") + n("candidatesTokenCount") + n("thoughtsTokenCount") +
                               n("toolUsePromptTokenCount") !=
                           n("totalTokenCount"))
            wrong("usage does not add up");
    }

    const bool strict_;
    std::map<int64_t, Candidate> candidates_;
    std::optional<std::string> model_;
    bool blocked_ = false, usage_last_ = false, ran_tools_ = false;
    int chunks_ = 0;
};

/// Cuts events at blank lines, in the test's own way, and gives the judge their data.
void events(std::string_view bytes, bool strict, Judge& judge) {
    std::string data;
    bool any = false;
    const auto flush = [&] {
        if (any) judge.chunk(data);
        data.clear();
        any = false;
    };
    while (!bytes.empty() && judge.fault.empty()) {
        const size_t end = std::min(bytes.find('\n'), bytes.size());
        std::string_view line = bytes.substr(0, end);
        const bool whole = end < bytes.size();
        bytes.remove_prefix(whole ? end + 1 : end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (strict && !whole) judge.fault = "the stream ends within a line";
        if (line.empty()) {
            flush();
        } else if (line.starts_with("data:")) {
            line.remove_prefix(line.starts_with("data: ") ? 6 : 5);
            if (line == "[DONE]") judge.fault = "another wire's end";
            data += line;
            any = true;
        } else if (!line.starts_with(':')) {
            judge.fault = "a line that is no data: " + std::string(line.substr(0, 80));
        }
    }
    if (strict && any) judge.fault = "the last event has no blank line";
    flush();
}

}  // namespace

GeminiVerdict judge_gemini_stream(std::string_view bytes, bool strict) {
    Judge judge(strict);
    const size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && bytes[first] == '[') {
        auto doc = JsonDoc::parse(bytes);
        if (!doc) return {"the array is not valid JSON", false, false};
        for (const JsonRef c : doc->root()) judge.chunk(c.raw());
    } else {
        events(bytes, strict, judge);
    }
    judge.end();
    return {judge.fault, judge.fault.empty() && !judge.failed && judge.complete(), judge.failed};
}

std::string judge_gemini_body(std::string_view json, bool strict) {
    Judge judge(strict);
    judge.chunk(json);
    if (judge.failed) return "an error where a reply is due";
    judge.end();
    return judge.fault;
}

}  // namespace aig::dialect::testing
