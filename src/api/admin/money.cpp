// Money by the operator's hand: credits, refunds, corrections, losses. Each has a ref, the outside name of the
// movement: the same one moves nothing the second time, and leaves no second audit row.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "ledger/charges.h"
#include "ledger/moves.h"

namespace aig::api {
namespace {
constexpr size_t max_ref = 200, max_memo = 500;
constexpr int64_t max_spread_bps = 5'000;

struct Named {
    std::string ref, memo;
};
Result<Named> named(const Body& body) {
    Named n;
    TRY(n.ref, body.text("ref", new_ulid("adm_")));
    TRY(n.memo, body.text("memo", ""));
    if (n.ref.empty() || n.ref.size() > max_ref)
        return Error(ErrorCode::bad_param, fmt::format("'ref' must have 1 to {} bytes.", max_ref)).param("ref");
    if (n.memo.size() > max_memo)
        return Error(ErrorCode::bad_param, fmt::format("'memo' may have at most {} bytes.", max_memo)).param("memo");
    return n;
}
Error missing_amount() {
    return Error(ErrorCode::bad_param, "'amount' is required, as decimal text (\"10\", \"0.01\").").param("amount");
}

/// Commits the movement with its audit row; answers with the wallet afterwards and what was moved.
Result<AdminReply> move(const Ask& ask, std::string_view action, AccountId account, const Named& n, int64_t amount,
                        std::unique_ptr<store::Op> op, const ledger::PostedPtr& posted) {
    const auto detail =
        fmt::format(R"("amount":"{}","ref":{},"memo":{})", dollars(amount), json_string(n.ref), json_string(n.memo));
    TRYV(ask.commit(std::move(op), std::string(action), to_text(account), account, detail, posted));
    if (!posted->before)
        log::info("money_moved",
                  {{"action", action}, {"account", to_text(account)}, {"amount", dollars(amount)}, {"ref", n.ref}});
    auto json = wallet_json(posted->wallet);
    json.pop_back();
    json += fmt::format(R"(,"moved":"{}","ref":{},"before":{}}})", dollars(posted->amount_nanos), json_string(n.ref),
                        posted->before);
    return AdminReply{200, std::move(json)};
}

Result<AdminReply> credit(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"amount", "currency", "spread_bps", "ref", "memo"}));
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    if (!amount) return missing_amount();
    ledger::Deposit d;
    TRY(d.currency, body.text("currency", ""));
    TRY(const auto spread, body.integer("spread_bps", 0, max_spread_bps));
    TRY(const auto n, named(body));
    TRY(d.account, path_account(ask));
    d.amount_nanos = *amount;
    d.spread_bps = spread.value_or(0);
    d.ref = n.ref;
    d.memo = n.memo;
    const auto account = d.account;
    auto posted = std::make_shared<ledger::Posted>();
    return move(ask, "wallet.credit", account, n, *amount, ask.book.deposit(std::move(d), posted), posted);
}

/// The first entry of the charge of a request.
Result<int64_t> charge_of(const Ask& ask, AccountId account, const std::string& request_id) {
    int64_t entry = 0;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(entry, ledger::charge_of(db, account, request_id));
        return {};
    }));
    if (!entry)
        return Error(ErrorCode::resource_not_found, fmt::format("The account has no charge for '{}'.", request_id))
            .param("request_id");
    return entry;
}

Result<AdminReply> refund(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"request_id", "amount", "ref", "memo"}));
    TRY(const auto request_id, body.needed_text("request_id"));
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    TRY(const auto n, named(body));
    TRY(const auto account, path_account(ask));
    TRY(const int64_t charge, charge_of(ask, account, request_id));
    auto posted = std::make_shared<ledger::Posted>();
    auto op = ask.book.refund({account, charge, amount.value_or(0), n.ref, n.memo}, posted);
    return move(ask, "wallet.refund", account, n, amount.value_or(0), std::move(op), posted);
}

Result<AdminReply> adjust(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"amount", "ref", "memo"}));
    TRY(const auto amount, body.signed_amount("amount", max_amount_nanos));
    if (!amount) return missing_amount();
    TRY(const auto n, named(body));
    TRY(const auto account, path_account(ask));
    auto posted = std::make_shared<ledger::Posted>();
    auto op = ask.book.adjust({account, *amount, n.ref, n.memo}, posted);
    return move(ask, "wallet.adjust", account, n, *amount, std::move(op), posted);
}

Result<AdminReply> operator_loss(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"amount", "ref", "memo"}));
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    if (!amount) return missing_amount();
    TRY(const auto n, named(body));
    TRY(const auto account, path_account(ask));
    auto posted = std::make_shared<ledger::Posted>();
    auto op = ask.book.operator_loss({account, *amount, n.ref, n.memo}, posted);
    return move(ask, "operator.loss", account, n, *amount, std::move(op), posted);
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/accounts/{id}/credit", credit},
    {"POST", "/admin/accounts/{id}/refund", refund},
    {"POST", "/admin/accounts/{id}/adjust", adjust},
    {"POST", "/admin/accounts/{id}/operator-loss", operator_loss},
};
}  // namespace

std::span<const AdminRow> money_rows() { return rows; }

}  // namespace aig::api
