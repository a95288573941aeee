#include "cli/detail/http.h"

#include <fmt/format.h>

#include "net/client.h"

namespace aig::cli {
namespace {
constexpr size_t max_reply = 64 << 20;

Result<std::shared_ptr<const net::Upstream>> upstream_of(const HttpCall& call) {
    std::string_view base = call.base_url;
    while (base.ends_with('/')) base.remove_suffix(1);
    if (base.ends_with("/v1")) base.remove_suffix(3);
    TRY(auto upstream, net::parse_upstream(base));
    const bool here = upstream.host == "localhost" || upstream.host == "::1" || upstream.host.starts_with("127.");
    if (here) upstream.proxy = "none";  // a proxy of the environment is for the world, not for this machine
    upstream.timeouts.total_ms = upstream.timeouts.first_byte_ms = upstream.timeouts.idle_ms = call.timeout_ms;
    return std::make_shared<const net::Upstream>(std::move(upstream));
}

net::ClientRequest request_of(const HttpCall& call) {
    net::ClientRequest r;
    r.method = call.method;
    r.target = call.target;
    if (!call.bearer.empty()) r.headers.add("authorization", "Bearer " + call.bearer);
    r.headers.add("accept", "application/json, text/event-stream");
    r.headers.add("user-agent", "aig-cli");
    if (!call.body.empty()) {
        r.headers.add("content-type", "application/json");
        r.body.push_back(call.body);
    }
    return r;
}

/// All a call needs while its loop runs; on the caller's stack, outliving the task.
struct Exchange {
    const HttpCall& call;
    std::shared_ptr<const net::Upstream> upstream;
    const std::function<Status(std::string_view)>& bytes;
    rt::Loop& loop;
    Result<HttpReply> result = Error(ErrorCode::internal, "the call did not end");
};

rt::Task<Result<HttpReply>> talk(Exchange& x) {
    auto client = net::Client::make(x.loop);
    CO_TRY(auto reply, co_await client->send(x.upstream, request_of(x.call), nullptr));
    HttpReply out{reply->status(), reply->headers(), {}};
    if (out.status != 200 || !x.bytes) {
        CO_TRY(out.body, co_await reply->read_all(max_reply));
        co_return out;
    }
    while (true) {
        CO_TRY(const auto piece, co_await reply->read());
        if (piece.empty()) co_return out;
        CO_TRYV(x.bytes(piece));
    }
}

rt::Task<> run_one(Exchange& x) {
    auto result = co_await talk(x);
    x.result = std::move(result);
    x.loop.stop();
}
}  // namespace

Result<HttpReply> http_stream(HttpCall call, std::function<Status(std::string_view)> bytes) {
    TRY(auto upstream, upstream_of(call));
    rt::Loop loop;
    Exchange x{call, std::move(upstream), bytes, loop};
    loop.spawn([&x] { return run_one(x); });
    loop.run();
    if (x.result || x.result.error().code() != ErrorCode::upstream_unreachable) return std::move(x.result);
    return Error(ErrorCode::upstream_unreachable,
                 fmt::format("Nothing answers at {}. Start a gateway with 'aig dev' or 'aig serve --config FILE', "
                             "or name another with --url.",
                             call.base_url));
}

Result<HttpReply> http_call(HttpCall call) { return http_stream(std::move(call), {}); }

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        plain ? void(out += c)
              : void(fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c)));
    }
    return out;
}

}  // namespace aig::cli
