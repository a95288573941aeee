// Google's generateContent, token counts, embeddings and models, at AI Studio's paths and at Vertex AI's: what stands
// around the answers of write_gemini.cpp.
#include <fmt/format.h>

#include "sim/detail/gemini_checks.h"
#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

bool is_method(std::string_view method, Place& place) {
    place.stream = method == "streamGenerateContent";
    if (method == "generateContent" || place.stream) return true;
    place.task = method == "countTokens" ? Task::count : Task::embed;
    return method == "countTokens" || method == "embedContent" || method == "batchEmbedContents" || method == "predict";
}

/// /v1beta/models/MODEL:METHOD, /v1/projects/P/locations/L/publishers/google/models/MODEL:METHOD.
bool serves(const Request& request, Place& place) {
    const std::string_view path = request.path;
    if (path == "/v1beta/models") {
        place.task = Task::models;
        return true;
    }
    const size_t models = path.find("/models/"), colon = path.rfind(':');
    if (models == std::string_view::npos || colon == std::string_view::npos || colon < models) return false;
    if (!path.starts_with("/v1beta/") && path.find("/publishers/google/") == std::string_view::npos) return false;
    place.model = path.substr(models + 8, colon - models - 8);
    place.sse = request.query.find("alt=sse") != std::string::npos;
    return is_method(path.substr(colon + 1), place);
}

Checked admit(const Request& request, std::string_view wanted) {
    std::string_view key = request.header("x-goog-api-key");
    if (key.empty()) key = bearer(request);
    if (key.empty() && request.query.find("key=") != std::string::npos)
        key = std::string_view(request.query).substr(request.query.find("key=") + 4);
    key = key.substr(0, key.find('&'));
    if (key.empty())
        return Refusal{403, "PERMISSION_DENIED",
                       "Method doesn't allow unregistered callers (callers without established identity). Please use "
                       "API Key or other form of API consumer identity to call this API.",
                       "", ""};
    if (!wanted.empty() && key != wanted)
        return Refusal{400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "",
                       "API_KEY_INVALID"};
    return {};
}

Reply json_reply(std::string body) {
    Reply reply;
    reply.body = std::move(body);
    gemini_headers(reply, "application/json; charset=UTF-8");
    return reply;
}

Reply count(JsonRef root, const Place& place) {
    const JsonRef inner = gemini::field(root, "generateContentRequest");
    Ask ask;
    ask.wire = &gemini_vendor();
    ask.account = place.account;
    if (auto r = read_gemini(inner.is_object() ? inner : root, place, ask)) return refusal_reply(*ask.wire, *r);
    return json_reply(
        fmt::format("{{\n  \"totalTokens\": {0},\n  \"promptTokensDetails\": [{{\"modality\": \"TEXT\", "
                    "\"tokenCount\": {0}}}]\n}}\n",
                    ask.input_tokens));
}

