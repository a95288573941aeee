#include <fmt/format.h>

#include "base/money.h"
#include "base/time.h"
#include "gateway/detail/flow.h"

namespace aig::gateway {
namespace {

/// x-aig-loss lists at most this much; the log has all of it.
constexpr size_t max_loss_header = 1'000;

std::string loss_list(const canon::Losses& losses) {
    std::string s;
    for (const auto& l : losses) {
        if (s.size() + l.size() + 6 > max_loss_header) return s + ", ...";
        s.append(s.empty() ? "" : ", ").append(l);
    }
    return s;
}

std::string seconds(int64_t ms) { return fmt::format("{}s", (ms + 999) / 1000); }
}  // namespace

void add_rate_headers(net::Headers& headers, const limits::State& s) {
    if (s.limit_requests >= 0) {
        // The older trio of one of the surfaces; its reset is an epoch second.
        headers.add("x-ratelimit-limit", std::to_string(s.limit_requests));
        headers.add("x-ratelimit-remaining", std::to_string(s.remaining_requests));
        headers.add("x-ratelimit-reset", std::to_string(now_us() / 1'000'000 + (s.reset_requests_ms + 999) / 1000));
        headers.add("x-ratelimit-limit-requests", std::to_string(s.limit_requests));
        headers.add("x-ratelimit-remaining-requests", std::to_string(s.remaining_requests));
        headers.add("x-ratelimit-reset-requests", seconds(s.reset_requests_ms));
    }
    if (s.limit_tokens >= 0) {
        headers.add("x-ratelimit-limit-tokens", std::to_string(s.limit_tokens));
        headers.add("x-ratelimit-remaining-tokens", std::to_string(s.remaining_tokens));
        headers.add("x-ratelimit-reset-tokens", seconds(s.reset_tokens_ms));
    }
}

net::Headers reply_headers(const Flow& f) {
    net::Headers h;
    h.add("content-type", std::string(f.call.dialect->content_type(f.envelope)));
    h.add("x-request-id", f.call.correlation_id);
    h.add("x-aig-request-id", f.call.request_id);
    h.add("x-cache", "BYPASS");
    if (f.envelope.stream) h.add("cache-control", "no-cache");
    if (f.attempt) {
        h.add("x-aig-provider", f.attempt->target->provider->name);
        h.add("x-aig-attempts", std::to_string(f.attempts));
    }
    if (!f.losses.empty()) h.add("x-aig-loss", loss_list(f.losses));
    if (f.clamped_max) h.add("x-aig-max-tokens-clamped", std::to_string(*f.clamped_max));
    add_rate_headers(h, f.ticket.state());
    return h;
}

void add_cost_headers(net::Headers& headers, const canon::Bill& bill) {
    headers.add("x-cost-cents", cents_number(bill.receipt.cost_nanos()));
    headers.add("x-cached-input-units", std::to_string(bill.usage[canon::Component::cached_input]));
}

rt::Task<Status> begin_stream(Flow& f) {
    if (std::exchange(f.begun, true)) co_return Status{};
    auto headers = reply_headers(f);
    auto begun = co_await f.sink.begin(std::move(headers));
    co_return begun;
}

}  // namespace aig::gateway
