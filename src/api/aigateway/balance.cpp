#include "api/aigateway/balance.h"

#include <algorithm>

#include "api/money_view.h"
#include "base/json.h"
#include "base/money.h"
#include "base/time.h"
#include "records/usage.h"

namespace aig::api {
namespace {

constexpr int64_t day_us = 86'400'000'000;

/// All that one answer is made of. Amounts are the account's, or its sub-account's for a key of one.
struct Standing {
    ledger::WalletView wallet;
    std::optional<int64_t> key_left;  ///< of the key's spend cap
    int64_t key_used = 0, today = 0, month = 0;
};

Status read_spending(store::Db& db, const identity::Principal& p, int64_t now_us, Standing& out) {
    const int64_t today = now_us / day_us;
    TRY(const auto month, records::parse_month(utc_month(now_us)));
    records::UsageQuery query{p.account, p.sub_account, {}, today, today};
    TRY(const auto of_today, records::usage_total(db, query));
    query.first_day = month.first;
    TRY(const auto of_month, records::usage_total(db, query));
    TRY(const auto of_key, records::spend(db, p.account, p.key, 0, INT64_MAX));
    out.today = of_today.cost_nanos;
    out.month = of_month.cost_nanos;
    out.key_used = of_key.cost_nanos;
    return {};
}

/// A sub-account's key sees the sub-account's own money: its cap in the place of what was paid in.
void narrow(ledger::WalletView& v, int64_t cap_nanos, int64_t spent, int64_t held) {
    const int64_t left = std::max<int64_t>(0, cap_nanos - spent);
    v.available_nanos = std::clamp<int64_t>(left - held, 0, std::max<int64_t>(0, v.available_nanos));
    v.balance_nanos = std::min(left, v.balance_nanos);
    v.held_nanos = held;
    v.debits_nanos = spent;
    v.credits_nanos = v.balance_nanos + spent;
    v.bonus_nanos = 0;
}

rt::Task<Result<std::shared_ptr<Standing>>> standing(Request& request) {
    const auto p = request.principal;
    const int64_t now = request.started_us;
    auto out = std::make_shared<Standing>();  // the reader's thread may outlive this task
    CO_TRY(out->wallet, co_await request.services.book->wallet(p->account));
    if (p->sub_account && p->sub_cap_nanos) {
        ledger::BudgetRef cap{ledger::subject_sub_account, p->sub_account.value,
                              ledger::budget_period(p->sub_period, now), *p->sub_cap_nanos};
        CO_TRY(const auto sums, co_await request.services.book->budget(std::move(cap)));
        narrow(out->wallet, *p->sub_cap_nanos, sums.first, sums.second);
    }
    if (p->limits.spend_cap_nanos) {
        ledger::BudgetRef cap{ledger::subject_key, p->line.value, ledger::budget_period(p->limits.spend_period, now),
                              *p->limits.spend_cap_nanos};
        CO_TRY(const auto sums, co_await request.services.book->budget(std::move(cap)));
        out->key_left = std::max<int64_t>(0, *p->limits.spend_cap_nanos - sums.first - sums.second);
    }
    std::function<Status(store::Db&)> read = [out, p, now](store::Db& db) { return read_spending(db, *p, now, *out); };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    co_return out;
}

void write_token(JsonWriter& w, const identity::Principal& p, const Standing& s, const Display& d) {
    const int64_t remaining =
        s.key_left ? std::min(std::max<int64_t>(0, s.wallet.available_nanos), *s.key_left) : s.wallet.balance_nanos;
    w.key("token").begin_object().field("id", to_text(p.key)).field("name", p.key_name);
    w.field_raw("remaining", shown_balance(remaining, d)).field_raw("used", shown_charge(s.key_used, d));
    w.field_raw("total", shown_balance(remaining + s.key_used, d));
    w.field_raw("remaining_quota", quota(remaining)).field_raw("used_quota", quota(s.key_used));
    w.field_raw("total_quota", quota(remaining + s.key_used));
    w.field("unlimited_quota", !s.key_left).field("model_limits_enabled", !p.models.empty());
    w.key("model_limits").begin_object();
    for (const auto& m : p.models) w.field(m, true);
    w.end_object().field("expires_at", p.expires_us / 1'000'000).end_object();
}

std::string balance_json(const Request& request, const Standing& s) {
    const auto& v = s.wallet;
    const Display d = wallet_display(request.services, request.key_prefix, v.currency);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("success", true).field("object", "balance").field("currency", d.currency);
    w.field("available", tenth_nanos_down(v.available_nanos))
        .field("reserved", tenth_nanos_down(v.held_nanos))
        .field("bonus_available", tenth_nanos_down(v.bonus_nanos));
    if (request.surface == canon::Surface::aigenway)
        w.field("total", tenth_nanos_down(v.balance_nanos));
    else
        w.field_raw("total", shown_balance(v.balance_nanos + v.debits_nanos, d));
    w.field_raw("balance", shown_balance(v.balance_nanos, d)).field_raw("used", shown_charge(v.debits_nanos, d));
    w.field_raw("balance_quota", quota(v.balance_nanos))
        .field_raw("used_quota", quota(v.debits_nanos))
        .field_raw("total_quota", quota(v.credits_nanos));
    w.field("wallet_currency", v.currency)
        .field_raw("balance_cents", cents_number(v.balance_nanos))
        .field_raw("available_cents", cents_number(v.available_nanos));
    w.field_raw("spend_today_cents", cents_number(s.today)).field_raw("spend_month_cents", cents_number(s.month));
    write_token(w, *request.principal, s, d);
    w.end_object();
    return out;
}
}  // namespace

rt::Task<Status> balance(Request& request) {
    CO_TRY(const auto found, co_await standing(request));
    auto sent = co_await reply_json(request, 200, balance_json(request, *found));
    co_return sent;
}

rt::Task<Status> bare_balance(Request& request) {
    CO_TRY(const auto found, co_await standing(request));
    const Display d = wallet_display(request.services, request.key_prefix, found->wallet.currency);
    // Its clients read it with a plain number parser: no exponent, at most six places.
    auto sent = co_await reply_json(request, 200, shown_micros(found->wallet.balance_nanos, d));
    co_return sent;
}

}  // namespace aig::api
