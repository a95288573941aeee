// The operator's API: accounts, keys, wallets, the newest calls, verification. A request and a reply are values, so
// that the server's admin listener, its socket and a command without a server give the same answers. answer() blocks on
// the database: call it from the blocking pool or a thread without a loop; it may run in several threads at once. Who
// may ask is decided before (admin token, or the socket's file mode). Unknown members and query parameters are refused;
// so is every number that is out of its bounds. Routes and shapes: docs/reference/admin-api.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "identity/identity.h"
#include "ledger/book.h"
#include "records/idempotency.h"
#include "store/seal.h"
#include "topup/topups.h"

namespace aig::catalogue {
class PriceLists;
}

namespace aig::api {

struct AdminRequest {
    std::string method, path, query, body;  ///< path as received, without '?'; query without it
    std::string actor = "operator";         ///< for the audit log: "operator:token"
    std::string from = {};                  ///< the peer's address, or what stands for it
    std::string idempotency_key = {};       ///< "" = none; a valid one otherwise
};
struct AdminReply {
    int status = 200;
    std::string json{};
    bool replayed = false;  ///< the stored reply of the request that came first with its key
};

/// Bytes of body a path takes: an invoice is long, everything else is short.
constexpr size_t max_admin_body = 1u << 20, max_invoice_body = 48u << 20;
constexpr size_t most_admin_body(std::string_view path) {
    return path == "/admin/invoices" ? max_invoice_body : max_admin_body;
}

struct AdminHooks {
    std::string currency = "USD";                  ///< of new wallets (billing.currency)
    catalogue::PriceLists* price_lists = nullptr;  ///< none: its routes say so
    /// Gives the settings that wait for the next start. None: 409, there is nothing to reload.
    std::function<Result<std::vector<std::string>>()> reload;
    topup::Topups* topups = nullptr;              ///< null: none are configured, or no gateway runs
    store::Sealer* sealer = nullptr;              ///< what rests sealed
    std::function<std::string()> status_json;     ///< members for GET /admin/status ("\"draining\":false"); may be none
    records::Idempotency* idempotency = nullptr;  ///< none: keys of POSTs are not looked at
};

class Admin {
  public:
    Admin(store::Store& store, ledger::Book& book, identity::Directory& directory, AdminHooks hooks = {})
        : store_(store), book_(book), directory_(directory), hooks_(std::move(hooks)) {}
    AdminReply answer(const AdminRequest& request);

  private:
    Result<AdminReply> dispatch(const AdminRequest& request, std::shared_ptr<const records::Claim> claim);
    Result<AdminReply> once(const AdminRequest& request);
    store::Store& store_;
    ledger::Book& book_;
    identity::Directory& directory_;
    AdminHooks hooks_;
};

/// {"error":{"code","message","param"?,"next_step"}}
std::string admin_error_json(const Error& error);

}  // namespace aig::api
