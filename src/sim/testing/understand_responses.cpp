// Reads Responses as strictly as their SDKs' state machines do: every piece must be opened before it is filled, told
// whole as the sum of its pieces, and closed; the final response must hold the same items.
#include <map>

#include "sim/testing/raw_client.h"

namespace aig::sim::testing {

namespace {

struct Reader {
    Understood u;
    std::map<int64_t, std::string> ids, sums;  ///< of open items
    std::map<int64_t, std::string> done;       ///< items as they were closed
    int64_t next = 0;

    bool fail(std::string why) {
        if (u.fault.empty()) u.fault = std::move(why);
        return false;
    }

    void usage(JsonRef usage) {
        if (!usage.is_object()) return;
        ++u.usages;
        u.input_tokens = usage["input_tokens"].integer().value_or(-1);
        u.output_tokens = usage["output_tokens"].integer().value_or(-1);
        u.cached_tokens = usage["input_tokens_details"]["cached_tokens"].integer().value_or(-1);
        u.reasoning_tokens = usage["output_tokens_details"]["reasoning_tokens"].integer().value_or(-1);
    }

    void item(JsonRef item) {
        const auto type = item["type"].text();
        for (JsonRef p : item["content"]) {
            u.text += p["text"].text();
            u.logprobs += p["logprobs"].size();
        }
        for (JsonRef p : item["summary"]) u.reasoning += p["text"].text();
        if (type == "reasoning") u.signature = item["encrypted_content"].text();
        if (type == "function_call" || type == "custom_tool_call")
            u.calls.push_back({std::string(item["call_id"].text()), std::string(item["name"].text()),
                               std::string(item[type == "function_call" ? "arguments" : "input"].text()), 1});
    }

    void end(JsonRef response) {
        for (JsonRef i : response["output"]) item(i);
        usage(response["usage"]);
        const auto why = response["incomplete_details"]["reason"].text();
        u.finish = why.empty() ? response["status"].text() : why;
        u.correct = u.fault.empty() && !u.finish.empty();
    }

    bool known(JsonRef e) {
        const int64_t at = e["output_index"].integer().value_or(-1);
        if (!ids.count(at)) return fail("a piece of an item that is not open");
        return ids[at] == e["item_id"].text() || fail("a piece with another item's id");
    }

    bool event(JsonRef e) {
        const auto type = e["type"].text();
        const int64_t at = e["output_index"].integer().value_or(-1);
        if (type == "response.output_item.added") {
            if (at != static_cast<int64_t>(done.size()) || !ids.empty()) return fail("items overlap");
            ids[at] = e["item"]["id"].text();
            sums[at].clear();
            return true;
        }
        if (type == "response.output_item.done") {
            if (!ids.count(at) || ids[at] != e["item"]["id"].text()) return fail("an item ends that did not begin");
            ids.erase(at);
            done[at] = e["item"].raw();
            return true;
        }
        if (!type.starts_with("response.") || !e["output_index"]) return true;
        if (!known(e)) return false;
        if (type.ends_with("part.added")) sums[at].clear();
        if (type.ends_with(".delta")) {
            sums[at] += e["delta"].text();
            u.deltas += type == "response.output_text.delta";
            if (e["delta"].text().empty()) return fail("an empty piece");
        }
        if (!type.ends_with(".done") || type.ends_with("part.done")) return true;
        const JsonRef whole = e["text"] ? e["text"] : e["arguments"] ? e["arguments"] : e["input"];
        return whole.text() == sums[at] || fail("told whole is not the sum of the pieces");
    }

    bool terminal(JsonRef response) {
        if (!ids.empty()) return fail("the response ends with an item open");
        int64_t at = 0;
        for (JsonRef i : response["output"])
            if (done[at++] != i.raw()) return fail("the response's items are not those that were given");
        if (at != static_cast<int64_t>(done.size())) return fail("the response leaves items out");
        end(response);
        return true;
    }
};
}  // namespace

Understood understand_responses(const HttpReply& reply, bool stream) {
    Reader r;
    if (!reply.whole || reply.status != 200 || !reply.fault.empty()) {
        r.fail("http: " + reply.fault + reply.body);
        return r.u;
    }
    if (!stream) {
        const auto doc = JsonDoc::parse(reply.body);
        if (doc && doc->root()["object"].text() == "response")
            r.end(doc->root());
        else
            r.fail("not a response");
        return r.u;
    }
    bool created = false;
    for (const std::string& data : sse_data(reply.body)) {
        const auto doc = JsonDoc::parse(data);
        if (!doc) return r.fail("json: " + data), r.u;
        const JsonRef e = doc->root();
        const auto type = e["type"].text();
        if (type == "error" || type == "response.failed") return r.fail("error"), r.u;
        if (e["sequence_number"].integer() != r.next++) return r.fail("the numbers of the events have a gap"), r.u;
        if (created == (type == "response.created")) return r.fail("response.created is not the first, once"), r.u;
        created = true;
        if (type == "response.completed" || type == "response.incomplete") return r.terminal(e["response"]), r.u;
        if (!r.event(e)) return r.u;
    }
    r.fail("no final response");
    return r.u;
}

}  // namespace aig::sim::testing
