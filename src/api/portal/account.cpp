#include "api/portal/account.h"

#include <fmt/format.h>

#include "api/erase.h"
#include "api/portal/transactions.h"
#include "base/money.h"
#include "base/time.h"
#include "ledger/coupons.h"

namespace aig::api {
namespace {
constexpr int64_t max_threshold = 1'000'000'000 * nanos_per_unit;
constexpr int64_t max_exported = 100'000;

constexpr const char* wallet_low = "SELECT low FROM wallet WHERE account_id = ?1 AND kind = 0";

/// Nothing: the deployment's threshold.
Result<std::optional<int64_t>> low_balance(Call& c) {
    std::optional<int64_t> low;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        auto q = db.query(wallet_low);
        q.bind(c.account().value);
        TRY(const bool row, q.step());
        if (row && !q.is_null(0)) low = q.integer(0);
        return {};
    }));
    return low;
}

Status commit(Call& c, store::Ops ops) {
    store::Batch b;
    b.ops = std::move(ops);
    b.guarded = true;
    return c.portal.services().store->commit_now(std::move(b));
}

Status write_keys(Call& c, JsonWriter& w) {
    TRY(const auto keys, c.portal.services().directory->keys(c.account()));
    w.key("keys").begin_array();
    for (const auto& k : keys) {
        w.begin_object().field("id", to_text(k.id)).field("name", k.own.name).field("prefix", k.shown);
        w.field("tag", k.own.tag);
        write_when(w, "created_at", k.created_us);
        write_when(w, "revoked_at", k.revoked_us);
        write_when(w, "last_used_at", k.last_used_us);
        w.end_object();
    }
    w.end_array();
    return {};
}

Status write_people(Call& c, JsonWriter& w) {
    TRY(const auto members, c.portal.users().members(c.account()));
    w.key("members").begin_array();
    for (const auto& m : members) {
        w.begin_object().field("user_id", to_text(m.user)).field("email", m.email);
        w.field("role", identity::role_name(m.role));
        write_when(w, "since", m.created_us);
        w.end_object();
    }
    w.end_array().key("sessions").begin_array();
    TRY(const auto sessions, c.portal.users().sessions(c.user().id));
    for (const auto& s : sessions) {
        w.begin_object().field("peer", s.peer).field("agent", s.agent);
        write_when(w, "created_at", s.created_us);
        w.end_object();
    }
    w.end_array();
    return {};
}

Status write_history(Call& c, JsonWriter& w, std::string_view currency) {
    std::vector<Transaction> rows;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        HistoryCursor cursor;
        TRY(rows, history(db, c.account(), cursor, max_exported));
        return {};
    }));
    w.key("transactions").begin_array();
    for (const auto& t : rows) write_transaction(w, t, currency);
    w.end_array().field("complete", std::ssize(rows) < max_exported);
    return {};
}
}  // namespace

Result<PortalReply> show_account(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRY(const auto account, c.portal.services().directory->account(c.account()));
    TRY(const auto wallet, c.portal.services().book->wallet_now(c.account()));
    TRY(const auto low, low_balance(c));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("account_id", to_text(account.id)).field("name", account.name);
    w.field("status", account.status).field("currency", wallet.currency);
    low ? w.field("low_balance", dollars(*low)) : w.field_null("low_balance");
    write_when(w, "created_at", account.created_us);
    w.end_object();
    return reply;
}

/// `low_balance`: an amount; "0" is never; null is the deployment's own threshold.
Result<PortalReply> change_account(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"low_balance"}));
    if (!body.has("low_balance"))
        return Error(ErrorCode::bad_param, "Say what to change: 'low_balance'.").param("low_balance");
    TRY(const auto text, body.text("low_balance", ""));
    std::optional<int64_t> low;
    if (!text.empty()) {
        TRY(low, parse_decimal(text, 9, "low_balance"));
        if (*low < 0 || *low > max_threshold)
            return Error(ErrorCode::bad_param, "'low_balance' must be from 0 to 1,000,000,000.").param("low_balance");
    }
    store::Ops ops;
    ops.push_back(c.portal.services().book->set_balance_low(c.account(), low));
    TRYV(commit(c, joined(std::move(ops), c.audited("account.low_balance", to_text(c.account()),
                                                    low ? fmt::format(R"("nanos":{})", *low) : ""))));
    c.query.clear();
    return show_account(c);
}

