// The public HTTP surface: finds the route, chooses the caller's dialect, authenticates, runs the handler, renders
// errors in the envelope the caller's SDK parses. One Api serves all loops; it holds no state of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/ip.h"
#include "base/price.h"
#include "canon/dialect.h"
#include "catalogue/catalogue.h"
#include "gateway/gateway.h"
#include "identity/identity.h"
#include "ledger/book.h"
#include "limits/failed_auth.h"
#include "net/server.h"
#include "records/idempotency.h"
#include "records/responses.h"
#include "store/store.h"
#include "topup/topups.h"

namespace aig::api {

class Portal;
class BackgroundRuns;  // api/openai/background.h

/// How money is shown to keys of one prefix (billing.display); the wallet's currency does not change.
struct Display {
    std::string currency = "USD";
    Ratio rate;  ///< shown = dollars * rate
};

/// What the surface stands on. Everything outlives the Api.
struct Services {
    gateway::Gateway* gateway = nullptr;
    ledger::Book* book = nullptr;
    identity::Directory* directory = nullptr;
    catalogue::Catalogue* catalogue = nullptr;
    store::Store* store = nullptr;
    records::Idempotency* idempotency = nullptr;
    limits::Limiter* limiter = nullptr;
    limits::FailedAuth* failed_auth = nullptr;
    Portal* portal = nullptr;                       ///< null: /portal/* is not there
    topup::Topups* topups = nullptr;                ///< null: none are configured
    std::shared_ptr<records::Responses> responses;  ///< null: none are stored
    std::shared_ptr<BackgroundRuns> background;     ///< as responses
    int64_t response_retention_us = 0;
    const store::Sealer* sealer = nullptr;                ///< of compacted conversations
    std::map<std::string, Display, std::less<>> display;  ///< by key prefix
    std::function<Status()> ready;                        ///< what /readyz says
    std::string openapi_json;
    std::string simple_prices_json;  ///< what GET /api/v1/price says
    bool public_metrics = false;     ///< /metrics on the public listener (aig dev)
    size_t max_json_body = 32u << 20;
    bool key_in_url = true;                ///< routes that take the API key in their path exist
    std::vector<IpBlock> trusted_proxies;  ///< whose X-Forwarded-For and Forwarded are believed
    bool log_requests = false;  ///< one line a request: ids, path, status, duration; never bodies, never keys
};

class Api {
  public:
    explicit Api(Services services);
    ~Api();
    rt::Task<> handle(net::Exchange& http);
    /// For errors before a handler runs (framing, limits): the default dialect's envelope.
    static std::string early_error(const Error& error);

  private:
    Services services_;
};

}  // namespace aig::api
