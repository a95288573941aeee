#include <algorithm>
#include <set>
#include <string>

#include "base/money.h"
#include "base/time.h"
#include "gateway/detail/flow.h"
#include "gateway/rate_headers.h"

namespace aig::gateway {
namespace {

/// x-aig-loss lists at most this much; the log has all of it.
constexpr size_t max_loss_header = 1'000;

/// Names of members are the caller's or the provider's words: a header takes only some of their bytes.
std::string visible(std::string_view name) {
    std::string out(name.substr(0, 200));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < 0x20 || c >= 0x7f || c == ','; }, '?');
    return out;
}
}  // namespace

std::string loss_list(const Flow& f, size_t most) {
    std::string s;
    if (f.losses.empty() && f.reply_losses.empty()) return s;
    std::set<std::string> told;
    const auto tell = [&](std::string_view prefix, const canon::Losses& losses) {
        for (const auto& l : losses) {
            auto name = std::string(prefix) + visible(l);
            if (s.ends_with(", ...") || !told.insert(name).second) continue;
            s.append(s.empty() ? "" : ", ").append(s.size() + name.size() + 8 > most ? "..." : name);
        }
    };
    tell("", f.losses);
    tell("reply.", f.reply_losses);
    return s;
}

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
    if (const auto lost = loss_list(f, max_loss_header); !lost.empty()) h.add("x-aig-loss", lost);
    if (f.clamped_max) h.add("x-aig-max-tokens-clamped", std::to_string(*f.clamped_max));
    add_rate_headers(h, f.ticket.state(), f.call.surface, now_ms() * 1000);
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
