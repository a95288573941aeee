#include "api/system/system.h"

#include <fmt/format.h>

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

namespace {
std::string html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else
            out += c;
    }
    return out;
}

std::string error_page() {
    std::string out =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Errors</title><style>body{font:16px/1.5 "
        "sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.3rem 1rem .3rem "
        "0;vertical-align:top}:target{background:#ff8}</style><h1>Errors</h1><p>By <code>error.reason</code>. The "
        "status can differ by API. No error is ever billed.<table><tr><th>reason<th>status<th>what to do";
    for (size_t i = 0; i < error_count(); ++i) {
        const auto& row = error_row(static_cast<ErrorCode>(i));
        out +=
            fmt::format("\n<tr id=\"{0}\"><td><code>{0}</code><td>{1}<td>{2}", row.name, row.status, html(row.advice));
    }
    return out + "\n</table></html>\n";
}
}  // namespace

rt::Task<Status> error_docs(Request& request) {
    static const std::string page = error_page();
    net::Headers h;
    h.add("content-type", "text/html; charset=utf-8");
    h.add("cache-control", "public, max-age=3600");
    h.add("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    h.add("x-content-type-options", "nosniff");
    add_common_headers(h, request);
    request.status = 200;
    net::Pieces body{page};
    auto sent = co_await request.http.respond(200, std::move(h), std::move(body));
    co_return sent;
}

rt::Task<Status> openapi(Request& request) { return reply_json(request, 200, request.services.openapi_json); }

}  // namespace aig::api
