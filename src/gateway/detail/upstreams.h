// Per loop: the HTTP client and, for every provider of the catalogue, where it is. A provider's Upstream object (and
// with it its connection pool) lives on over reloads that did not change the provider's address.
#pragma once

#include <memory>
#include <vector>

#include "catalogue/catalogue.h"
#include "gateway/detail/tokens.h"
#include "net/client.h"
#include "rt/loop.h"

namespace aig::gateway {

class Upstreams {
  public:
    explicit Upstreams(rt::Loops& loops);
    ~Upstreams();
    /// Loop thread only.
    net::Client& client();
    Result<std::shared_ptr<const net::Upstream>> upstream(const catalogue::ProviderPtr& provider, bool stream);
    /// The access token of a key with a grant.
    rt::Task<Result<std::string>> access_token(const catalogue::Provider& provider, const catalogue::ProviderKey& key);

  private:
    struct Known {
        catalogue::ProviderPtr provider;                       ///< what the addresses were made from
        std::shared_ptr<const net::Upstream> streamed, whole;  ///< they differ in how long a first byte may take
    };
    struct PerLoop {
        rt::Loop* loop;
        std::unique_ptr<net::Client> client;
        std::vector<Known> known;  ///< by provider id
        Tokens tokens;
    };
    PerLoop& here();
    std::vector<PerLoop> loops_;
};

}  // namespace aig::gateway
