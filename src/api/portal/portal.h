// The portal's backend: people sign up, log in, and see and change what belongs to their accounts, over /portal/api/*.
// It is the only part of the public listener that knows cookies, so it answers no other origin: unsafe requests must
// come from the portal's own pages (Sec-Fetch-Site, or Origin where a browser does not send it), carry JSON and, in a
// session, its x-csrf-token. Who may use a route stands in its row (Seat). Handlers are plain functions on values that
// block on the database: they run in the blocking pool; those that hash a password have two threads of their own and a
// line of 32, then 429. One Portal serves all loops. Routes and shapes: docs/reference/portal-api.md.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "api/request.h"
#include "catalogue/price_lists.h"
#include "identity/users.h"
#include "ledger/book.h"
#include "limits/limits.h"
#include "mail/mail.h"
#include "rt/event.h"
#include "topup/topups.h"

namespace aig::api {

struct PortalOptions {
    bool sign_up = false;              ///< strangers may make accounts
    bool verification = true;          ///< an address counts once its mailed link was used
    int64_t trial_nanos = 0;           ///< a bonus for a new account, once an address; 0 = none
    int64_t trial_days = 30;           ///< how long it can be spent
    std::string currency = "USD";      ///< of new wallets
    bool tls = false;                  ///< our own listener speaks TLS
    std::string public_url;            ///< as configured; "" = not
    std::function<std::string()> url;  ///< what links in mails begin with
    int64_t failures_per_account = 5, failures_per_peer = 20, sign_ups_per_peer = 5;  ///< a minute
};

/// What the portal stands on. Everything outlives it.
struct PortalServices {
    store::Store* store = nullptr;
    ledger::Book* book = nullptr;
    identity::Directory* directory = nullptr;
    catalogue::Catalogue* catalogue = nullptr;
    mail::Sender* mail = nullptr;
    const catalogue::PriceLists* price_lists = nullptr;  ///< null: everybody pays the catalogue's prices
    topup::Topups* topups = nullptr;                     ///< null: no way of paying is set up
};

class Portal {
  public:
    Portal(PortalServices services, PortalOptions options);

    const PortalServices& services() const { return services_; }
    const PortalOptions& options() const { return options_; }
    identity::Users& users() { return users_; }
    rt::Workers& hashers() { return hashers_; }

    /// One more failed (or, `kind` "sign_up", any) attempt of `who`: rate_limited with the time to wait. A Ticket that
    /// is refunded did not happen.
    Result<limits::Ticket> attempt(std::string_view kind, std::string_view who, int64_t per_minute);
    /// Forgets sessions and tokens that are over, once an hour at most.
    void sweep();
    /// The trial credit, once an address; nothing when it had it, or there is none.
    Status give_trial(std::string_view email, AccountId account);

  private:
    PortalServices services_;
    PortalOptions options_;
    identity::Users users_;
    limits::Limiter limiter_{100'000};
    std::string salt_;
    std::mutex trial_;
    std::atomic<int64_t> swept_ms_{0};
    rt::Workers hashers_{2, 32};
};

/// Takes the request's cookie for its session, and the row's Seat for what it must be; before the body is read.
rt::Task<Status> take_seat(Request& request, const Route& route);
/// For unsafe requests to open portal routes: from our own pages, and JSON.
Status own_page(const Request& request);
bool is_portal(std::string_view path);
/// Instead of CORS: nothing of a reply may be kept, framed, sniffed or read from elsewhere.
void add_portal_headers(net::Headers& headers, const Request& request);

}  // namespace aig::api
