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

struct Entry {
    int64_t key = 0;
    Meter requests, tokens;
    int64_t in_flight = 0;
    bool idle(int64_t now_ns) const { return in_flight == 0 && requests.idle(now_ns) && tokens.idle(now_ns); }
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
    Entry* find_or_add(int64_t key, int64_t now_ns, size_t max) {
        if (const auto at = by_key.find(key); at != by_key.end()) {
            entries.splice(entries.begin(), entries, at->second);
            return &entries.front();
        }
        forget(now_ns);
        if (entries.size() >= max) return nullptr;
        entries.emplace_front().key = key;
        by_key[key] = entries.begin();
        return &entries.front();
    }
    /// Two from the old end per new key: the list cannot grow while its old end is idle. A busy one moves to the front.
    void forget(int64_t now_ns) {
        for (int i = 0; i < 2 && !entries.empty(); ++i) {
            const auto last = std::prev(entries.end());
            if (last->idle(now_ns)) {
                by_key.erase(last->key);
                entries.erase(last);
            } else
                entries.splice(entries.begin(), entries, last);
        }
    }
};

int64_t rate(int64_t limit) { return std::clamp<int64_t>(limit, 1, max_rate); }
int64_t milliseconds(int64_t ns) { return (ns + 999'999) / 1'000'000; }

Error refuse(std::string_view reason, int64_t retry_after_ms, std::string message) {
    return Error(ErrorCode::rate_limited, std::move(message))
        .reason(std::string(reason))
        .retry_after_ms(retry_after_ms);
}

/// The refusal of the check that has to wait longest; nothing when all pass.
std::optional<Error> check(const Entry& e, const Limits& l, int64_t tokens, int64_t now) {
    if (l.concurrency && e.in_flight >= *l.concurrency)
        return refuse("concurrency", concurrency_retry_ms,
                      fmt::format("This key may have {} calls in flight at once", *l.concurrency));
    const auto wait_for = [&](const std::optional<int64_t>& limit, const Meter& meter, int64_t units) -> int64_t {
        if (!limit) return 0;
        return *limit <= 0 ? minute_ns : meter.wait_ns(units, rate(*limit), now);
    };
    const int64_t requests = wait_for(l.rpm, e.requests, 1), needed = wait_for(l.tpm, e.tokens, tokens);
    if (needed < 0)
        return refuse("tokens", 0,
                      fmt::format("This request needs about {} tokens, more than this key's limit of {} a minute",
                                  tokens, *l.tpm));
    if (requests == 0 && needed == 0) return std::nullopt;
    if (requests >= needed)
        return refuse("requests", milliseconds(requests),
                      fmt::format("This key's limit of {} requests a minute is reached", *l.rpm));
    return refuse("tokens", milliseconds(needed),
                  fmt::format("This key's limit of {} tokens a minute is reached", *l.tpm));
}

State state_of(const Entry& e, const Limits& l, int64_t now) {
    State s;
    if (l.rpm) {
        s.limit_requests = *l.rpm;
        s.remaining_requests = e.requests.remaining(rate(*l.rpm), now);
        s.reset_requests_ms = milliseconds(e.requests.reset_ns(now));
    }
    if (l.tpm) {
        s.limit_tokens = *l.tpm;
        s.remaining_tokens = e.tokens.remaining(rate(*l.tpm), now);
        s.reset_tokens_ms = milliseconds(e.tokens.reset_ns(now));
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

Result<Ticket> Limiter::admit(KeyId key, const Limits& limits, int64_t estimated_tokens, int64_t now) {
    Ticket ticket;
    if (!limits.rpm && !limits.tpm && !limits.concurrency) return ticket;
    const int64_t tokens = std::max<int64_t>(0, estimated_tokens);
    auto& shard = shards_->of(key);
    const std::lock_guard lock(shard.mutex);
    auto* e = shard.find_or_add(key.value, now, shards_->max_per_shard);
    if (!e) return Error(ErrorCode::overloaded, "Too many keys are active at once").retry_after_ms(1'000);
    if (auto refused = check(*e, limits, tokens, now)) return *std::move(refused);
    if (limits.rpm) e->requests.take(1, rate(*limits.rpm), now);
    if (limits.tpm) e->tokens.take(tokens, rate(*limits.tpm), now);
    if (limits.concurrency) ++e->in_flight;
    ticket.limiter_ = this;
    ticket.key_ = key;
    ticket.tokens_ = tokens;
    ticket.admitted_ns_ = now;
    ticket.requests_limited_ = limits.rpm.has_value();
    ticket.tokens_limited_ = limits.tpm.has_value();
    ticket.counted_ = limits.concurrency.has_value();
    ticket.state_ = state_of(*e, limits, now);
    return ticket;
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
    state_ = o.state_;
    return *this;
}

Ticket::~Ticket() { release(); }

void Ticket::release() noexcept {
    if (!limiter_ || !std::exchange(counted_, false)) return;
    auto& shard = limiter_->shards_->of(key_);
    const std::lock_guard lock(shard.mutex);
    if (auto* e = shard.find(key_.value)) --e->in_flight;  // always there: a key with calls in flight is not forgotten
}

void Ticket::correct(int64_t tokens) {
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
    if (!limiter_) return;
    correct(0);
    release();
    if (!std::exchange(requests_limited_, false)) return;
    auto& shard = limiter_->shards_->of(key_);
    const std::lock_guard lock(shard.mutex);
    if (auto* e = shard.find(key_.value)) e->requests.give(1, rate(state_.limit_requests));
}
}  // namespace aig::limits
