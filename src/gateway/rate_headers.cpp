#include "gateway/rate_headers.h"

#include <fmt/format.h>

#include "base/time.h"

namespace aig::gateway {
namespace {

struct Left {
    int64_t limit, remaining, reset_ms;
};

int64_t seconds(int64_t ms) { return (ms + 999) / 1000; }

void openai(net::Headers& h, std::string_view what, const Left& l) {
    if (l.limit < 0) return;
    h.add(fmt::format("x-ratelimit-limit-{}", what), std::to_string(l.limit));
    h.add(fmt::format("x-ratelimit-remaining-{}", what), std::to_string(l.remaining));
    h.add(fmt::format("x-ratelimit-reset-{}", what), fmt::format("{}s", seconds(l.reset_ms)));
}

void anthropic(net::Headers& h, std::string_view what, const Left& l, int64_t now_us) {
    if (l.limit < 0) return;
    const int64_t reset_s = now_us / 1'000'000 + seconds(l.reset_ms);
    h.add(fmt::format("anthropic-ratelimit-{}-limit", what), std::to_string(l.limit));
    h.add(fmt::format("anthropic-ratelimit-{}-remaining", what), std::to_string(l.remaining));
    // Whole seconds: "2026-11-21T14:40:00Z".
    h.add(fmt::format("anthropic-ratelimit-{}-reset", what), iso_utc(reset_s * 1'000'000).substr(0, 19) + 'Z');
}

void trio(net::Headers& h, const Left& l, int64_t now_us) {
    if (l.limit < 0) return;
    h.add("x-ratelimit-limit", std::to_string(l.limit));
    h.add("x-ratelimit-remaining", std::to_string(l.remaining));
    h.add("x-ratelimit-reset", std::to_string(now_us / 1'000'000 + seconds(l.reset_ms)));
}
}  // namespace

void add_rate_headers(net::Headers& h, const limits::State& s, canon::Surface surface, int64_t now_us) {
    const Left requests{s.limit_requests, s.remaining_requests, s.reset_requests_ms};
    const Left tokens{s.limit_tokens, s.remaining_tokens, s.reset_tokens_ms};
    const Left day{s.limit_day, s.remaining_day, s.reset_day_ms};
    if (surface == canon::Surface::anthropic) {
        anthropic(h, "requests", requests, now_us);
        anthropic(h, "tokens", tokens, now_us);
        return;
    }
    // A key with a daily limit alone shows that one in the trio.
    trio(h, requests.limit >= 0 ? requests : day, now_us);
    openai(h, "requests", requests);
    openai(h, "tokens", tokens);
    openai(h, "requests-day", day);
}

}  // namespace aig::gateway
