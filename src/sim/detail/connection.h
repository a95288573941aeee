// One client connection: reads requests, asks the Brain, plays the scripts. Lives on one loop.
#pragma once

#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "rt/task.h"
#include "sim/detail/brain.h"

namespace aig::sim {

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, rt::Executor>;

class Connection {
  public:
    Connection(std::shared_ptr<Brain> brain, rt::Loop& loop, Socket socket)
        : brain_(std::move(brain)), loop_(loop), socket_(std::move(socket)) {}

    rt::Task<> serve();
    /// From outside, on the loop's thread: whatever is awaited ends at once.
    void shut();

  private:
    rt::Task<bool> read_request();
    rt::Task<bool> play(Script script, Call call);
    rt::Task<bool> send_steps(Script& script, Call& call);
    rt::Task<bool> pause(int64_t ms);
    rt::Task<bool> send(std::string bytes);
    bool client_left();

    std::shared_ptr<Brain> brain_;
    rt::Loop& loop_;
    Socket socket_;
    std::string buffer_;
    RequestReader reader_;
    Request request_;
    bool shut_ = false;
};

}  // namespace aig::sim
