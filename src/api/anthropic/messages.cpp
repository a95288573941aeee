#include "api/anthropic/messages.h"

#include "api/idempotent.h"
#include "api/inference.h"
#include "base/json.h"
#include "dialect/registry.h"

namespace aig::api {

rt::Task<Status> create_message(Request& request) {
    return infer(request, dialect::anthropic_messages(), {canon::Operation::chat, {}});
}

rt::Task<Status> count_message_tokens(Request& request) {
    CO_TRYV(json_body(request.http.head().headers));
    CO_TRY(const auto body, co_await take_body(request, request.services.max_json_body));
    CO_TRY(const auto envelope, dialect::measure_messages(body.bytes));
    const auto snapshot = request.services.catalogue->get();
    CO_TRY(const auto model, snapshot->resolve(envelope.model));
    if (!request.principal->allows(model->id))
        co_return Error(ErrorCode::model_forbidden, "this key may not use '" + model->id + "'").param("model");
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("input_tokens", canon::estimate_tokens(envelope.size, model->tokenizer))
        .end_object();
    net::Headers h;
    h.add("content-type", "application/json");
    h.add("x-aig-estimated", "true");
    add_common_headers(h, request);
    request.status = 200;
    net::Pieces pieces{out};
    auto sent = co_await request.http.respond(200, std::move(h), std::move(pieces));
    co_return sent;
}

rt::Task<Status> base_url(Request& request) {
    auto sent = co_await reply_json(request, 200, R"({"name":"AIGateway","openapi":"/openapi.json"})");
    co_return sent;
}

}  // namespace aig::api
