// A call, from its bytes to its receipt. The order is the point of this file.
#include <random>

#include <fmt/format.h>

#include "base/money.h"
#include "base/time.h"
#include "gateway/detail/explain.h"
#include "gateway/detail/flow.h"
#include "gateway/detail/quoting.h"
#include "gateway/gateway.h"

namespace aig::gateway {
namespace {

constexpr int64_t wait_in_line_ms = 10'000, wait_step_ms = 25;
constexpr int64_t clamped_share_percent = 25;

/// From 0 up to 1. (The standard's distribution takes a logarithm each time.)
double draw() {
    using Engine = std::minstd_rand;
    thread_local Engine engine{std::random_device{}()};
    return static_cast<double>(engine() - Engine::min()) / static_cast<double>(Engine::max() - Engine::min() + 1);
}

Status choose_model(Flow& f) {
    f.snapshot = f.services.catalogue->get();
    TRY(f.model, f.snapshot->resolve(f.envelope.model));
    if (!f.call.principal->allows(f.model->id))
        return Error(ErrorCode::model_forbidden, fmt::format("this key may not use '{}'", f.model->id)).param("model");
    if (!f.model->callable)
        return Error(ErrorCode::bad_param,
                     fmt::format("'{}' makes {}: no route of this version serves it", f.model->id, f.model->modality))
            .param("model");
    f.reply_terms = {
        &f.envelope,    f.call.in.body,    f.envelope.model, f.call.request_id, f.call.started_us / 1'000'000,
        f.call.surface, f.model->tokenizer};
    return {};
}

/// Sub-accounts are metered beside keys: their lines are below zero, where no key's are.
KeyId sub_account_line(const identity::Principal& p) { return KeyId{-p.sub_account.value}; }

Status admit(Flow& f) {
    const auto& p = *f.call.principal;
    const auto limits = rates_of(p);
    if (!limits.any()) return {};
    const int64_t tokens =
        limits.tpm ? canon::hold_tokens(f.envelope.size, f.model->tokenizer) + f.envelope.max_output.value_or(0) : 0;
    TRY(f.ticket, f.services.limiter->admit(p.line, limits, tokens, mono_ns(), f.call.started_us));
    const limits::Limits all{p.sub_rpm, p.sub_tpm, p.sub_concurrency, {}, "sub-account"};
    if (!all.any()) return {};
    auto both = f.services.limiter->admit(sub_account_line(p), all, tokens, mono_ns(), f.call.started_us);
    if (!both) return f.ticket.refund(), std::move(both).error();
    f.ticket.join(*std::move(both));
    return {};
}

Status plan_route(Flow& f) {
    if (!f.envelope.state.empty())
        f.callers_state =
            find_state(f.envelope, f.call.in.body, f.vault, f.call.principal->account, mono_ms(), now_us() / 1'000'000);
    const auto& origins = f.callers_state.origins;
    TRY(f.plan, route::plan(*f.model, f.envelope, *f.services.health, mono_ms(), draw(),
                            origins.empty() ? 0 : origins.front()));
    if (f.call.strict) TRYV(keep_exact(f));
    parse_ahead(f);
    if (f.pricing.quote) return use_quote(f);
    TRY(f.pricing, price_for(f.services, *f.call.principal, *f.model, f.snapshot->fee));
    TRY(f.holding, plan_holding(f.envelope, *f.model, *f.pricing.card, f.pricing.ratio));
    return {};
}

/// Caps are in USD, as prices are.
int64_t in_wallet(const Flow& f, int64_t usd_nanos) {
    const auto nanos = static_cast<__int128>(usd_nanos) * f.pricing.fx.per_usd.num / f.pricing.fx.per_usd.den;
    return static_cast<int64_t>(std::min<__int128>(nanos, INT64_MAX));
}

std::vector<ledger::BudgetRef> budgets(const Flow& f) {
    const auto& p = *f.call.principal;
    const int64_t at_us = f.call.started_us;
    std::vector<ledger::BudgetRef> out;
    out.reserve(2);
    if (p.limits.spend_cap_nanos)
        out.push_back({ledger::subject_key, p.line.value, ledger::budget_period(p.limits.spend_period, at_us),
                       in_wallet(f, *p.limits.spend_cap_nanos)});
    if (p.sub_account)
        out.push_back({ledger::subject_sub_account, p.sub_account.value, ledger::budget_period(p.sub_period, at_us),
                       p.sub_cap_nanos ? in_wallet(f, *p.sub_cap_nanos) : INT64_MAX});
    if (auto tagged = f.services.book->tag_budget(p.account, f.call.tag.empty() ? p.tag : f.call.tag, at_us)) {
        tagged->cap_nanos = in_wallet(f, tagged->cap_nanos);
        out.push_back(*std::move(tagged));
    }
    return out;
}

rt::Task<Status> take_hold(Flow& f) {
    ledger::HoldRequest request;
    request.account = f.call.principal->account;
    request.amount_nanos = f.holding.want_nanos;
    request.least_nanos = f.holding.least_nanos;
    // What will be clamped or extended anyway leaves room for the wallet's other calls.
    if (f.holding.clamps || f.holding.extends) request.share_percent = clamped_share_percent;
    request.slice_nanos = f.holding.slice_nanos;
    request.must_cover_nanos = f.holding.must_cover_nanos;
    request.budgets = budgets(f);
    if (f.services.free_tier && !f.pricing.quote)
        request.free = f.services.free_tier->use(request.account, f.model->id, f.call.started_us);
    request.key = f.call.principal->key;
    if (const auto& brake = f.call.principal->limits.brake_nanos_per_minute)
        request.brake_nanos_per_minute = in_wallet(f, *brake);
    request.request_id = f.call.request_id;
    request.fx = f.pricing.fx;
    take_quote(f, request.with);
    auto held = co_await f.services.book->hold(std::move(request));
    if (!held) co_return std::move(held).error();
    f.hold = *std::move(held);
    if (f.holding.clamps && !f.hold.free() && f.hold.amount_nanos() < f.holding.want_nanos)
        f.clamped_max = std::max<int64_t>(1, f.holding.affordable_tokens(f.hold.amount_nanos()) / f.envelope.n);
    co_return Status{};
}

/// A place among a provider's calls in flight; gives it back.
class Slot {
  public:
    Slot() = default;
    Slot(route::Health& health, const catalogue::Provider& provider, bool retry)
        : health_(&health), provider_(&provider), retry_(retry) {}
    Slot(Slot&& o) noexcept : health_(std::exchange(o.health_, nullptr)), provider_(o.provider_), retry_(o.retry_) {}
    Slot& operator=(Slot&& o) noexcept {
        std::swap(health_, o.health_);
        std::swap(provider_, o.provider_);
        std::swap(retry_, o.retry_);
        return *this;
    }
    ~Slot() {
        if (health_) health_->leave(*provider_, retry_);
    }

