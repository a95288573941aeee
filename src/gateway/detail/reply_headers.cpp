#include <string>

#include "base/money.h"
#include "base/time.h"
#include "gateway/detail/flow.h"
#include "gateway/rate_headers.h"

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
}  // namespace

net::Headers reply_headers(const Flow& f) {
    net::Headers h;
    h.reserve(24, 1280);  // with what the surface adds
    h.add("content-type", f.call.dialect->content_type(f.envelope));
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
    add_rate_headers(h, f.ticket.state(), f.call.surface, now_us());
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