Reply models() {
    std::string body;
    JsonWriter w(body);
    w.begin_object().key("models").begin_array();
    for (const std::string_view id : {"gemini-2.5-flash", "gemini-2.5-flash-image", "gemini-embedding-001"}) {
        w.begin_object().field("name", "models/" + std::string(id)).field("version", "001").field("displayName", id);
        w.field("inputTokenLimit", 1'048'576).field("outputTokenLimit", 65'536);
        w.key("supportedGenerationMethods").begin_array();
        id.find("embedding") == std::string_view::npos ? w.string("generateContent").string("countTokens")
                                                       : w.string("embedContent");
        w.end_array().end_object();
    }
    w.end_array().end_object();
    return json_reply(std::move(body));
}

std::string_view status_word(int status) {
    switch (status) {
        case 401:
            return "UNAUTHENTICATED";
        case 402:
        case 403:
            return "PERMISSION_DENIED";
        case 404:
            return "NOT_FOUND";
        case 429:
            return "RESOURCE_EXHAUSTED";
        case 500:
            return "INTERNAL";
        case 504:
            return "DEADLINE_EXCEEDED";
        default:
            return status > 500 ? "UNAVAILABLE" : "INVALID_ARGUMENT";
    }
}

std::string error_body(const Refusal& r) {
    std::string body;
    JsonWriter w(body);
    w.begin_object().key("error").begin_object().field("code", r.status).field("message", r.message);
    w.field("status", status_word(r.status));
    if (!r.code.empty()) {
        w.key("details").begin_array().begin_object();
        w.field("@type", "type.googleapis.com/google.rpc.ErrorInfo").field("reason", r.code);
        w.field("domain", "googleapis.com").end_object().end_array();
    }
    w.end_object().end_object();
    return body;
}

Event error_event(const Refusal& refusal, int64_t tokens) {
    return {"data: " + error_body(refusal) + "\r\n\r\n", tokens};
}

Refusal unknown_model(std::string_view model) {
    return {404, "NOT_FOUND",
            fmt::format("models/{} is not found for API version v1beta, or is not supported for generateContent. Call "
                        "ListModels to see the list of available models and their supported methods.",
                        model),
            "", ""};
}

Words words() {
    Words w;
    w.not_json = "Invalid JSON payload received. Unexpected end of string.";
    w.overloaded = {503, "UNAVAILABLE", "The model is overloaded. Please try again later.", "", ""};
    w.no_quota = {429, "RESOURCE_EXHAUSTED",
                  "Your project has exceeded its monthly spending cap. Please go to AI Studio to manage it.", "", ""};
    w.long_context = {400, "INVALID_ARGUMENT",
                      "The input token count (1048999) exceeds the maximum number of tokens allowed (1048576).", "",
                      ""};
    w.policy = {400, "INVALID_ARGUMENT", "The request was refused by the safety system.", "", ""};
    w.unknown_event = "data: {\"simFuture\":{\"a\":1},\"candidates\":[]}\r\n\r\n";
    return w;
}

// ---- embeddings
// -----------------------------------------------------------------------------------------------------------

void write_values(JsonWriter& w, std::string_view text, int64_t dimensions) {
    w.key("values").begin_array();
    for (const float f : text_vector(text, dimensions)) w.raw(fmt::format("{:.8f}", f));
    w.end_array();
}

struct Wanted {
    std::string text;
    int64_t dimensions = 3'072;
};

Checked wanted(JsonRef request, Wanted& out) {
    for (JsonRef p : request["content"]["parts"]) out.text += p["text"].text();
    if (out.text.empty()) return gemini::refuse("* EmbedContentRequest.content: content is empty\n");
    if (const JsonRef d = gemini::field(request, "outputDimensionality"); gemini::given(d)) {
        out.dimensions = d.integer().value_or(0);
        if (out.dimensions < 1 || out.dimensions > 3'072)
            return gemini::refuse("* EmbedContentRequest.output_dimensionality: must be between 1 and 3072\n");
    }
    return {};
}

Checked embed_one(JsonRef root, std::string& body, int64_t& tokens) {
    Wanted one;
    if (auto r = wanted(root, one)) return r;
    tokens += count_tokens(one.text);
    JsonWriter w(body);
    w.begin_object().key("embedding").begin_object();
    write_values(w, one.text, one.dimensions);
    w.end_object().end_object();
    return {};
}

Checked embed_batch(JsonRef root, const Place& place, std::string& body, int64_t& tokens) {
    if (root["requests"].size() > 100)
        return gemini::refuse("* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n");
    JsonWriter w(body);
    w.begin_object().key("embeddings").begin_array();
    for (JsonRef r : root["requests"]) {
        if (r["model"].text() != "models/" + place.model)
            return gemini::refuse("* BatchEmbedContentsRequest.requests.model: must be the model of the path\n");
        Wanted one;
        if (auto refused = wanted(r, one)) return refused;
        tokens += count_tokens(one.text);
        w.begin_object();
        write_values(w, one.text, one.dimensions);
        w.end_object();
    }
    w.end_array().key("usageMetadata").begin_object().field("promptTokenCount", tokens).end_object().end_object();
    return {};
}

Checked predict(JsonRef root, std::string& body, int64_t& tokens) {
    JsonWriter w(body);
    w.begin_object().key("predictions").begin_array();
    const int64_t dimensions = gemini::field(root["parameters"], "outputDimensionality").integer().value_or(3'072);
    for (JsonRef i : root["instances"]) {
        if (i["content"].text().empty()) return gemini::refuse("The text content is empty.");
        const int64_t n = count_tokens(i["content"].text());
        tokens += n;
        w.begin_object().key("embeddings").begin_object();
        write_values(w, i["content"].text(), dimensions);
        w.key("statistics").begin_object().field("truncated", false).field("token_count", n).end_object();
        w.end_object().end_object();
    }
    w.end_array().end_object();
    return {};
}

Checked embed(JsonRef root, const Place& place, Reply& reply, int64_t& input_tokens) {
    Checked refused = root["requests"]    ? embed_batch(root, place, reply.body, input_tokens)
                      : root["instances"] ? predict(root, reply.body, input_tokens)
                                          : embed_one(root, reply.body, input_tokens);
    if (!refused) gemini_headers(reply, "application/json; charset=UTF-8");
    return refused;
}

}  // namespace

void gemini_headers(Reply& reply, std::string_view content_type) {
    reply.set("content-type", std::string(content_type));
    reply.set("server-timing", fmt::format("gfet4t7; dur={}", next_serial() % 1000));
    reply.set("vary", "Origin");
}

const Vendor& gemini_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "gemini";
        v.reply_id = {"", 22};
        v.call_id = {"", 8};
        v.caches_every_message = true;
        v.words = words();
        v.serves = serves;
        v.admit = admit;
        v.read = read_gemini;
        v.write = write_gemini;
        v.embed = embed;
        v.count = count;
        v.models = models;
        v.error_body = error_body;
        v.error_event = error_event;
        v.unknown_model = unknown_model;
        v.headers = gemini_headers;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
