#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "base/money.h"

namespace aig::api {
namespace {
constexpr size_t max_ref = 200, max_memo = 500;
}  // namespace

std::string wallet_json(const ledger::WalletView& v) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("currency", v.currency)
        .field("balance", dollars(v.balance_nanos))
        .field("held", dollars(v.held_nanos))
        .field("available", dollars(v.available_nanos))
        .end_object();
    return out;
}

namespace {
Result<AdminReply> credit(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"amount", "ref", "memo"}));
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    if (!amount)
        return Error(ErrorCode::bad_param, "'amount' is required, as decimal text (\"10\", \"0.01\").").param("amount");
    TRY(std::string ref, body.text("ref", "adm_" + new_ulid()));
    TRY(std::string memo, body.text("memo", ""));
    if (ref.empty() || ref.size() > max_ref)
        return Error(ErrorCode::bad_param, fmt::format("'ref' must have 1 to {} bytes.", max_ref)).param("ref");
    if (memo.size() > max_memo)
        return Error(ErrorCode::bad_param, fmt::format("'memo' may have at most {} bytes.", max_memo)).param("memo");
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRYV(ask.directory.account(AccountId{id}));
    const AccountId account{id};
    auto act = ask.audited("wallet.credit", to_text(account), account,
                           fmt::format(R"("amount":"{}","ref":{})", dollars(*amount), json_string(ref)));
    TRY(const auto view, ask.book.credit_now(account, *amount, ref, std::move(memo), std::move(act)));
    log::info("wallet_credited", {{"account", to_text(AccountId{id})}, {"amount", dollars(*amount)}, {"ref", ref}});
    return AdminReply{200, wallet_json(view)};
}

Result<AdminReply> show_wallet(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRYV(ask.directory.account(AccountId{id}));
    TRY(const auto view, ask.book.wallet_now(AccountId{id}));
    return AdminReply{200, wallet_json(view)};
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/accounts/{id}/credit", credit},
    {"GET", "/admin/accounts/{id}/wallet", show_wallet},
};
}  // namespace

std::span<const AdminRow> wallet_rows() { return rows; }

}  // namespace aig::api
