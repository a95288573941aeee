#include "ledger/detail/ops.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "ledger/detail/alerts.h"
#include "ledger/gathered_store.h"

namespace aig::ledger {
namespace {
constexpr size_t max_text = 500;
constexpr size_t max_budgets = 8;
constexpr uint8_t flag_free = 8;

std::string priced(int64_t nanos, std::string_view currency) {
    return currency == "USD" ? "$" + dollars(nanos) : fmt::format("{} {}", dollars(nanos), currency);
}
Error no_money(int64_t required, int64_t available, std::string_view currency) {
    return Error(ErrorCode::no_money,
                 fmt::format("needs {}, available {}", priced(required, currency), priced(available, currency)))
        .details_json(fmt::format(R"("required":"{}","available":"{}","currency":"{}")", dollars(required),
                                  dollars(available), currency));
}
Error over_budget(int64_t required, int64_t cap, int64_t left, std::string_view currency) {
    return Error(ErrorCode::budget_exceeded,
                 fmt::format("needs {}, the spend cap of {} has {} left", priced(required, currency),
                             priced(cap, currency), priced(left, currency)))
        .reason("spend_cap")
        .details_json(fmt::format(R"("required":"{}","cap":"{}","available":"{}","currency":"{}")", dollars(required),
                                  dollars(cap), dollars(left), currency));
}
Error frozen_key() {
    return Error(ErrorCode::key_frozen, "this key spent faster than it may and is stopped").reason("brake");
}
int64_t room_in(const Budget& b, int64_t cap) { return std::max<int64_t>(0, cap - b.spent - b.held); }

/// Takes `amount` out of the purse in spending order; what is held already stays out of reach.
Parts allocate(Vault& vault, Purse& purse, int64_t amount, int64_t at_us) {
    Parts parts;
    for (auto& w : purse.wallets) {
        if (!amount) break;
        const int64_t part = w.spendable(at_us) ? std::min(amount, w.available()) : 0;
        if (!part) continue;
        w.held += part;
        vault.touch(w);
        parts.push_back({w.id, part});
        amount -= part;
    }
    return parts;
}
void merge(Parts& into, const Part& p) {
    const auto it = std::find_if(into.begin(), into.end(), [&](const Part& q) { return q.wallet == p.wallet; });
    if (it == into.end())
        into.push_back(p);
    else
        it->amount += p.amount;
}
Result<Purse*> active_purse(Vault& vault, store::Db& db, int64_t account) {
    TRY(auto* purse, vault.purse(db, account));
    if (!purse) return Error(ErrorCode::account_blocked, "the account has no wallet");
    if (!purse->main().active) return Error(ErrorCode::account_blocked, "the account's wallet is frozen");
    return purse;
}
Result<Budgets> budgets_of(Vault& vault, store::Db& db, const OpenHold& hold) {
    Budgets out;
    for (const auto& b : hold.body.budgets) {
        TRY(auto* budget, vault.budget(db, b.budget));
        out.push_back(budget);
    }
    return out;
}
Error gone(HoldId id) {
    return Error(ErrorCode::conflict, fmt::format("hold {} is resolved", id.value)).reason("resolved");
}
Error torn() { return Error(ErrorCode::internal, "the plan of a batch does not fit the wallet"); }
}  // namespace

HoldOutcome::~HoldOutcome() {
    if (granted) drop_hold(*store, vault, HoldId{hold});
}

void drop_hold(store::Store& store, const std::shared_ptr<Vault>& vault, HoldId hold) noexcept {
    try {
        store::Batch batch;
        batch.must_land = true;
        batch.ops.push_back(
            std::make_unique<VoidOp>(vault, std::make_shared<ResolveOutcome>(), hold, VoidReason::dropped, 0));
        store.submit(std::move(batch), [hold](Status s) {
            if (!s && s.error().reason() != "resolved")
                log::error("hold_not_voided", {{"hold", hold.value}, {"why", s.error().message()}});
        });
    } catch (const std::exception& e) {  // no memory: start-up recovery will void it
        log::error("hold_not_voided", {{"hold", hold.value}, {"why", e.what()}});
    }
}

HoldOp::HoldOp(std::shared_ptr<Vault> vault, std::shared_ptr<HoldOutcome> outcome, HoldRequest request)
    : BookOp(std::move(vault)), outcome_(std::move(outcome)), request_(std::move(request)) {}

Status HoldOp::check(store::Db& db) {
    vault().trim();
    at_us_ = vault().now_us();
    outcome_->told.reset();
    const int64_t least = request_.least_nanos, slice = request_.slice_nanos;
    if (least < 0 || slice < 0 || request_.amount_nanos < least || request_.share_percent < 1 ||
        request_.share_percent > 100 || request_.budgets.size() > max_budgets || request_.request_id.size() > max_text)
        return Error(ErrorCode::internal, "a hold's amounts or texts are out of range");
    if (vault().brakes().stopped(request_.key.value)) return frozen_key();
    TRY(purse_, active_purse(vault(), db, request_.account.value));
    TRY(outcome_->free, check_free(db));
    if (outcome_->free) return {};
    const int64_t available = purse_->available(at_us_), needed = std::max(least, request_.must_cover_nanos);
    if (available < needed) {
        outcome_->told = refused_for_money(vault(), *purse_, at_us_);
        return no_money(needed, available, purse_->currency);
    }
    const int64_t share = static_cast<int64_t>(static_cast<__int128>(available) * request_.share_percent / 100);
    grant_ = std::min(request_.amount_nanos, std::max({least, share, std::min(slice, available)}));
    return check_budgets(db, needed);
}

/// A free call while there is one left today: nothing is held, and no spend cap is touched.
Result<bool> HoldOp::check_free(store::Db& db) {
    budgets_.clear();
    if (!request_.free) return false;
    TRY(auto* uses, vault().budget(db, *request_.free));
    if (!uses->counts) return Error(ErrorCode::internal, "a free call's budget must count calls");
    if (room_in(*uses, request_.free->cap_nanos) < 1) return false;
    budgets_.push_back(uses);
    refs_ = {&*request_.free, 1};
    grant_ = 0;
    return true;
}

Status HoldOp::check_budgets(store::Db& db, int64_t needed) {
    refs_ = request_.budgets;
    for (const auto& ref : refs_) {
        TRY(auto* budget, vault().budget(db, ref));
        const int64_t room = room_in(*budget, ref.cap_nanos);
        if (room < needed) {
            outcome_->told = refused_for_budget(db, *purse_, ref, *budget, at_us_);
            return over_budget(needed, ref.cap_nanos, room, purse_->currency);
        }
        grant_ = std::min(grant_, room);
        budgets_.push_back(budget);
    }
    return {};
}

Status HoldOp::apply(store::Db& db) {
    if (purse_->available(at_us_) < grant_) return torn();
    OpenHold& hold = vault().add(vault().journal().next_hold());
    hold.account = request_.account.value;
    hold.amount = grant_;
    hold.owner = request_.owner;
    hold.created_us = at_us_;
    hold.body.request_id = request_.request_id;
    hold.body.fx = {request_.fx.id, request_.fx.per_usd};
    hold.key = request_.key.value;
    hold.brake = request_.brake_nanos_per_minute.value_or(0);
    hold.body.parts = allocate(vault(), *purse_, grant_, at_us_);
    for (size_t i = 0; i < budgets_.size(); ++i) {
        TRYV(vault().store_budget(db, refs_[i], *budgets_[i]));
        budgets_[i]->held += budgets_[i]->units(grant_);
        vault().touch(*budgets_[i]);
        hold.body.budgets.push_back({budgets_[i]->id, refs_[i].cap_nanos});
    }
    std::string& body = vault().scratch();
    encode(body, hold.body);
    sql::gather_hold(hold, body);
    outcome_->hold = hold.id;
    outcome_->account = hold.account;
    outcome_->amount = grant_;
    outcome_->granted = true;
    AIG_FAILPOINT("hold.written");
    return {};
}

Status ExtendOp::check(store::Db& db) {
    at_us_ = vault().now_us();
    if (least_ < 0 || more_ < least_) return Error(ErrorCode::internal, "an extension's amounts are out of range");
    TRY(hold_, vault().open_hold(db, id_.value));
    if (!hold_) return gone(id_);
    TRY(purse_, active_purse(vault(), db, hold_->account));
    const int64_t available = purse_->available(at_us_);
    if (available < least_) return no_money(least_, available, purse_->currency);
    grant_ = std::min(more_, available);
    TRY(budgets_, budgets_of(vault(), db, *hold_));
    for (size_t i = 0; i < budgets_.size(); ++i) {
        if (budgets_[i]->counts) return Error(ErrorCode::internal, "a free call has nothing to extend");
        const int64_t cap = hold_->body.budgets[i].cap, room = room_in(*budgets_[i], cap);
        if (room < least_) return over_budget(least_, cap, room, purse_->currency);
        grant_ = std::min(grant_, room);
    }
    if (__builtin_add_overflow(hold_->amount, grant_, amount_.get())) return torn();
    return {};
}

Status ExtendOp::apply(store::Db& db) {
    if (purse_->available(at_us_) < grant_) return torn();
    for (const auto& p : allocate(vault(), *purse_, grant_, at_us_)) merge(hold_->body.parts, p);
    for (auto* b : budgets_) {
        b->held += grant_;
        vault().touch(*b);
    }
    hold_->amount += grant_;
    std::string& body = vault().scratch();
    encode(body, hold_->body);
    return sql::gather_extended(db, *hold_, body);
}

Status ResolveOp::check(store::Db& db) {
    at_us_ = vault().now_us();
    *outcome_ = {};
    TRY(hold_, vault().open_hold(db, id_.value));
    if (!hold_) {
        TRY(const auto first, sql::resolution(db, id_.value));
        *outcome_ = {first.charged, 0, first.voided ? 0 : first.entry, true, first.voided};
        TRY(const auto* purse, vault().purse(db, first.account));
        if (purse) outcome_->available = purse->available(at_us_);
        return gone(id_);
    }
    TRY(purse_, vault().purse(db, hold_->account));
    if (!purse_) return torn();
    TRY(budgets_, budgets_of(vault(), db, *hold_));
    return {};
}

Status ResolveOp::give_back() {
    for (const auto& p : hold_->body.parts) {
        auto* w = purse_->find(p.wallet);
        if (!w || w->held < p.amount) return torn();
        w->held -= p.amount;
        vault().touch(*w);
    }
    for (auto* b : budgets_) {
        b->held -= b->units(hold_->amount);
        vault().touch(*b);
    }
    sql::gather_resolved(*hold_);
    return {};
}

/// From the held wallets first, in the order they were held; the rest from what else can be spent.
Parts SettleOp::debit(int64_t amount) {
    Parts parts;
    const auto take = [&](Wallet& w, int64_t most) {
        const int64_t part = std::min({amount, most, w.available()});
        if (part <= 0) return;
        w.debits += part;
        amount -= part;
        vault().touch(w);
        merge(parts, {w.id, part});
    };
    for (const auto& p : hold_->body.parts) take(*purse_->find(p.wallet), p.amount);
    for (auto& w : purse_->wallets)
        if (w.spendable(at_us_)) take(w, amount);
    return parts;
}

void SettleOp::brake(const OpenHold& hold) {
    braked_ = {};
    if (hold.brake <= 0 || outcome_->charged <= 0) return;
    if (vault().brakes().add(hold.key, hold.brake, outcome_->charged, vault().options().mono_ns()))
        braked_ = {KeyId{hold.key}, AccountId{hold.account}, hold.brake, at_us_};
}
void SettleOp::settled(bool durable) {
    if (!durable) return;
    vault().brakes().kept();
    if (!braked_.key) return;
    static auto& stopped = metrics::counter("aig_keys_braked_total", "Keys stopped by their brake");
    stopped.add();
    log::warn("key_braked", {{"key", to_text(braked_.key)}, {"account", to_text(braked_.account)}});
    if (vault().options().on_brake) vault().options().on_brake(braked_);
}

/// A free call is in the books with what it cost: nothing.
void SettleOp::charge_nothing() {
    settlement_.cost_nanos = 0;
    settlement_.lines.clear();
    settlement_.flags |= flag_free;
}

Status SettleOp::write_usage(store::Db& db, const Parts& parts) {
    UsageBody usage{hold_->body.request_id,
                    settlement_.cost_nanos,
                    settlement_.price_version,
                    settlement_.flags,
                    settlement_.ratio,
                    std::move(settlement_.lines),
                    {},
                    hold_->body.fx};
    for (const auto& b : hold_->body.budgets) usage.budgets.push_back(b.budget);
    std::string& body = vault().scratch();
    encode(body, usage);
    settlement_.lines = std::move(usage.lines);
    Entry e{0, EntryKind::usage, hold_->account, purse_->main().id, 0, id_.value, at_us_, {}, body, hold_->page};
    if (!parts.empty()) e.wallet = parts[0].wallet, e.amount = parts[0].amount;
    TRY(outcome_->entry, vault().journal().append(db, e));
    if (parts.size() <= 1 && outcome_->charged == settlement_.cost_nanos) return {};
    body.clear();
    encode_follower(body, outcome_->entry);
    e.body = body;
    for (size_t i = 1; i < parts.size(); ++i) {
        e.wallet = parts[i].wallet;
        e.amount = parts[i].amount;
        TRYV(vault().journal().append(db, e));
    }
    if (outcome_->charged == settlement_.cost_nanos) return {};
    e.kind = EntryKind::overage;
    e.wallet = 0;
    e.amount = settlement_.cost_nanos - outcome_->charged;
    TRYV(vault().journal().append(db, e));
    return {};
}

Status SettleOp::apply(store::Db& db) {
    AIG_FAILPOINT("settle.queued");
    TRYV(give_back());
    for (const auto* b : budgets_)
        if (b->counts) charge_nothing();
    const auto parts = debit(settlement_.cost_nanos);
    for (const auto& p : parts) outcome_->charged += p.amount;
    for (auto* b : budgets_) b->spent += b->units(outcome_->charged);
    TRYV(write_usage(db, parts));
    TRYV(tell_charged(vault(), db, *hold_, *purse_, budgets_, outcome_->charged, at_us_));
    brake(*hold_);
    AIG_FAILPOINT("settle.written");
    outcome_->available = purse_->available(at_us_);
    vault().remove(id_.value);
    return {};
}

Status VoidOp::apply(store::Db& db) {
    TRYV(give_back());
    outcome_->voided = true;
    outcome_->available = purse_->available(at_us_);
    std::string& body = vault().scratch();
    encode_void(body, hold_->body.request_id, static_cast<int64_t>(reason_));
    Entry e{0, EntryKind::void_, hold_->account, 0, 0, id_.value, at_us_, {}, body, hold_->page};
    TRY(const int64_t entry, vault().journal().append(db, e));
    if (loss_ > 0) {
        body.clear();
        encode_follower(body, entry);
        e.kind = EntryKind::loss;
        e.amount = loss_;
        e.body = body;
        TRYV(vault().journal().append(db, e));
    }
    vault().remove(id_.value);
    return {};
}

Status FindHoldOp::check(store::Db& db) {
    TRY(const auto* hold, vault().open_hold(db, id_.value));
    if (!hold) return Error(ErrorCode::resource_not_found, "the hold is resolved");
    outcome_->hold = hold->id;
    outcome_->account = hold->account;
    outcome_->amount = hold->amount;
    TRY(const auto budgets, budgets_of(vault(), db, *hold));
    outcome_->free = budgets.size() == 1 && budgets[0]->counts;
    return {};
}

}  // namespace aig::ledger
