#include "api/openai/follow.h"

#include "base/json.h"
#include "base/time.h"

namespace aig::api {
namespace {

constexpr int64_t look_ms = 50, ping_ms = 10'000;

net::Headers stream_headers(Request& request) {
    net::Headers h;
    h.add("content-type", "text/event-stream");
    h.add("cache-control", "no-cache");
    add_common_headers(h, request);
    request.status = 200;
    return h;
}

/// Comments have no number and always go on.
bool is_wanted(std::string_view event, int64_t after) {
    const size_t at = event.find("data: ");
    if (at == std::string_view::npos) return true;
    const auto doc = JsonDoc::parse(event.substr(at + 6));
    return !doc || doc->root()["sequence_number"].integer().value_or(after + 1) > after;
}
}  // namespace

std::string events_after(std::string& text, int64_t after) {
    std::string out;
    size_t from = 0;
    for (size_t end; (end = text.find("\n\n", from)) != std::string::npos; from = end + 2) {
        const auto event = std::string_view(text).substr(from, end + 2 - from);
        if (is_wanted(event, after)) out += event;
    }
    text.erase(0, from);
    return out;
}

rt::Task<Status> follow_run(Request& request, std::shared_ptr<BackgroundRun> run, int64_t after) {
    CO_TRYV(co_await request.http.begin(200, stream_headers(request)));
    size_t seen = 0;
    std::string waiting;
    int64_t said_ms = mono_ms();
    for (;;) {
        auto more = run->streamed(seen);
        seen += more.text.size();
        waiting += more.text;
        std::string out = events_after(waiting, after);
        if (out.empty() && !more.done && mono_ms() - said_ms > ping_ms) out = ": ping\n\n";
        if (!out.empty()) {
            net::Pieces pieces{out};
            CO_TRYV(co_await request.http.write(std::move(pieces)));
            said_ms = mono_ms();
        }
        if (more.done) break;
        if (request.http.stop().stopped()) co_return Error(ErrorCode::client_gone);
        co_await rt::Loop::current()->sleep_ms(look_ms);
    }
    auto ended = co_await request.http.end();
    co_return ended;
}

rt::Task<Status> send_kept_stream(Request& request, std::string events, int64_t after) {
    CO_TRYV(co_await request.http.begin(200, stream_headers(request)));
    const std::string out = events_after(events, after);
    if (!out.empty()) {
        net::Pieces pieces{out};
        CO_TRYV(co_await request.http.write(std::move(pieces)));
    }
    auto ended = co_await request.http.end();
    co_return ended;
}

}  // namespace aig::api
