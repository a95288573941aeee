#include "ledger/detail/ops.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/money.h"
#include "base/time.h"
#include "ledger/ledger_store.h"

namespace aig::ledger {
namespace {
constexpr size_t max_text = 500;
constexpr size_t max_budgets = 8;

std::string priced(int64_t nanos, std::string_view currency) {
    return currency == "USD" ? "$" + dollars(nanos) : fmt::format("{} {}", dollars(nanos), currency);
}
Error no_money(int64_t required, int64_t available, std::string_view currency) {
    return Error(ErrorCode::no_money,
                 fmt::format("needs {}, available {}", priced(required, currency), priced(available, currency)))
        .details_json(fmt::format(R"("required":"{}","available":"{}")", dollars(required), dollars(available)));
}
Error over_budget(int64_t required, int64_t cap, int64_t left, std::string_view currency) {
    return Error(ErrorCode::budget_exceeded,
                 fmt::format("needs {}, the spend cap of {} has {} left", priced(required, currency),
                             priced(cap, currency), priced(left, currency)))
        .reason("spend_cap")
        .details_json(fmt::format(R"("required":"{}","cap":"{}","available":"{}")", dollars(required), dollars(cap),
                                  dollars(left)));
}
int64_t room_in(const Budget& b, int64_t cap) { return std::max<int64_t>(0, cap - b.spent - b.held); }

/// Takes `amount` out of the purse in spending order; what is held already stays out of reach.
std::vector<Part> allocate(Vault& vault, Purse& purse, int64_t amount, int64_t at_us) {
    std::vector<Part> parts;
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
void merge(std::vector<Part>& into, const std::vector<Part>& more) {
    for (const auto& p : more) {
        const auto it = std::find_if(into.begin(), into.end(), [&](const Part& q) { return q.wallet == p.wallet; });
        if (it == into.end())
            into.push_back(p);
        else
            it->amount += p.amount;
    }
}
Result<Purse*> active_purse(Vault& vault, store::Db& db, int64_t account) {
    TRY(auto* purse, vault.purse(db, account));
    if (!purse) return Error(ErrorCode::account_blocked, "the account has no wallet");
    if (!purse->main().active) return Error(ErrorCode::account_blocked, "the account's wallet is frozen");
    return purse;
}
Result<std::vector<Budget*>> budgets_of(Vault& vault, store::Db& db, const OpenHold& hold) {
    std::vector<Budget*> out;
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
    at_us_ = now_us();
    const int64_t least = request_.least_nanos;
    if (least < 0 || request_.amount_nanos < least || request_.share_percent < 1 || request_.share_percent > 100 ||
        request_.budgets.size() > max_budgets || request_.request_id.size() > max_text)
        return Error(ErrorCode::internal, "a hold's amounts or texts are out of range");
    TRY(purse_, active_purse(vault(), db, request_.account.value));
    const int64_t available = purse_->available(at_us_);
    if (available < least) return no_money(least, available, purse_->currency);
    const int64_t share = static_cast<int64_t>(static_cast<__int128>(available) * request_.share_percent / 100);
    grant_ = std::min(request_.amount_nanos, std::max(least, share));
    budgets_.clear();
    for (const auto& ref : request_.budgets) {
        TRY(auto* budget, vault().budget(db, ref));
        const int64_t room = room_in(*budget, ref.cap_nanos);
        if (room < least) return over_budget(least, ref.cap_nanos, room, purse_->currency);
        grant_ = std::min(grant_, room);
        budgets_.push_back(budget);
    }
    return {};
}

Status HoldOp::apply(store::Db& db) {
    OpenHold hold{vault().journal().next_hold(), request_.account.value, grant_, request_.owner, at_us_, {}};
    hold.body.request_id = request_.request_id;
    if (purse_->available(at_us_) < grant_) return torn();
    hold.body.parts = allocate(vault(), *purse_, grant_, at_us_);
    for (size_t i = 0; i < budgets_.size(); ++i) {
        TRYV(vault().store_budget(db, request_.budgets[i], *budgets_[i]));
        budgets_[i]->held += grant_;
        vault().touch(*budgets_[i]);
        hold.body.budgets.push_back({budgets_[i]->id, request_.budgets[i].cap_nanos});
    }
    std::string body;
    encode(body, hold.body);
    TRYV(sql::insert_hold(db, hold, body));
    outcome_->hold = hold.id;
    outcome_->account = hold.account;
    outcome_->amount = grant_;
    outcome_->granted = true;
    vault().add(std::move(hold));
    return {};
}

Status ExtendOp::check(store::Db& db) {
    at_us_ = now_us();
    if (least_ < 0 || more_ < least_) return Error(ErrorCode::internal, "an extension's amounts are out of range");
    TRY(hold_, vault().open_hold(db, id_.value));
    if (!hold_) return gone(id_);
    TRY(purse_, active_purse(vault(), db, hold_->account));
    const int64_t available = purse_->available(at_us_);
    if (available < least_) return no_money(least_, available, purse_->currency);
    grant_ = std::min(more_, available);
    TRY(budgets_, budgets_of(vault(), db, *hold_));
    for (size_t i = 0; i < budgets_.size(); ++i) {
        const int64_t cap = hold_->body.budgets[i].cap, room = room_in(*budgets_[i], cap);
        if (room < least_) return over_budget(least_, cap, room, purse_->currency);
        grant_ = std::min(grant_, room);
    }
    if (__builtin_add_overflow(hold_->amount, grant_, amount_.get())) return torn();
    return {};
}

Status ExtendOp::apply(store::Db& db) {
    if (purse_->available(at_us_) < grant_) return torn();
    merge(hold_->body.parts, allocate(vault(), *purse_, grant_, at_us_));
    for (auto* b : budgets_) {
        b->held += grant_;
        vault().touch(*b);
    }
    hold_->amount += grant_;
    std::string body;
    encode(body, hold_->body);
    return sql::update_hold(db, *hold_, body);
}

Status ResolveOp::check(store::Db& db) {
    at_us_ = now_us();
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

Status ResolveOp::give_back(store::Db& db) {
    for (const auto& p : hold_->body.parts) {
        auto* w = purse_->find(p.wallet);
        if (!w || w->held < p.amount) return torn();
        w->held -= p.amount;
        vault().touch(*w);
    }
    for (auto* b : budgets_) {
        b->held -= hold_->amount;
        vault().touch(*b);
    }
    return sql::delete_hold(db, id_.value);
}

/// From the held wallets first, in the order they were held; the rest from what else can be spent.
std::vector<Part> SettleOp::debit(int64_t amount) {
    std::vector<Part> parts;
    const auto take = [&](Wallet& w, int64_t most) {
        const int64_t part = std::min({amount, most, w.available()});
        if (part <= 0) return;
        w.debits += part;
        amount -= part;
        vault().touch(w);
        merge(parts, {{w.id, part}});
    };
    for (const auto& p : hold_->body.parts) take(*purse_->find(p.wallet), p.amount);
    for (auto& w : purse_->wallets)
        if (w.spendable(at_us_)) take(w, amount);
    return parts;
}

Status SettleOp::write_usage(store::Db& db, const std::vector<Part>& parts) {
    UsageBody usage{hold_->body.request_id,
                    settlement_.cost_nanos,
                    settlement_.price_version,
                    settlement_.flags,
                    settlement_.ratio,
                    std::move(settlement_.lines),
                    {}};
    for (const auto& b : hold_->body.budgets) usage.budgets.push_back(b.budget);
    std::string body;
    encode(body, usage);
    settlement_.lines = std::move(usage.lines);
    Entry e{0, EntryKind::usage, hold_->account, purse_->main().id, 0, id_.value, at_us_, {}, body};
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
    TRYV(give_back(db));
    const auto parts = debit(settlement_.cost_nanos);
    for (const auto& p : parts) outcome_->charged += p.amount;
    for (auto* b : budgets_) b->spent += outcome_->charged;
    TRYV(write_usage(db, parts));
    outcome_->available = purse_->available(at_us_);
    vault().remove(id_.value);
    return {};
}

Status VoidOp::apply(store::Db& db) {
    TRYV(give_back(db));
    outcome_->voided = true;
    outcome_->available = purse_->available(at_us_);
    std::string body;
    encode_void(body, hold_->body.request_id, static_cast<int64_t>(reason_));
    Entry e{0, EntryKind::void_, hold_->account, 0, 0, id_.value, at_us_, {}, body};
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

Status CreateWalletOp::check(store::Db& db) {
    if (currency_.size() < 3 || currency_.size() > 8)
        return Error(ErrorCode::bad_param, "a currency has 3 to 8 letters").param("currency");
    TRY(const auto* purse, vault().purse(db, account_.value));
    if (purse) return Error(ErrorCode::conflict, "the account has a wallet");
    return {};
}
Status CreateWalletOp::apply(store::Db& db) { return sql::insert_wallet(db, account_.value, false, currency_, {}); }

Status CreditOp::check(store::Db& db) {
    if (order_.amount <= 0) return Error(ErrorCode::bad_param, "the amount must be above zero").param("amount");
    if (order_.ref.empty() || order_.ref.size() > max_text || order_.memo.size() > max_text)
        return Error(ErrorCode::bad_param, "the reference must have 1 to 500 bytes, the memo at most 500").param("ref");
    TRY(auto* purse, vault().purse(db, order_.account.value));
    if (!purse) return Error(ErrorCode::resource_not_found, "the account has no wallet");
    TRY(before_, sql::ref_exists(db, order_.account.value, order_.ref));
    *view_ = purse->view(now_us());
    if (before_) return {};
    // All wallets of an account together stay within int64, so that their sum always does.
    int64_t sum = order_.amount;
    for (const auto& w : purse->wallets)
        if (__builtin_add_overflow(sum, w.credits, &sum))
            return Error(ErrorCode::bad_param, "the balance would not fit").param("amount");
    return {};
}

Result<Wallet*> CreditOp::target(store::Db& db) {
    TRY(auto* purse, vault().purse(db, order_.account.value));
    if (order_.kind != EntryKind::coupon) return &purse->main();
    const std::optional<int64_t> expires = order_.expires_us ? std::optional(order_.expires_us) : std::nullopt;
    TRYV(sql::insert_wallet(db, order_.account.value, true, purse->currency, expires));
    const int64_t id = db.last_id();
    TRYV(vault().forget(db, order_.account.value));
    TRY(purse, vault().purse(db, order_.account.value));
    return purse->find(id);
}

Status CreditOp::apply(store::Db& db) {
    if (before_) return {};
    TRY(auto* wallet, target(db));
    if (!wallet) return torn();
    wallet->credits += order_.amount;
    vault().touch(*wallet);
    std::string body;
    encode_memo(body, order_.memo);
    const int64_t at_us = now_us();
    TRYV(vault().journal().append(
        db, {0, order_.kind, order_.account.value, wallet->id, order_.amount, 0, at_us, order_.ref, body}));
    TRY(const auto* purse, vault().purse(db, order_.account.value));
    *view_ = purse->view(at_us);
    return {};
}

Status FindHoldOp::check(store::Db& db) {
    TRY(const auto* hold, vault().open_hold(db, id_.value));
    if (!hold) return Error(ErrorCode::resource_not_found, "the hold is resolved");
    outcome_->hold = hold->id;
    outcome_->account = hold->account;
    outcome_->amount = hold->amount;
    return {};
}

}  // namespace aig::ledger
