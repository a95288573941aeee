// The admin API's table, a topic at a time: src/api/admin/<topic>.cpp has its handlers and gives its rows, admin.cpp
// lists the topics. A handler reads its whole request before it does anything, and what it writes goes into one batch
// with its audit row (Ask::audited): nothing an operator does is done without a trace of it.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <span>

#include "api/admin/admin.h"
#include "base/json.h"
#include "base/money.h"
#include "records/audit.h"

namespace aig::api {

constexpr int64_t max_amount_nanos = 1'000'000'000 * nanos_per_unit;
constexpr int64_t default_page = 100, max_page = 1'000;

/// What a handler is asked: the request, the id in its path, and what it works on.
struct Ask {
    const AdminRequest& request;
    std::string_view id;  ///< as received, percent-encoded
    store::Store& store;
    ledger::Book& book;
    identity::Directory& directory;
    const AdminHooks& hooks;
    std::shared_ptr<const records::Claim> claim{};  ///< runs under an Idempotency-Key

    /// That this was done, under the request's key: in the batch that does it. Nothing without a key.
    void done_once(store::Ops& ops, const std::string& action) const;
    /// Who asks and from where, the rest to be filled.
    records::AuditEntry act(std::string action, std::string object, AccountId account) const;
    /// The audit row as the one op of a batch's `with`. `detail` are finished JSON members, without secrets.
    store::Ops audited(std::string action, std::string object, AccountId account, std::string_view detail = {}) const;
    /// The request's body as an audit detail, for acts that name what they change and hold no secret.
    std::string change() const;
    /// Commits `op` with its audit row; with `posted` (what the op fills) no row for a ref that was booked before.
    Status commit(std::unique_ptr<store::Op> op, std::string action, std::string object, AccountId account,
                  std::string_view detail = {}, ledger::PostedPtr posted = {}) const;
    /// Runs `fn` on a reader.
    Status read(const std::function<Status(store::Db&)>& fn) const { return store.read_now(fn); }
};

using AdminHandler = Result<AdminReply> (*)(const Ask&);
struct AdminRow {
    std::string_view method, path;  ///< "{id}" stands for one segment
    AdminHandler handler;
};

std::span<const AdminRow> account_rows();
std::span<const AdminRow> user_rows();
std::span<const AdminRow> wallet_rows();
std::span<const AdminRow> key_rows();
std::span<const AdminRow> price_rows();
std::span<const AdminRow> secret_rows();
std::span<const AdminRow> privacy_rows();
std::span<const AdminRow> call_rows();
std::span<const AdminRow> topup_rows();
std::span<const AdminRow> ledger_rows();
std::span<const AdminRow> statement_rows();
std::span<const AdminRow> money_rows();
std::span<const AdminRow> coupon_rows();
std::span<const AdminRow> rate_rows();
std::span<const AdminRow> tag_budget_rows();
std::span<const AdminRow> sub_account_rows();
std::span<const AdminRow> report_rows();
std::span<const AdminRow> invoice_rows();
std::span<const AdminRow> audit_rows();
std::span<const AdminRow> gateway_rows();

/// A stamp as UTC text; null for 0.
void write_stamp(JsonWriter& w, std::string_view name, int64_t us);
/// The account in the path, which exists.
Result<AccountId> path_account(const Ask& ask);
/// {"currency","balance","held","available","bonus","frozen"}
std::string wallet_json(const ledger::WalletView& v);

}  // namespace aig::api
