#include "api/system/system.h"

#include "base/json.h"
#include "base/metrics.h"

namespace aig::api {

rt::Task<Status> healthz(Request& request) { return reply_json(request, 200, R"({"status":"ok"})"); }

rt::Task<Status> readyz(Request& request) {
    const Status ready = request.services.ready ? request.services.ready() : Status{};
    if (ready) return reply_json(request, 200, R"({"status":"ready"})");
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("status", "not ready")
        .field("reason", ready.error().row().name)
        .field("message", ready.error().message())
        .end_object();
    return reply_json(request, 503, std::move(out));
}

rt::Task<Status> metrics_page(Request& request) {
    if (!request.services.public_metrics)
        co_return Error(ErrorCode::route_not_found, "metrics are on the admin listener");
    const std::string text = metrics::expose();
    net::Headers h;
    h.add("content-type", "text/plain; version=0.0.4");
    add_common_headers(h, request);
    request.status = 200;
    net::Pieces body{text};
    auto sent = co_await request.http.respond(200, std::move(h), std::move(body));
    co_return sent;
}

rt::Task<Status> openapi(Request& request) { return reply_json(request, 200, request.services.openapi_json); }

}  // namespace aig::api
