// The gateway runs one call: it admits it, plans a route, takes a hold on the wallet, tries providers, streams the
// answer back and settles the hold. It knows dialects and wires only as interfaces and HTTP only as a Sink, so that
// jobs and evals can use it without a connection. One Gateway serves all loops; a call lives on the loop it started on.
//
// Money: run() never returns before the call's hold is settled or released (or its release is queued). A call that ends
// in an Error costs nothing, except when the client left a stream that had begun (docs/life_of_a_request.md).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "canon/dialect.h"
#include "catalogue/catalogue.h"
#include "gateway/pricing.h"
#include "identity/identity.h"
#include "ledger/book.h"
#include "ledger/free_tier.h"
#include "limits/limits.h"
#include "net/http.h"
#include "route/route.h"
#include "rt/event.h"
#include "rt/loop.h"
#include "store/seal.h"

namespace aig::gateway {

/// Where the answer goes.
class Sink {
  public:
    virtual ~Sink() = default;
    /// The whole reply at once; or begin, write..., end.
    virtual rt::Task<Status> whole(int status, net::Headers headers, net::Pieces body) = 0;
    virtual rt::Task<Status> begin(net::Headers headers) = 0;
    virtual rt::Task<Status> write(net::Pieces pieces) = 0;
    virtual rt::Task<Status> end() = 0;
    /// Breaks the reply off, so that it cannot be taken for a whole one.
    virtual void abort() = 0;
    /// Fires when the caller is gone.
    virtual rt::Stop& stop() = 0;
};

/// The end of a charged call, as its caller gets it.
struct FinalReply {
    bool whole = true;      ///< false: the caller left a stream, what it got is cut off
    bool streamed = false;  ///< the head and the bytes before the tail went through the sink
    net::Headers headers;
    std::string_view tail;    ///< the rest of a stream, or the whole body
    std::string_view object;  ///< the reply as one object (Relay::reply_object); "" where it is not whole or has none
};
/// Keeps a reply for a repetition of its request, in the transaction of the charge: writer thread, may run twice, must
/// not fail but for storage.
using KeepReply = std::function<Status(store::Db&, const FinalReply&)>;

/// One call as the HTTP surface hands it over. Outlives run().
struct Call {
    const canon::Dialect* dialect = nullptr;
    canon::Incoming in;
    /// The caller's headers that go on to a provider of the same family (Dialect::forwards).
    std::vector<std::pair<std::string, std::string>> forward{};
    canon::Surface surface = canon::Surface::aigate;
    identity::PrincipalPtr principal;
    std::string request_id;      ///< ours, unique: req_<ULID>
    std::string correlation_id;  ///< the caller's X-Request-Id, or ours
    std::string tag;             ///< the caller's, else its key's
    std::string quote;           ///< x-aig-quote: the binding estimate this call is charged by; "" = none
    bool explain = false;        ///< x-aig-explain: say what would happen instead
    bool strict = false;         ///< x-aig-strict: refuse rather than lose a member of the request
    int64_t started_us = 0;      ///< wall clock
    int64_t started_mono_ns = 0;
    KeepReply keep;  ///< none: nobody asked for it
};

struct Services {
    rt::Loops* loops = nullptr;
    ledger::Book* book = nullptr;
    limits::Limiter* limiter = nullptr;
    catalogue::Catalogue* catalogue = nullptr;
    route::Health* health = nullptr;
    const ledger::FreeTier* free_tier = nullptr;         ///< none: nothing is free
    store::Store* store = nullptr;                       ///< reads quotes
    const catalogue::PriceLists* price_lists = nullptr;  ///< none: everybody pays the catalogue's prices
    const store::Sealer* sealer = nullptr;               ///< none: reasoning state of other dialects is left out
};

/// The limits that a key's calls are counted by, under Principal::line.
limits::Limits rates_of(const identity::Principal& principal);

class Upstreams;
struct Vault;

class Gateway {
  public:
    explicit Gateway(Services services);
    ~Gateway();
    /// An Error means that nothing was sent to the sink yet and the caller of run() must answer it. `call` and `sink`
    /// outlive the task.
    rt::Task<Status> run(Call& call, Sink& sink);
    /// Calls inside run() now.
    /// What such a call would hold and cost; reads memory only.
    Result<Preview> preview(const identity::Principal& principal, const Asked& asked,
                            const ledger::Coupon* coupon) const {
        return gateway::preview(services_, principal, asked, coupon);
    }
    /// What this key pays for a model.
    Result<Pricing> pricing(const identity::Principal& principal, const catalogue::Model& model) const {
        return price_for(services_, principal, model, services_.catalogue->get()->fee);
    }
    int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

  private:
    Services services_;
    std::unique_ptr<Upstreams> upstreams_;
    std::unique_ptr<Vault> vault_;
    std::atomic<int64_t> in_flight_{0};
};

}  // namespace aig::gateway
