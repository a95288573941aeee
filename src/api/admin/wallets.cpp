#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/money.h"

namespace aig::api {
std::string wallet_json(const ledger::WalletView& v) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("currency", v.currency)
        .field("balance", dollars(v.balance_nanos))
        .field("held", dollars(v.held_nanos))
        .field("available", dollars(v.available_nanos))
        .field("bonus", dollars(v.bonus_nanos))
        .field("frozen", v.frozen)
        .end_object();
    return out;
}

namespace {
Result<AdminReply> show_wallet(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const auto account, path_account(ask));
    TRY(const auto view, ask.book.wallet_now(account));
    return AdminReply{200, wallet_json(view)};
}

/// A frozen wallet takes no new call; what runs is settled, and money may come in.
Result<AdminReply> set_frozen(const Ask& ask, bool frozen) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const auto account, path_account(ask));
    const std::string action = frozen ? "wallet.freeze" : "wallet.unfreeze";
    TRYV(ask.commit(ask.book.freeze_wallet(account, frozen), action, to_text(account), account));
    TRY(const auto view, ask.book.wallet_now(account));
    return AdminReply{200, wallet_json(view)};
}
Result<AdminReply> freeze(const Ask& ask) { return set_frozen(ask, true); }
Result<AdminReply> unfreeze(const Ask& ask) { return set_frozen(ask, false); }

/// Below which balance the account is told; null = the deployment's threshold.
Result<AdminReply> set_low(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"amount"}));
    TRY(const auto amount, body.amount_from_zero("amount", max_amount_nanos));
    TRY(const auto account, path_account(ask));
    const auto text = amount ? json_string(dollars(*amount)) : std::string("null");
    TRYV(ask.commit(ask.book.set_balance_low(account, amount), "wallet.balance_low", to_text(account), account,
                    fmt::format(R"("amount":{})", text)));
    return AdminReply{200, fmt::format(R"({{"account_id":"{}","balance_low":{}}})", to_text(account), text)};
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/accounts/{id}/wallet", show_wallet},
    {"POST", "/admin/accounts/{id}/freeze", freeze},
    {"POST", "/admin/accounts/{id}/unfreeze", unfreeze},
    {"POST", "/admin/accounts/{id}/balance-low", set_low},
};
}  // namespace

std::span<const AdminRow> wallet_rows() { return rows; }

}  // namespace aig::api
