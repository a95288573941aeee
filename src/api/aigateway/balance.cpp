#include "api/aigateway/balance.h"

#include <algorithm>

#include "api/money_view.h"
#include "base/json.h"
#include "base/money.h"
#include "base/time.h"
#include "records/records.h"

namespace aig::api {
namespace {

struct Spending {
    int64_t key_total = 0, today = 0, month = 0;
};

int64_t utc_day_start(int64_t us) { return us - us % 86'400'000'000; }
int64_t utc_month_start(int64_t us) {
    int64_t day = utc_day_start(us);
    for (const auto month = utc_month(us); utc_month(day - 1) == month; day = utc_day_start(day - 1)) {
    }
    return day;
}

Status read_spending(store::Db& db, const identity::Principal& p, int64_t now, Spending& out) {
    constexpr int64_t forever = INT64_MAX;
    TRY(const auto key, records::spend(db, p.account, p.key, 0, forever));
    TRY(const auto today, records::spend(db, p.account, {}, utc_day_start(now), forever));
    TRY(const auto month, records::spend(db, p.account, {}, utc_month_start(now), forever));
    out = {key.cost_nanos, today.cost_nanos, month.cost_nanos};
    return {};
}

void write_token(JsonWriter& w, const identity::Principal& p, const ledger::WalletView& wallet, const Spending& spent,
                 const Display& d) {
    const bool capped = p.limits.spend_cap_nanos.has_value();
    const int64_t remaining =
        capped ? std::max<int64_t>(0, std::min(wallet.available_nanos, *p.limits.spend_cap_nanos - spent.key_total))
               : wallet.balance_nanos;
    w.key("token").begin_object().field("id", to_text(p.key)).field("name", p.key_name);
    w.field_raw("remaining", shown_balance(remaining, d)).field_raw("used", shown_charge(spent.key_total, d));
    w.field_raw("total", shown_balance(remaining + spent.key_total, d));
    w.field_raw("remaining_quota", quota(remaining)).field_raw("used_quota", quota(spent.key_total));
    w.field_raw("total_quota", quota(remaining + spent.key_total));
    w.field("unlimited_quota", !capped).field("model_limits_enabled", !p.models.empty());
    w.key("model_limits").begin_object();
    for (const auto& m : p.models) w.field(m, true);
    w.end_object().field("expires_at", p.expires_us / 1'000'000).end_object();
}

std::string balance_json(const Request& request, const ledger::WalletView& v, const Spending& spent) {
    const Display& d = display_for(request.services, request.key_prefix);
    const bool s0 = request.surface == canon::Surface::aigenway;
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("success", true).field("object", "balance").field("currency", d.currency);
    w.field("available", tenth_nanos_down(v.available_nanos))
        .field("reserved", tenth_nanos_down(v.held_nanos))
        .field("bonus_available", "0");
    if (s0)
        w.field("total", tenth_nanos_down(v.balance_nanos));
    else
        w.field_raw("total", shown_balance(v.balance_nanos + v.debits_nanos, d));
    w.field_raw("balance", shown_balance(v.balance_nanos, d)).field_raw("used", shown_charge(v.debits_nanos, d));
    w.field_raw("balance_quota", quota(v.balance_nanos))
        .field_raw("used_quota", quota(v.debits_nanos))
        .field_raw("total_quota", quota(v.credits_nanos));
    w.field_raw("balance_cents", cents_number(v.balance_nanos))
        .field_raw("available_cents", cents_number(v.available_nanos));
    w.field_raw("spend_today_cents", cents_number(spent.today))
        .field_raw("spend_month_cents", cents_number(spent.month));
    write_token(w, *request.principal, v, spent, d);
    w.end_object();
    return out;
}
}  // namespace

rt::Task<Status> balance(Request& request) {
    CO_TRY(const auto wallet, co_await request.services.book->wallet(request.principal->account));
    auto spent = std::make_shared<Spending>();  // the reader's thread may outlive this task
    const auto principal = request.principal;
    const int64_t now = request.started_us;
    std::function<Status(store::Db&)> read = [spent, principal, now](store::Db& db) {
        return read_spending(db, *principal, now, *spent);
    };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    auto sent = co_await reply_json(request, 200, balance_json(request, wallet, *spent));
    co_return sent;
}

}  // namespace aig::api