Result<PortalReply> redeem_coupon(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"code"}));
    TRY(const auto text, body.needed_text("code"));
    TRYV(c.portal.attempt("coupon", to_text(c.account()), 20));
    TRY(const auto code, ledger::coupon_code(text));
    ledger::Coupon coupon;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        TRY(coupon, ledger::offered_coupon(db, c.account(), code, now_us()));
        return {};
    }));
    PortalReply reply{201, {}, {}, {}, {}};
    JsonWriter(reply.json)
        .begin_object()
        .field("code", code)
        .field("amount", dollars(coupon.amount_nanos))
        .field("currency", coupon.currency)
        .end_object();
    store::Ops ops;
    ops.push_back(c.portal.services().book->redeem(c.account(), code, nullptr));
    ops = joined(std::move(ops), c.audited("coupon.redeem", "coupon " + code));
    TRYV(commit(c, joined(std::move(ops), c.kept(reply.status, reply.json))));
    return reply;
}

Result<PortalReply> list_coupons(Call& c) {
    TRY(const Query query, Query::parse(c.query, {"offset", "limit"}));
    TRY(const int64_t offset, query.integer("offset", 0, 0, 1'000'000));
    TRY(const int64_t limit, query.integer("limit", 50, 1, 500));
    std::vector<ledger::CouponUse> rows;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        TRY(rows, ledger::coupon_uses(db, c.account(), offset, limit));
        return {};
    }));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    for (const auto& u : rows) {
        w.begin_object().field("code", u.code);
        w.field("kind", u.kind == ledger::CouponKind::bonus ? "bonus" : "discount");
        w.field("amount", dollars(u.amount_nanos));
        w.field("percent", decimal(u.percent_bps, 2));
        write_when(w, "used_at", u.at_us);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

/// Everything that is kept of the account and of the person who asks.
Result<PortalReply> export_account(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"password"}));
    TRYV(c.stepped_up(body));
    TRY(const auto account, c.portal.services().directory->account(c.account()));
    TRY(const auto wallet, c.portal.services().book->wallet_now(c.account()));
    PortalReply reply;
    reply.file = to_text(account.id) + ".json";
    reply.type = "application/json";
    JsonWriter w(reply.json);
    w.begin_object().field("account_id", to_text(account.id)).field("name", account.name);
    w.field("email", account.email).field("status", account.status);
    write_when(w, "created_at", account.created_us);
    w.key("wallet").begin_object().field("currency", wallet.currency).field("balance", dollars(wallet.balance_nanos));
    w.field("held", dollars(wallet.held_nanos)).end_object();
    TRYV(write_people(c, w));
    TRYV(write_keys(c, w));
    TRYV(write_history(c, w, wallet.currency));
    w.end_object();
    TRYV(commit(c, c.audited("account.export", to_text(c.account()))));
    return reply;
}

/// The books stay as they are, for they are the operator's too; the people and their names go. What is left in the
/// wallet is not paid out: whoever wants it back asks the operator before.
Result<PortalReply> erase_account(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"password", "account_id"}));
    TRY(const auto confirmed, body.needed_text("account_id"));
    if (confirmed != to_text(c.account()))
        return Error(ErrorCode::bad_param, "'account_id' must name this account, as a second look.")
            .param("account_id");
    TRYV(c.stepped_up(body));
    const bool last = [&] {
        const auto accounts = c.portal.users().accounts(c.user().id);
        return accounts && accounts->size() == 1;
    }();
    TRYV(forget_account(*c.portal.services().directory, c.account(), c.audited("account.erase", to_text(c.account()))));
    return PortalReply{204, {}, last ? c.cookie("") : "", {}, {}};
}

}  // namespace aig::api
