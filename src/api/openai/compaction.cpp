#include "api/openai/compaction.h"

namespace aig::api {
namespace {
constexpr std::string_view prefix = "aigc1.";
constexpr std::string_view task =
    "Write a summary of this conversation, for a model that goes on with it and sees nothing else of what was said by "
    "the assistant or by tools. Keep: what was asked and decided, facts and results with their exact names, numbers, "
    "paths and identifiers, what has been done, what failed and why, and what is left to do. Answer with the summary "
    "alone.";
constexpr std::string_view introduction = "Summary of the conversation so far:\n\n";

std::string bound_to(AccountId account) { return "account|" + std::to_string(account.value) + "|compaction"; }

void user_text(JsonWriter& w, std::string_view text) {
    w.begin_object().field("type", "message").field("role", "user").key("content").begin_array();
    w.begin_object().field("type", "input_text").field("text", text).end_object().end_array().end_object();
}

/// A message of the caller's as an item of output: with an id and a status, its text as a part.
void own_message(JsonWriter& w, JsonRef item, const std::string& id) {
    w.begin_object().field("type", "message");
    w.field("id", item["id"].text().empty() ? std::string_view(id) : item["id"].text());
    w.field("status", "completed").field("role", item["role"].text()).key("content");
    if (!item["content"].is_string()) {
        w.raw(item["content"].raw()).end_object();
        return;
    }
    w.begin_array().begin_object().field("type", "input_text").field("text", item["content"].text());
    w.end_object().end_array().end_object();
}

/// Conversations that hold calls need the tools they call. Those that a server runs are not named in calls, and other
/// makers' models refuse them.
void called_tools(JsonWriter& w, JsonRef tools) {
    std::string list;
    for (const JsonRef tool : tools)
        if (const auto type = tool["type"].text(); type == "function" || type == "custom")
            list.append(list.empty() ? "" : ",").append(tool.raw());
    if (list.empty()) return;
    w.field_raw("tools", '[' + list + ']').field("tool_choice", "none");
}

std::string written(JsonRef response) {
    std::string text;
    for (const JsonRef item : response["output"])
        for (const JsonRef part : item["content"])
            if (part["type"].text() == "output_text") text += part["text"].text();
    return text;
}
}  // namespace

bool is_own_compaction(JsonRef item) {
    return item["type"].text() == "compaction" && item["encrypted_content"].text().starts_with(prefix);
}

Result<std::string> open_compaction(JsonRef item, AccountId account, const store::Sealer& sealer) {
    const auto text = sealer.unseal_text(item["encrypted_content"].text().substr(prefix.size()), bound_to(account));
    if (!text)
        return Error(ErrorCode::bad_param,
                     "A compaction item in `input` cannot be opened: it was altered, or another account made it.")
            .param("input");
    std::string out;
    JsonWriter w(out);
    user_text(w, std::string(introduction) + *text);
    return out;
}

Result<std::string> compaction_call(JsonRef body, std::string_view items) {
    if (items.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return Error(ErrorCode::bad_param, "There is nothing to compact: send the conversation as `input`.")
            .param("input");
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const auto* name : {"model", "instructions", "reasoning", "prompt_cache_key", "prompt_cache_retention",
                             "service_tier", "safety_identifier"})
        if (body[name] && !body[name].is_null()) w.field_raw(name, body[name].raw());
    called_tools(w, body["tools"]);
    w.field("store", false).key("input").begin_array().raw(items);
    user_text(w, task);
    w.end_array().end_object();
    return out;
}

Result<std::string> compacted(std::string_view response, std::string_view items, AccountId account,
                              const store::Sealer& sealer) {
    TRY(const auto answer, JsonDoc::parse(response));
    TRY(const auto said, JsonDoc::parse('[' + std::string(items) + ']'));
    const JsonRef root = answer.root();
    const std::string summary = written(root);
    if (summary.empty()) return Error(ErrorCode::upstream_empty, "The model wrote no summary: keep what you have.");
    TRY(const std::string sealed, sealer.seal_text(summary, bound_to(account)));
    const auto id = std::string(root["id"].text());
    const auto own = id.substr(id.find('_') + 1);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("id", id).field("object", "response.compaction");
    w.field_raw("created_at", root["created_at"].raw()).field("model", root["model"].text());
    w.key("output").begin_array();
    int64_t place = 0;
    for (const JsonRef item : said.root()) {
        const std::string name = "msg_" + own + "_c" + std::to_string(place++);
        if (item["role"].text() == "user") own_message(w, item, name);
    }
    w.begin_object().field("type", "compaction").field("id", "cmp_" + own);
    w.field("encrypted_content", std::string(prefix) + sealed).end_object().end_array();
    w.field_raw("usage", root["usage"].raw()).end_object();
    return out;
}

}  // namespace aig::api
