#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "limits/detail/meter.h"
#include "limits/limits.h"

namespace aig::limits {
namespace {
constexpr size_t shard_count = 64;
constexpr int64_t concurrency_retry_ms = 1'000;  // nobody knows when a call ends

constexpr int64_t day_us = 86'400'000'000;

/// Requests of one UTC day.
struct DayCount {
    int64_t day = 0, requests = 0;
    /// Of the day of `now_us`, or of a later one that has begun: nothing is counted twice when the clock is set back.
    int64_t of(int64_t now_us) const { return now_us / day_us > day ? 0 : requests; }
    int64_t left_ms(int64_t now_us) const {
        return ((std::max(day, now_us / day_us) + 1) * day_us - now_us + 999) / 1000;
    }
    void take(int64_t n, int64_t now_us) {
        if (now_us / day_us > day) *this = {now_us / day_us, 0};
        requests += n;
    }
};

/// The two clocks of a check.
struct Now {
    int64_t ns, wall_us;
};

struct Entry {
    int64_t key = 0;
    Meter requests, tokens;
    int64_t in_flight = 0;
    DayCount day{};
    bool idle(Now now) const {
        return in_flight == 0 && requests.idle(now.ns) && tokens.idle(now.ns) && day.of(now.wall_us) == 0;
    }
};

/// Most recently used first.
struct alignas(64) Shard {
    std::mutex mutex;
    std::list<Entry> entries;
    std::unordered_map<int64_t, std::list<Entry>::iterator> by_key;

