// What all connections of one Server share, and each loop's part of it. LoopPart belongs to its loop; ServerState's
// counters are atomic, its options immutable after start.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "net/detail/channel.h"
#include "net/server.h"

namespace aig::net::detail {

class Connection;

struct ServerState {
    ServerOptions options;
    Handler handler;
    std::shared_ptr<ByteBudget> bodies;
    SslContext tls;
    std::atomic<bool> draining{false}, closing{false};
    std::atomic<int64_t> connections{0};

    /// False: this address has its share of connections. Each admitted connection is released once.
    bool admit(const std::string& address);
    void release(const std::string& address);

  private:
    std::mutex mutex_;
    std::unordered_map<std::string, size_t> per_address_;
};

class LoopPart : public std::enable_shared_from_this<LoopPart> {
  public:
    /// `listener`: a listening, non-blocking descriptor.
    LoopPart(rt::Loop& loop, std::shared_ptr<ServerState> state, int listener);

    rt::Loop& loop;
    std::shared_ptr<ServerState> state;
    std::atomic<int64_t> in_flight{0};
    std::atomic<bool> listening{true};
    /// Refreshed by every sweep; good enough for deadlines.
    int64_t now_ms;

    void start();
    void drain();
    void cut_all();
    void add(Connection& connection);
    void remove(Connection& connection);

  private:
    rt::Task<> accept_loop();
    enum class Accepted : uint8_t { one, none, exhausted };
    Accepted accept_one();
    void adopt(int fd);
    void answer_with_reserve();
    void sweep();

    int listener_;  ///< until start() hands it to acceptor_
    std::optional<rt::Descriptor> acceptor_;
    int reserve_fd_ = -1;
    bool accepting_ = true;
    std::vector<Connection*> connections_;
    std::shared_ptr<void> sweep_handle_;

  public:
    ~LoopPart();
};

}  // namespace aig::net::detail
