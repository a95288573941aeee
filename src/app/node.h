// A running gateway: everything built and connected by hand, in one place, in the order in which it depends on each
// other. Start, reload, drain, stop are called from the main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/api.h"
#include "api/portal/portal.h"
#include "catalogue/config.h"
#include "ledger/free_tier.h"
#include "net/server.h"

namespace aig::app {

struct NodeOptions {
    std::string host = "127.0.0.1", admin_host = "127.0.0.1";
    uint16_t port = 8080, admin_port = 8081;
    net::ServerTls tls;
    size_t threads = 0;  ///< 0 = one per core
    std::string data_dir = "./data";
    std::string admin_token;  ///< "" = made once into data_dir/admin.token
    std::map<std::string, api::Display, std::less<>> display;
    std::string simple_prices_json;  ///< "" = data/simple_prices.json
    bool public_metrics = false, log_requests = false, key_in_url = true;
    std::string public_url;  ///< for links; "" = where it listens
    int64_t body_budget_bytes = 256ll << 20;
    std::vector<IpBlock> trusted_proxies;
    size_t max_body_bytes = 32u << 20, max_connections = 10'000;
    std::string currency = "USD";  ///< of new wallets
    Ratio rate_per_usd;            ///< of that currency
    ledger::Alerts alerts;
    std::vector<ledger::FreeRule> free_tier;
    bool store_responses = true;
    int64_t response_retention_ms = 30ll * 86'400'000, background_per_account = 16;
    api::PortalOptions portal;                                 ///< its currency, tls and url are the node's
    mail::SenderOptions mail;                                  ///< its outbox is data_dir/outbox
    std::function<Result<std::vector<std::string>>()> reload;  ///< as AdminHooks::reload; may be none

    topup::TopupSettings topups;
    catalogue::Config catalogue;
};

class Node {
  public:
    static Result<std::unique_ptr<Node>> start(NodeOptions options);
    ~Node();

    std::string url() const;
    std::string admin_url() const;
    const std::string& admin_token() const;
    identity::Directory& directory();
    ledger::Book& book();
    rt::Loops& loops();

    /// Swaps the catalogue, or changes nothing and says everything that is wrong.
    Status reload(const catalogue::Config& config);
    void set_free_tier(std::vector<ledger::FreeRule> rules);
    /// Not ready any more, no new connections; waits until no request runs or until `grace_ms` is over. When `hurry`
    /// says yes, ten more seconds at most.
    void drain(int64_t grace_ms, const std::function<bool()>& hurry);

  private:
    Node();
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace aig::app
