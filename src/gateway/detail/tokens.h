// Access tokens of credentials that are traded for them (canon/grant.h): asked for when the first call needs one, used
// until five minutes before they end. One object a loop, loop thread only; calls that come while a token is being
// fetched wait for it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "catalogue/catalogue.h"
#include "net/client.h"
#include "rt/loop.h"

namespace aig::gateway {

class Tokens {
  public:
    /// `client` is this loop's; `provider` says how its cloud is reached. Both outlive the task.
    rt::Task<Result<std::string>> get(net::Client& client, const catalogue::Provider& provider,
                                      const catalogue::ProviderKey& key);

  private:
    struct Held {
        std::shared_ptr<const canon::Grant> grant;
        std::shared_ptr<const net::Upstream> endpoint;
        std::string token;
        int64_t until_ms = 0;
        bool fetching = false;
    };
    static rt::Task<Status> fetch(net::Client& client, std::shared_ptr<Held> held);
    Result<std::shared_ptr<Held>> held_of(const catalogue::Provider& provider, const catalogue::ProviderKey& key);

    std::map<const canon::Grant*, std::shared_ptr<Held>> held_;  ///< a reload brings other grants; old ones go
};

}  // namespace aig::gateway