    Entry* find(int64_t key) {
        const auto at = by_key.find(key);
        return at == by_key.end() ? nullptr : &*at->second;
    }
    /// Null when `max` busy keys are remembered.
    Entry* find_or_add(int64_t key, Now now, size_t max) {
        if (const auto at = by_key.find(key); at != by_key.end()) {
            entries.splice(entries.begin(), entries, at->second);
            return &entries.front();
        }
        forget(now);
        if (entries.size() >= max) return nullptr;
        entries.emplace_front().key = key;
        by_key[key] = entries.begin();
        return &entries.front();
    }
    /// Two from the old end per new key: the list cannot grow while its old end is idle. A busy one moves to the front.
    void forget(Now now) {
        for (int i = 0; i < 2 && !entries.empty(); ++i) {
            const auto last = std::prev(entries.end());
            if (last->idle(now)) {
                by_key.erase(last->key);
                entries.erase(last);
            } else
                entries.splice(entries.begin(), entries, last);
        }
    }
};

int64_t rate(int64_t limit) { return std::clamp<int64_t>(limit, 1, max_rate); }
int64_t milliseconds(int64_t ns) { return (ns + 999'999) / 1'000'000; }

Error refuse(std::string_view reason, int64_t limit, int64_t window_s, int64_t retry_after_ms, std::string message) {
    Error error =
        Error(ErrorCode::rate_limited, std::move(message)).reason(std::string(reason)).retry_after_ms(retry_after_ms);
    if (!window_s) return error;
    return std::move(error).details_json(fmt::format(R"("limit":{},"windowSeconds":{},"retryAfterSeconds":{})", limit,
                                                     window_s, (retry_after_ms + 999) / 1000));
}

/// The refusal of the check that has to wait longest; nothing when all pass.
std::optional<Error> check(const Entry& e, const Limits& l, int64_t tokens, Now now) {
    if (l.rpd && e.day.of(now.wall_us) >= *l.rpd)
        return refuse("requests_day", *l.rpd, day_us / 1'000'000, e.day.left_ms(now.wall_us),
                      fmt::format("This {}'s limit of {} requests a day (UTC) is reached", l.whose, *l.rpd));
    if (l.concurrency && e.in_flight >= *l.concurrency)
        return refuse("concurrency", *l.concurrency, 0, concurrency_retry_ms,
                      fmt::format("This {} may have {} calls in flight at once", l.whose, *l.concurrency));
    const auto wait_for = [&](const std::optional<int64_t>& limit, const Meter& meter, int64_t units) -> int64_t {
        if (!limit) return 0;
        return *limit <= 0 ? minute_ns : meter.wait_ns(units, rate(*limit), now.ns);
    };
    const int64_t requests = wait_for(l.rpm, e.requests, 1), needed = wait_for(l.tpm, e.tokens, tokens);
    if (needed < 0)
        return refuse("tokens", *l.tpm, 60, 0,
                      fmt::format("This request needs about {} tokens, more than this {}'s limit of {} a minute",
                                  tokens, l.whose, *l.tpm));
    if (requests == 0 && needed == 0) return std::nullopt;
    if (requests >= needed)
        return refuse("requests", *l.rpm, 60, milliseconds(requests),
                      fmt::format("This {}'s limit of {} requests a minute is reached", l.whose, *l.rpm));
    return refuse("tokens", *l.tpm, 60, milliseconds(needed),
                  fmt::format("This {}'s limit of {} tokens a minute is reached", l.whose, *l.tpm));
}

State state_of(const Entry& e, const Limits& l, Now now) {
    State s;
    if (l.rpm) {
        s.limit_requests = *l.rpm;
        s.remaining_requests = e.requests.remaining(rate(*l.rpm), now.ns);
        s.reset_requests_ms = milliseconds(e.requests.reset_ns(now.ns));
    }
    if (l.tpm) {
        s.limit_tokens = *l.tpm;
        s.remaining_tokens = e.tokens.remaining(rate(*l.tpm), now.ns);
        s.reset_tokens_ms = milliseconds(e.tokens.reset_ns(now.ns));
    }
    if (l.rpd) {
        s.limit_day = *l.rpd;
        s.remaining_day = std::max<int64_t>(0, *l.rpd - e.day.of(now.wall_us));
        s.reset_day_ms = e.day.left_ms(now.wall_us);
    }
    return s;
}
}  // namespace

struct Limiter::Shards {
    std::array<Shard, shard_count> all;
    size_t max_per_shard;
    Shard& of(KeyId key) {
        const auto mixed = static_cast<uint64_t>(key.value) * 0x9E3779B97F4A7C15u;
        return all[mixed >> 58];
    }
};

Limiter::Limiter(size_t max_keys) : shards_(std::make_unique<Shards>()) {
    shards_->max_per_shard = std::max<size_t>(1, (max_keys + shard_count - 1) / shard_count);
}
Limiter::~Limiter() = default;

Result<Ticket> Limiter::admit(KeyId key, const Limits& limits, int64_t estimated_tokens, int64_t now_mono_ns,
                              int64_t now_wall_us) {
    Ticket ticket;
    if (!limits.any()) return ticket;
    const Now now{now_mono_ns, now_wall_us};
    const int64_t tokens = std::max<int64_t>(0, estimated_tokens);
    auto& shard = shards_->of(key);
    const std::lock_guard lock(shard.mutex);
    auto* e = shard.find_or_add(key.value, now, shards_->max_per_shard);
    if (!e) return Error(ErrorCode::overloaded, "Too many keys are active at once").retry_after_ms(1'000);
    if (auto refused = check(*e, limits, tokens, now)) return *std::move(refused);
    if (limits.rpm) e->requests.take(1, rate(*limits.rpm), now.ns);
    if (limits.tpm) e->tokens.take(tokens, rate(*limits.tpm), now.ns);
    if (limits.concurrency) ++e->in_flight;
    if (limits.rpd) e->day.take(1, now.wall_us);
    ticket.limiter_ = this;
    ticket.key_ = key;
    ticket.tokens_ = tokens;
    ticket.admitted_ns_ = now.ns;
    ticket.requests_limited_ = limits.rpm.has_value();
    ticket.tokens_limited_ = limits.tpm.has_value();
    ticket.counted_ = limits.concurrency.has_value();
    ticket.day_ = limits.rpd ? e->day.day : -1;
    ticket.state_ = ticket.shown_ = state_of(*e, limits, now);
    return ticket;
}

Status Limiter::peek(KeyId key, const Limits& limits, int64_t now_mono_ns, int64_t now_wall_us) const {
    auto& shard = shards_->of(key);
    const std::lock_guard lock(shard.mutex);
    const auto* e = shard.find(key.value);
    if (auto refused = check(e ? *e : Entry{}, limits, 0, {now_mono_ns, now_wall_us})) return *std::move(refused);
    return {};
}

State Limiter::state(KeyId key, const Limits& limits, int64_t now_mono_ns, int64_t now_wall_us) const {
    auto& shard = shards_->of(key);
    const std::lock_guard lock(shard.mutex);
    const auto* e = shard.find(key.value);
    return state_of(e ? *e : Entry{}, limits, {now_mono_ns, now_wall_us});
}

void Limiter::used_today(KeyId key, int64_t requests, int64_t now_wall_us) {
    auto& shard = shards_->of(key);
    const std::lock_guard lock(shard.mutex);
    if (auto* e = shard.find_or_add(key.value, {0, now_wall_us}, shards_->max_per_shard))
        e->day.take(requests, now_wall_us);
}

size_t Limiter::remembered() const {
    size_t n = 0;
    for (auto& s : shards_->all) {
        const std::lock_guard lock(s.mutex);
        n += s.entries.size();
    }
    return n;
}

Ticket::Ticket(Ticket&& o) noexcept { *this = std::move(o); }

Ticket& Ticket::operator=(Ticket&& o) noexcept {
    if (this == &o) return *this;
    release();
    limiter_ = std::exchange(o.limiter_, nullptr);
    key_ = o.key_;
    tokens_ = o.tokens_;
    admitted_ns_ = o.admitted_ns_;
    requests_limited_ = std::exchange(o.requests_limited_, false);
    tokens_limited_ = std::exchange(o.tokens_limited_, false);
    counted_ = std::exchange(o.counted_, false);
    day_ = std::exchange(o.day_, -1);
    state_ = o.state_;
    shown_ = o.shown_;
    joined_ = std::move(o.joined_);
    return *this;
}

Ticket::~Ticket() { release(); }

void Ticket::release() noexcept {
    if (!limiter_ || !std::exchange(counted_, false)) return;
    auto& shard = limiter_->shards_->of(key_);
    const std::lock_guard lock(shard.mutex);
    if (auto* e = shard.find(key_.value)) --e->in_flight;  // always there: a key with calls in flight is not forgotten
}

namespace {
/// Of one limit: the meter with less left, or the only one there is.
void tighten(int64_t& limit, int64_t& left, int64_t& reset_ms, int64_t limit2, int64_t left2, int64_t reset2_ms) {
    if (limit2 < 0 || (limit >= 0 && left <= left2)) return;
    limit = limit2, left = left2, reset_ms = reset2_ms;
}
}  // namespace

void Ticket::join(Ticket other) {
    const State& o = other.shown_;
    State& s = shown_;
    tighten(s.limit_requests, s.remaining_requests, s.reset_requests_ms, o.limit_requests, o.remaining_requests,
            o.reset_requests_ms);
    tighten(s.limit_tokens, s.remaining_tokens, s.reset_tokens_ms, o.limit_tokens, o.remaining_tokens,
            o.reset_tokens_ms);
    tighten(s.limit_day, s.remaining_day, s.reset_day_ms, o.limit_day, o.remaining_day, o.reset_day_ms);
    joined_ = std::make_unique<Ticket>(std::move(other));
}

void Ticket::correct(int64_t tokens) {
    if (joined_) joined_->correct(tokens);
    if (!limiter_ || !std::exchange(tokens_limited_, false)) return;
    auto& shard = limiter_->shards_->of(key_);
    const std::lock_guard lock(shard.mutex);
    const int64_t limit = rate(state_.limit_tokens), more = std::max<int64_t>(0, tokens) - tokens_;
    auto* e = shard.find(key_.value);
    if (!e) return;  // nothing was left to remember: the estimate has run out
    if (more < 0)
        e->tokens.give(-more, limit);
    else
        e->tokens.take(more, limit, admitted_ns_);
}

void Ticket::refund() {
    if (joined_) joined_->refund();
    if (!limiter_) return;
    correct(0);
    release();
    auto& shard = limiter_->shards_->of(key_);
    const std::lock_guard lock(shard.mutex);
    auto* e = shard.find(key_.value);
    if (!e) return;
    if (std::exchange(requests_limited_, false)) e->requests.give(1, rate(state_.limit_requests));
    if (const int64_t day = std::exchange(day_, -1); day >= 0 && day == e->day.day) --e->day.requests;
}
}  // namespace aig::limits
