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

/// "<before><what><after>: <number><unit>", without a heap: every reply has nine of them.
void add(net::Headers& h, std::string_view before, std::string_view what, std::string_view after, int64_t number,
         std::string_view unit = {}) {
    char name[64], value[32];
    char* end = name;
    for (const std::string_view part : {before, what, after}) end = std::copy(part.begin(), part.end(), end);
    char* digits = std::to_chars(value, value + 24, number).ptr;
    digits = std::copy(unit.begin(), unit.end(), digits);
    h.add({name, static_cast<size_t>(end - name)}, {value, static_cast<size_t>(digits - value)});
}

void openai(net::Headers& h, std::string_view what, const Left& l) {
    if (l.limit < 0) return;
    add(h, "x-ratelimit-limit-", what, "", l.limit);
    add(h, "x-ratelimit-remaining-", what, "", l.remaining);
    add(h, "x-ratelimit-reset-", what, "", seconds(l.reset_ms), "s");
}

void anthropic(net::Headers& h, std::string_view what, const Left& l, int64_t now_us) {
    if (l.limit < 0) return;
    const int64_t reset_s = now_us / 1'000'000 + seconds(l.reset_ms);
    add(h, "anthropic-ratelimit-", what, "-limit", l.limit);
    add(h, "anthropic-ratelimit-", what, "-remaining", l.remaining);
    // Whole seconds: "2026-11-21T14:40:00Z".
    h.add("anthropic-ratelimit-" + std::string(what) + "-reset", iso_utc(reset_s * 1'000'000).substr(0, 19) + 'Z');
}

void trio(net::Headers& h, const Left& l, int64_t now_us) {
    if (l.limit < 0) return;
    add(h, "x-ratelimit-", "limit", "", l.limit);
    add(h, "x-ratelimit-", "remaining", "", l.remaining);
    add(h, "x-ratelimit-", "reset", "", now_us / 1'000'000 + seconds(l.reset_ms));
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
