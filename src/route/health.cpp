#include <algorithm>
#include <array>
#include <deque>
#include <mutex>

#include "base/log.h"
#include "route/detail/breakers.h"
#include "route/route.h"

namespace aig::route {
namespace {
constexpr int64_t max_rest_ms = 300'000, default_rest_ms = 5'000, disabled = INT64_MAX;
constexpr int64_t least_retries = 3, retry_share = 5;  // one in five
constexpr size_t longest_line = 1'000;

/// A call in line; its flags are guarded by the provider's line_mutex.
struct Waiting {
    Waiting(std::function<void()> w, bool r) : wake(std::move(w)), retry(r) {}
    std::function<void()> wake;
    bool retry, granted = false, taken = false;
};

/// One provider's counters. Never freed while the process lives: ids are dense and bounded.
struct ProviderState {
    std::atomic<int64_t> in_flight{0}, retries{0};
    std::array<std::atomic<int64_t>, catalogue::max_keys> rest_until{};
    std::mutex line_mutex;  // only for providers with a cap that is reached
    std::deque<std::shared_ptr<Waiting>> line;
    std::atomic<size_t> waiting{0};
};

void strike(Breakers& breakers, const catalogue::Target& target, const Error& error, int64_t now) {
    const auto change = breakers.failure(target.breaker, now);
    const auto say = [&](log::Level level, std::string_view event) {
        log::write(level, event,
                   {{"provider", target.provider->name}, {"model", target.model}, {"code", error.row().name}});
    };
    // A model the provider does not know is a fault of the catalogue, and somebody must look: said once, not once a
    // call.
    if (change == Breakers::Change::first && error.code() == ErrorCode::upstream_model_missing)
        say(log::Level::error, "upstream_model_missing");
    if (change == Breakers::Change::opened) say(log::Level::warn, "breaker_open");
}
}  // namespace

struct Health::Tables {
    std::array<std::atomic<ProviderState*>, catalogue::max_providers> providers{};
    Breakers breakers;

