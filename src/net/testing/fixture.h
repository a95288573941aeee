// A server and clients over loopback for this room's tests, and raw sockets that can misbehave.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>

#include "net/client.h"
#include "net/server.h"
#include "rt/loop.h"

namespace aig::net::testing {

/// Runs a task on the loop and waits for its end on the calling thread.
void run_on(rt::Loop& loop, std::function<rt::Task<>()> make);

/// "method path body-size" of what arrived, echoed; /boom throws, /silent never answers, /stream sends five chunks.
rt::Task<> echo(Exchange& exchange);

struct TestServer {
    explicit TestServer(Handler handler = echo, ServerOptions options = {}, size_t loops = 1);
    ~TestServer();
    std::string url() const;
    std::shared_ptr<const Upstream> upstream() const;

    rt::Loops loops;
    std::unique_ptr<Server> server;
};

/// A blocking TCP connection.
class RawClient {
  public:
    explicit RawClient(uint16_t port);
    ~RawClient();
    void send(std::string_view bytes);
    /// Until the peer closes or nothing came for `quiet_ms`.
    std::string receive(int quiet_ms = 2'000);
    /// Until `text` was seen; what was read so far.
    std::string receive_until(std::string_view text);
    void half_close();
    void close();
    bool closed_by_peer(int within_ms);
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
    std::string seen_;
};

/// Listens on loopback and runs `serve(fd)` for each connection on its own thread, one after the other.
class RawServer {
  public:
    explicit RawServer(std::function<void(int fd, int nth)> serve);
    ~RawServer();
    uint16_t port() const { return port_; }
    int accepted() const { return accepted_; }
    std::shared_ptr<Upstream> upstream() const;

  private:
    int fd_ = -1;
    uint16_t port_ = 0;
    std::atomic<int> accepted_{0};
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};
std::string read_request(int fd);
void write_bytes(int fd, std::string_view bytes);

struct Got {
    int status = 0;
    Headers headers;
    std::string body;
    ErrorCode error = ErrorCode::internal;
    std::string why;
    bool ok = false;
};
/// One request through `client`, read whole.
rt::Task<Got> call(Client& client, std::shared_ptr<const Upstream> upstream, ClientRequest request,
                   rt::Stop* stop = nullptr);

}  // namespace aig::net::testing
