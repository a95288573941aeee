#include "gateway/rate_headers.h"

#include <algorithm>
#include <charconv>

#include "base/time.h"

namespace aig::gateway {
namespace {

struct Left {
    int64_t limit, remaining, reset_ms;
};

int64_t seconds(int64_t ms) { return (ms + 999) / 1000; }

/// The three names of one family, whole: every reply has nine of them.
struct Names {
    net::HeaderName limit, remaining, reset;
};
constexpr Names openai_requests{"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
                                "x-ratelimit-reset-requests"};
constexpr Names openai_tokens{"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"};
constexpr Names openai_day{"x-ratelimit-limit-requests-day", "x-ratelimit-remaining-requests-day",
                           "x-ratelimit-reset-requests-day"};
constexpr Names trio_names{"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"};
constexpr Names anthropic_requests{"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining",
                                   "anthropic-ratelimit-requests-reset"};
constexpr Names anthropic_tokens{"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining",
                                 "anthropic-ratelimit-tokens-reset"};

/// "<number><unit>", without a heap. One copy for its dozen of places.
[[gnu::noinline]] void add(net::Headers& h, net::HeaderName name, int64_t number, std::string_view unit = {}) {
    char value[32];
    char* digits = std::to_chars(value, value + 24, number).ptr;
    digits = std::copy(unit.begin(), unit.end(), digits);
    h.add(name, {value, static_cast<size_t>(digits - value)});
}

void openai(net::Headers& h, const Names& names, const Left& l) {
    if (l.limit < 0) return;
    add(h, names.limit, l.limit);
    add(h, names.remaining, l.remaining);
    add(h, names.reset, seconds(l.reset_ms), "s");
}

void anthropic(net::Headers& h, const Names& names, const Left& l, int64_t now_us) {
    if (l.limit < 0) return;
    const int64_t reset_s = now_us / 1'000'000 + seconds(l.reset_ms);
    add(h, names.limit, l.limit);
    add(h, names.remaining, l.remaining);
    // Whole seconds: "2026-11-21T14:40:00Z".
    h.add(names.reset, iso_utc(reset_s * 1'000'000).substr(0, 19) + 'Z');
}

void trio(net::Headers& h, const Left& l, int64_t now_us) {
    if (l.limit < 0) return;
    add(h, trio_names.limit, l.limit);
    add(h, trio_names.remaining, l.remaining);
    add(h, trio_names.reset, now_us / 1'000'000 + seconds(l.reset_ms));
}
}  // namespace

void add_rate_headers(net::Headers& h, const limits::State& s, canon::Surface surface, int64_t now_us) {
    const Left requests{s.limit_requests, s.remaining_requests, s.reset_requests_ms};
    const Left tokens{s.limit_tokens, s.remaining_tokens, s.reset_tokens_ms};
    const Left day{s.limit_day, s.remaining_day, s.reset_day_ms};
    if (surface == canon::Surface::anthropic) {
        anthropic(h, anthropic_requests, requests, now_us);
        anthropic(h, anthropic_tokens, tokens, now_us);
        return;
    }
    // A key with a daily limit alone shows that one in the trio.
    trio(h, requests.limit >= 0 ? requests : day, now_us);
    openai(h, openai_requests, requests);
    openai(h, openai_tokens, tokens);
    openai(h, openai_day, day);
}

}  // namespace aig::gateway
