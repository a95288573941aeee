#include "api/portal/deposits.h"

#include "api/topup/deposits.h"
#include "base/money.h"

namespace aig::api {
namespace {
constexpr int64_t page = 50, max_page = 500;
constexpr int64_t max_amount_nanos = 1'000'000 * nanos_per_unit;

Result<topup::Topups*> configured(Call& c) {
    if (auto* topups = c.portal.services().topups) return topups;
    return Error(ErrorCode::topup_disabled, "no way of paying is set up here");
}
Error no_such_deposit() { return Error(ErrorCode::resource_not_found, "there is no such deposit"); }

void write_rails(JsonWriter& w, const topup::Topups* topups) {
    w.key("rails").begin_array();
    if (topups)
        for (const auto& rail : topups->open_rails()) w.string(rail);
    w.end_array();
}

/// The same address every time: a page may ask as often as it is looked at.
Result<PortalReply> address_for(Call& c, topup::Topups& topups) {
    TRY(const auto address, topups.addresses().address_of_now(c.account()));
    if (topups.watcher()) topups.watcher()->expect(c.account());
    PortalReply reply;
    reply.json = address_json(topups, address);
    store::Batch b;
    b.ops = c.kept(reply.status, reply.json);
    if (!b.ops.empty()) TRYV(c.portal.services().store->commit_now(std::move(b)));
    return reply;
}

Result<PortalReply> order_for(Call& c, topup::NewOrder wanted) {
    TRY(const auto order, topup::Desk::draft(std::move(wanted)));
    PortalReply reply{201, {}, {}, {}, {}};
    JsonWriter w(reply.json);
    write_order(w, order);
    store::Batch b;
    b.ops.push_back(topup::Desk::order_row(order));
    b.ops = joined(joined(std::move(b.ops), c.audited("topup.order", order.public_id)), c.kept(201, reply.json));
    TRYV(c.portal.services().store->commit_now(std::move(b)));
    return reply;
}

Result<std::string> deposit_json(store::Db& db, AccountId account, std::string_view name) {
    std::string json;
    JsonWriter w(json);
    if (const auto id = id_value("dpt_", name)) {
        TRY(const auto deposit, topup::sql::load_deposit(db, *id));
        if (!deposit || deposit->account != account) return no_such_deposit();
        write_deposit(w, *deposit);
        return json;
    }
    TRY(const auto order, topup::sql::load_order(db, name));
    if (!order || order->account != account) return no_such_deposit();
    write_order(w, *order);
    return json;
}
}  // namespace

Result<PortalReply> portal_deposits(Call& c) {
    TRY(const Query query, Query::parse(c.query, {"limit", "before"}));
    TRY(const int64_t limit, query.integer("limit", page, 1, max_page));
    TRY(const int64_t before, query.id("before", "dpt_"));
    std::vector<topup::Deposit> found;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        TRY(found, topup::sql::list_deposits(db, c.account(), -1, before, limit));
        return {};
    }));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object();
    write_rails(w, c.portal.services().topups);
    w.key("data").begin_array();
    for (const auto& d : found) write_deposit(w, d);
    w.end_array();
    std::ssize(found) == limit ? w.field("next", id_text("dpt_", found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<PortalReply> portal_pay_in(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"rail", "amount", "currency"}));
    TRY(auto* const topups, configured(c));
    TRY(const auto rail, body.text("rail", "", 64));
    TRYV(topups->usable(rail));
    if (rail == topup::usdt_trc20) return address_for(c, *topups);
    TRY(const auto wallet, c.portal.services().book->wallet_now(c.account()));
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    TRY(auto currency, body.text("currency", wallet.currency, 64));
    return order_for(c, {c.account(), rail, std::move(currency), amount.value_or(0)});
}

Result<PortalReply> portal_deposit(Call& c) {
    TRYV(Query::parse(c.query, {}));
    PortalReply reply;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        TRY(reply.json, deposit_json(db, c.account(), c.arg));
        return {};
    }));
    return reply;
}

}  // namespace aig::api
