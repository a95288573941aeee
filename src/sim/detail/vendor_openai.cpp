// OpenAI's chat completions, embeddings and models: what stands around the answers of write_openai.cpp.
#include <fmt/format.h>

#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

bool serves(const Request& request, Place& place) {
    const std::string_view path = request.path;
    place.task = path == "/v1/embeddings" ? Task::embed : path == "/v1/models" ? Task::models : Task::generate;
    return place.task != Task::generate || path == "/v1/chat/completions";
}

Checked read(JsonRef root, const Place&, Ask& ask) { return read_openai_chat(root, ask); }

Checked embed(JsonRef root, const Place&, Reply& reply, int64_t& input_tokens) {
    return read_and_write_embeddings(root, reply, input_tokens);
}

Reply models() {
    static constexpr std::string_view ids[] = {"gpt-5.4",       "gpt-5.5", "kimi-k2.6",
                                               "llama-3.1-70b", "bge-m3",  "nomic-embed-text"};
    Reply reply;
    JsonWriter w(reply.body);
    w.begin_object().field("object", "list").key("data").begin_array();
    for (const std::string_view id : ids)
        w.begin_object()
            .field("id", id)
            .field("object", "model")
            .field("created", 1'770'000'000)
            .field("owned_by", "aig-sim")
            .end_object();
    w.end_array().end_object();
    openai_headers(reply, "application/json");
    return reply;
}

}  // namespace

Checked openai_admit(const Request& request, std::string_view wanted) {
    const std::string_view key = bearer(request);
    if (key.empty())
        return Refusal{401, "invalid_request_error",
                       "You didn't provide an API key. You need to provide your API key in an Authorization "
                       "header using Bearer auth (i.e. "
                       "Authorization: Bearer YOUR_KEY).",
                       "", ""};
    if (!wanted.empty() && key != wanted)
        return Refusal{401, "invalid_request_error",
                       "Incorrect API key provided: ****. You can find your API key at "
                       "https://platform.openai.com/account/api-keys.",
                       "", "invalid_api_key"};
    // What OpenAI says to a body of any other type.
    if (request.method == "POST" && request.header("content-type").find("application/json") == std::string_view::npos)
        return Refusal{400, "invalid_request_error", "you must provide a model parameter", "", ""};
    return {};
}

Refusal openai_unknown_model(std::string_view model) {
    return {404, "invalid_request_error",
            fmt::format("The model `{}` does not exist or you do not have access to it.", model), "",
            "model_not_found"};
}

Event openai_error_event(const Refusal& refusal, int64_t tokens) {
    return {"data: " + openai_error_body(refusal) + "\n\n", tokens};
}

std::string openai_error_body(const Refusal& r) {
    std::string body;
    JsonWriter w(body);
    auto or_null = [&w](std::string_view name, const std::string& value) {
        if (value.empty())
            w.field_null(name);
        else
            w.field(name, value);
    };
    w.begin_object().key("error").begin_object().field("message", r.message).field("type", r.type);
    or_null("param", r.param);
    or_null("code", r.code);
    w.end_object().end_object();
    return body;
}

void openai_headers(Reply& reply, std::string_view content_type) {
    reply.set("content-type", std::string(content_type));
    reply.set("x-request-id", fmt::format("req_51{:030x}", next_serial()));
    reply.set("openai-version", "2020-10-01");
    reply.set("openai-processing-ms", "1");
    if (reply.streamed) reply.set("cache-control", "no-cache");
}

Words openai_words() {
    Words w;
    w.not_json = "We could not parse the JSON body of your request.";
    w.overloaded = {500, "server_error", "The server had an error while processing your request. Sorry about that!", "",
                    ""};
    w.no_quota = {429, "insufficient_quota",
                  "You exceeded your current quota, please check your plan and billing details.", "",
                  "insufficient_quota"};
    w.long_context = {
        400, "invalid_request_error",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. "
        "Please reduce the length of the messages.",
        "messages", "context_length_exceeded"};
    w.policy = {400, "invalid_request_error", "Your request was rejected by our safety system.", "",
                "content_policy_violation"};
    w.unknown_event =
        "event: sim_future_event\nid: 7\nretry: 1000\ndata: {\"object\":\"sim.future\",\"choices\":[]}\n\n";
    return w;
}

const Vendor& openai_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "openai";
        v.reply_id = {"chatcmpl-", 29};
        v.call_id = {"call_", 24};
        v.caches_every_message = true;
        v.words = openai_words();
        v.serves = serves;
        v.admit = openai_admit;
        v.read = read;
        v.write = write_openai;
        v.embed = embed;
        v.models = models;
        v.error_body = openai_error_body;
        v.error_event = openai_error_event;
        v.unknown_model = openai_unknown_model;
        v.headers = openai_headers;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
