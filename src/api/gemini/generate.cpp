#include "api/gemini/generate.h"

#include <fmt/format.h>

#include "api/idempotent.h"
#include "api/inference.h"
#include "base/json.h"
#include "dialect/registry.h"

namespace aig::api {
namespace {

using canon::Operation;

struct Method {
    std::string_view model, name;
};
Method split(std::string_view arg) {
    const auto colon = arg.rfind(':');
    if (colon == std::string_view::npos) return {arg, {}};
    return {arg.substr(0, colon), arg.substr(colon + 1)};
}

bool as_events(std::string_view query) {
    return net::query_value(query, "alt") == "sse" || net::query_value(query, "$alt") == "sse";
}

/// The request that is counted: the body itself, or the whole call in it.
Result<canon::Envelope> counted(std::string_view body, std::string_view model) {
    TRY(const auto doc, JsonDoc::parse(body));
    JsonRef inner = doc.root()["generateContentRequest"];
    if (!inner.is_object()) inner = doc.root()["generate_content_request"];
    return dialect::gemini().peek(
        {.operation = Operation::chat, .body = inner.is_object() ? inner.raw() : body, .model = model});
}

/// Our own estimate, free of charge: Google's count would need a call, and other models have none.
rt::Task<Status> count_tokens(Request& request, std::string_view name) {
    CO_TRY(const auto body, co_await take_body(request, request.services.max_json_body));
    CO_TRY(const auto envelope, counted(body.bytes, name));
    CO_TRY(const auto model, request.services.catalogue->get()->resolve(envelope.model));
    if (!request.principal->allows(model->id))
        co_return Error(ErrorCode::model_forbidden, fmt::format("this key may not use '{}'", model->id)).param("model");
    const int64_t tokens = canon::estimate_tokens(envelope.size, model->tokenizer);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("totalTokens", tokens).key("promptTokensDetails").begin_array().begin_object();
    w.field("modality", "TEXT").field("tokenCount", tokens).end_object().end_array().field("estimated", true);
    w.end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace

rt::Task<Status> gemini_method(Request& request) {
    const auto [model, method] = split(request.arg);
    canon::Incoming in;
    in.model = model;
    if (method == "countTokens") {
        auto counted = co_await count_tokens(request, model);
        co_return counted;
    }
    if (method == "embedContent" || method == "batchEmbedContents") {
        in.operation = Operation::embedding;
    } else if (method == "generateContent") {
        in.stream = false;
    } else if (method == "streamGenerateContent") {
        in.stream = true;
        in.sse = as_events(request.http.head().query);
    } else {
        co_return Error(ErrorCode::route_not_found,
                        fmt::format("there is no method '{}' of a model here", method.substr(0, 64)));
    }
    auto done = co_await infer(request, dialect::gemini(), in);
    co_return done;
}

}  // namespace aig::api