    ~Tables() {
        for (auto& p : providers) delete p.load();
    }
    ProviderState& of(const catalogue::Provider& provider) {
        auto& slot = providers[provider.id % catalogue::max_providers];
        if (auto* state = slot.load(std::memory_order_acquire)) return *state;
        auto* fresh = new ProviderState;
        ProviderState* seen = nullptr;
        if (slot.compare_exchange_strong(seen, fresh, std::memory_order_acq_rel)) return *fresh;
        delete fresh;
        return *seen;
    }
};

Health::Health() : tables_(std::make_unique<Tables>()) {}
Health::~Health() = default;

void Health::success(const Attempt& attempt, int64_t now) {
    if (tables_->breakers.success(attempt.target->breaker, now))
        log::info("breaker_closed", {{"provider", attempt.target->provider->name}, {"model", attempt.target->model}});
}

void Health::failure(const Attempt& attempt, const Error& error, int64_t now) {
    const auto& provider = *attempt.target->provider;
    const auto step = error.row().next;
    if (step == NextStep::stop) {
        if (error.row().fault == Fault::caller && error.code() != ErrorCode::client_gone) success(attempt, now);
        return;
    }
    if (step == NextStep::next_target) strike(tables_->breakers, *attempt.target, error, now);
    if (!provider.keys_rest || !attempt.key) return;
    auto& rest_until = tables_->of(provider).rest_until[attempt.key->index % catalogue::max_keys];
    const auto index = static_cast<int64_t>(attempt.key->index);
    if (step == NextStep::cool_key) {
        const int64_t wanted = error.retry_after_ms() > 0 ? error.retry_after_ms() : default_rest_ms;
        const int64_t until = now + std::min(wanted, max_rest_ms);
        int64_t old = rest_until.load();
        while (old < until && !rest_until.compare_exchange_weak(old, until)) {
        }
    }
    if (step == NextStep::disable_key && rest_until.exchange(disabled) != disabled)
        log::error("provider_key_disabled", {{"provider", provider.name}, {"key", index}, {"code", error.row().name}});
}

bool Health::target_open(const catalogue::Target& target, int64_t now) const {
    return tables_->breakers.open(target.breaker, now);
}
bool Health::claim_probe(const catalogue::Target& target, int64_t now) {
    return tables_->breakers.claim_probe(target.breaker, now);
}

bool Health::key_usable(const catalogue::Provider& provider, size_t key_index, int64_t now) const {
    return key_rest_ms(provider, key_index, now) == 0;
}

int64_t Health::key_rest_ms(const catalogue::Provider& provider, size_t key_index, int64_t now) const {
    const int64_t until =
        tables_->of(provider).rest_until[key_index % catalogue::max_keys].load(std::memory_order_relaxed);
    if (until == disabled) return -1;
    return std::max<int64_t>(0, until - now);
}

void Health::reset_keys() {
    for (auto& slot : tables_->providers)
        if (auto* state = slot.load())
            for (auto& r : state->rest_until) r.store(0);
}

bool Health::enter(const catalogue::Provider& provider, bool retry) {
    auto& s = tables_->of(provider);
    if (!provider.max_concurrency)
        s.in_flight.fetch_add(1, std::memory_order_relaxed);
    else {
        int64_t now = s.in_flight.load();
        do
            if (now >= *provider.max_concurrency) return false;
        while (!s.in_flight.compare_exchange_weak(now, now + 1));
    }
    if (retry) s.retries.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void Health::leave(const catalogue::Provider& provider, bool retry) {
    auto& s = tables_->of(provider);
    if (retry) s.retries.fetch_sub(1, std::memory_order_relaxed);
    if (!provider.max_concurrency && s.waiting.load() == 0) {
        s.in_flight.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    std::shared_ptr<Waiting> next;
    {
        // Under one lock with wait_in_line's last look, else a waiter that joins in between would wait for nobody.
        const std::lock_guard lock(s.line_mutex);
        if (s.line.empty()) {
            s.in_flight.fetch_sub(1);
            return;
        }
        next = std::move(s.line.front());  // the slot passes on without being free in between: first come, first served
        s.line.pop_front();
        s.waiting.store(s.line.size());
        next->granted = true;
        if (next->retry) s.retries.fetch_add(1, std::memory_order_relaxed);
    }
    next->wake();
}

namespace {
class LinePlace final : public Health::Place {
  public:
    LinePlace(Health& health, ProviderState& state, const catalogue::Provider& provider,
              std::shared_ptr<Waiting> waiting)
        : health_(health), state_(state), provider_(provider), waiting_(std::move(waiting)) {}
    LinePlace(const LinePlace&) = delete;
    LinePlace& operator=(const LinePlace&) = delete;
    ~LinePlace() override {
        bool give_back = false;
        {
            const std::lock_guard lock(state_.line_mutex);
            std::erase(state_.line, waiting_);
            state_.waiting.store(state_.line.size());
            give_back = waiting_->granted && !waiting_->taken;
        }
        if (give_back) health_.leave(provider_, waiting_->retry);
    }
    bool took() override {
        const std::lock_guard lock(state_.line_mutex);
        if (waiting_->granted) waiting_->taken = true;
        return waiting_->granted;
    }

  private:
    Health& health_;
    ProviderState& state_;
    const catalogue::Provider provider_;  // a copy: the snapshot it came from may be gone by then
    std::shared_ptr<Waiting> waiting_;
};
}  // namespace

std::unique_ptr<Health::Place> Health::wait_in_line(const catalogue::Provider& provider, bool retry,
                                                    std::function<void()> wake) {
    auto& s = tables_->of(provider);
    const std::lock_guard lock(s.line_mutex);
    const bool room = !provider.max_concurrency || s.in_flight.load() < *provider.max_concurrency;
    if (room || s.line.size() >= longest_line) return nullptr;
    auto waiting = std::make_shared<Waiting>(std::move(wake), retry);
    s.line.push_back(waiting);
    s.waiting.store(s.line.size());
    return std::make_unique<LinePlace>(*this, s, provider, std::move(waiting));
}

int64_t Health::in_flight(const catalogue::Provider& provider) const { return tables_->of(provider).in_flight.load(); }

bool Health::retry_allowed(const catalogue::Provider& provider) {
    auto& s = tables_->of(provider);
    const int64_t allowed = std::max(least_retries, s.in_flight.load(std::memory_order_relaxed) / retry_share);
    return s.retries.load(std::memory_order_relaxed) < allowed;
}
}  // namespace aig::route
