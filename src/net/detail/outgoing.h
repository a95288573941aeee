// Connections to upstreams: one Outgoing each, the pools they rest in between requests, and the sweep that cuts the
// late ones. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "net/client.h"
#include "net/detail/channel.h"
#include "net/detail/proxy.h"
#include "net/detail/resolver.h"

namespace aig::net::detail {

class PoolSet;

struct Outgoing {
    explicit Outgoing(PoolSet& of);
    ~Outgoing();
    Outgoing(const Outgoing&) = delete;

    Channel channel;
    int64_t deadline_ms = 0;  ///< 0 = none
    int64_t idle_since_ms = 0;
    uint64_t idle_since_turn = 0;
    bool timed_out = false, stopped = false;
    std::function<void()> wake;  ///< set while waiting for something that is not the socket

    /// Ends the pending operation.
    void interrupt();
    bool broken_off() const { return timed_out || stopped; }

  private:
    friend class PoolSet;
    PoolSet& set_;
    size_t index_ = 0;
};

/// The idle connections to one Upstream, newest last, and what they have in common.
struct Pool {
    std::shared_ptr<const Upstream> upstream;
    std::optional<Proxy> proxy;
    SslContext tls;
    std::string host_header;
    std::vector<std::unique_ptr<Outgoing>> idle;
};

class PoolSet : public std::enable_shared_from_this<PoolSet> {
  public:
    explicit PoolSet(rt::Loop& loop);

    rt::Loop& loop;
    Resolver resolver;
    int64_t now_ms;

    void start();
    Result<std::shared_ptr<Pool>> pool_of(const std::shared_ptr<const Upstream>& upstream);
    /// The newest idle connection that is still open and silent, or null.
    std::unique_ptr<Outgoing> take(Pool& pool);
    void give(Pool& pool, std::unique_ptr<Outgoing> connection);
    size_t idle_connections() const;
    /// Closes what rests, for whoever needs a file descriptor more. False: nothing did.
    bool let_idle_go();

  private:
    friend struct Outgoing;
    void sweep();
    void drop_dead();

    std::vector<Outgoing*> open_;  // before the pools: their connections leave this list when they go
    std::map<const Upstream*, std::shared_ptr<Pool>> pools_;
    int64_t dropped_dead_ms_ = 0;
    const size_t most_idle_;  ///< of one pool, whatever its upstream allows
    std::shared_ptr<void> sweep_handle_;
};

/// Connects, through the proxy if there is one, and secures. Errors: upstream_unreachable, upstream_timeout,
/// client_gone; overloaded where this process has no file descriptor left, which is no fault of the upstream.
rt::Task<Status> dial(PoolSet& set, std::shared_ptr<Pool> pool, Outgoing& connection);

}  // namespace aig::net::detail