  private:
    route::Health* health_ = nullptr;
    const catalogue::Provider* provider_ = nullptr;
    bool retry_ = false;
};

/// The first target from `next` on whose provider has room; moves `next` there.
bool enter_one(Flow& f, size_t& next, Slot& slot) {
    const bool retry = f.attempts > 0;
    for (size_t i = next; i < f.plan.attempts.size(); ++i) {
        const auto& provider = *f.plan.attempts[i].target->provider;
        if (!f.services.health->enter(provider, retry)) continue;
        next = i;
        slot = Slot(*f.services.health, provider, retry);
        return true;
    }
    return false;
}

/// A slot at the next target with room; when all are full, in line for the best one. Our own cap is never the
/// customer's 429.
rt::Task<Result<Slot>> enter_provider(Flow& f, size_t& next) {
    Slot slot;
    const bool retry = f.attempts > 0;
    const auto& best = *f.plan.attempts[next].target->provider;
    std::unique_ptr<route::Health::Place> place;
    for (const int64_t until = mono_ms() + wait_in_line_ms;;) {
        if (!place && enter_one(f, next, slot)) co_return std::move(slot);
        if (!place) place = f.services.health->wait_in_line(best, retry, [] {});
        if (place && place->took()) co_return Slot(*f.services.health, best, retry);
        if (f.sink.stop().stopped()) co_return Error(ErrorCode::client_gone);
        if (mono_ms() >= until)
            co_return Error(ErrorCode::no_route, "every provider of this model is at its concurrency limit")
                .retry_after_ms(1'000);
        co_await rt::Loop::current()->sleep_ms(wait_step_ms);
    }
}

/// The provider's health after an attempt: an answer that blames the caller shows that it lives.
void note_health(Flow& f, const route::Attempt& target, const Tried& tried) {
    const bool lives = tried.ending == Ending::complete || tried.ending == Ending::dry ||
                       (tried.error && tried.error->row().fault == Fault::caller);
    if (tried.ending == Ending::client_gone) return;
    if (lives)
        f.services.health->success(target, mono_ms());
    else
        f.services.health->failure(target, *tried.error, mono_ms());
}

bool may_go_on(Flow& f, const Tried& tried, size_t made) {
    if (f.content_sent) return false;
    const bool gone = f.sink.stop().stopped();
    // The retry is counted where it would go.
    const bool budget =
        made < f.plan.attempts.size() && f.services.health->retry_allowed(*f.plan.attempts[made].target->provider);
    return route::decide(*tried.error, made, f.plan, gone, budget) == route::Decision::next_attempt;
}

/// Targets in order, until one answers, content has gone out, or the failure is the caller's own.
rt::Task<Tried> try_targets(Flow& f) {
    Tried tried;
    for (size_t next = 0; next < f.plan.attempts.size(); ++next) {
        Result<Slot> slot = Slot();
        if (!enter_one(f, next, *slot)) slot = co_await enter_provider(f, next);  // mostly there is room at once
        if (!slot) {
            if (tried.error) co_return tried;
            tried.ending = slot.error().code() == ErrorCode::client_gone ? Ending::client_gone : Ending::failed;
            tried.error = std::move(slot).error();
            co_return tried;
        }
        f.attempt = &f.plan.attempts[next];
        ++f.attempts;
        auto now = co_await attempt(f, *f.attempt);
        const bool last = next + 1 == f.plan.attempts.size();
        if (!now.asked && now.error->code() == ErrorCode::unsupported_feature && !(last && !tried.error)) {
            --f.attempts;  // another target's wire may have what this one's lacks; what failed before says more
            continue;
        }
        tried = std::move(now);
        if (tried.asked) note_health(f, *f.attempt, tried);
        if (tried.ending != Ending::failed || !may_go_on(f, tried, next + 1)) co_return tried;
    }
    co_return tried;
}
}  // namespace

limits::Limits rates_of(const identity::Principal& p) {
    const auto& l = p.limits;
    return {l.rpm, l.tpm, l.concurrency, l.rpd};
}

Gateway::Gateway(Services services)
    : services_(services),
      upstreams_(std::make_unique<Upstreams>(*services.loops)),
      vault_(new Vault{Capsules(services.sealer), {}}) {}
Gateway::~Gateway() = default;

rt::Task<Status> Gateway::run(Call& call, Sink& sink) {
    struct Counted {
        std::atomic<int64_t>& n;
        explicit Counted(std::atomic<int64_t>& c) : n(c) { n.fetch_add(1, std::memory_order_relaxed); }
        ~Counted() { n.fetch_sub(1, std::memory_order_relaxed); }
    } counted(in_flight_);
    Flow f(call, sink, services_, *upstreams_, *vault_);
    // The whole body is validated first: a request that cannot be understood must not cost anybody anything.
    CO_TRY(f.envelope, call.dialect->peek(call.in));
    // The model fixes prices and targets; the snapshot is kept, so that a reload in the middle changes nothing for this
    // call.
    CO_TRYV(choose_model(f));
    // Rates before money: they are in memory, and a refused call must not touch the ledger.
    CO_TRYV(admit(f));
    // A quote fixes the price before anything is reckoned with.
    Status ready;
    if (!call.quote.empty()) ready = co_await find_quote(f);
    // The route before the hold: what nobody can serve needs no money. (A response cache would be asked here, behind
    // the plan, in front of the hold.)
    if (ready) ready = plan_route(f);
    if (ready && call.explain) {
        f.ticket.refund();
        auto explained = co_await explain(f);
        co_return explained;
    }
    // The hold is durable before any provider sees a byte: what cannot be paid is never asked for.
    if (ready) ready = co_await take_hold(f);
    if (!ready) {  // refused behind the rates: they get back what they gave
        f.ticket.refund();
        co_return ready;
    }
    // Failover ends where content begins.
    auto tried = co_await try_targets(f);
    // The charge is durable before the caller sees the end of the answer.
    auto done = co_await conclude(f, std::move(tried));
    co_return done;
}

}  // namespace aig::gateway
