// One client connection of the server: reads heads, runs the handler, writes replies, one request after the other. It
// is the Exchange of the request it works on. The whole life is one coroutine (run), because each further frame costs.
#pragma once

#include "net/detail/channel.h"
#include "net/detail/chunked.h"
#include "net/detail/head_parser.h"
#include "net/detail/read_buffer.h"
#include "net/detail/server_state.h"
#include "net/server.h"

namespace aig::net::detail {

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<LoopPart> part, int fd, std::string address);
    ~Connection() override;
    static rt::Task<> run(std::shared_ptr<Connection> self);

    // Exchange
    const RequestHead& head() const override { return head_; }
    std::string peer() const override { return address_; }
    bool peer_is_loopback() const override;
    rt::Loop& loop() override { return part_->loop; }
    rt::Task<Result<Body>> read_body(size_t max_bytes) override;
    rt::Task<Status> respond(int status, Headers headers, Pieces body) override;
    rt::Task<Status> begin(int status, Headers headers) override;
    rt::Task<Status> write(Pieces pieces) override;
    rt::Task<Status> end() override;
    void abort() override;
    rt::Stop& stop() override { return stop_; }
    bool started() const override { return started_; }

    // for LoopPart, on the loop
    void tick(int64_t now_ms);
    void drain();
    void cut();
    size_t index = 0;  ///< in LoopPart's list

  private:
    enum class Waiting : uint8_t { nothing, request, head, body, write, linger, handshake };
    enum class BodyState : uint8_t { unread, read };

    // connection.cpp: the loop around requests
    rt::Task<> serve();
    void begin_handling();
    void end_handling();
    rt::Task<> answer_for_handler();
    rt::Task<> refuse(Error error);
    rt::Task<> linger();
    void wait_for(Waiting what, int64_t ms);
    void body_too_slow();
    Status understand(size_t head_size);
    void skip_leading_blank_lines();

    // connection_body.cpp
    Status take_buffered(Body& body, size_t n);
    rt::Task<Status> read_sized(Body& body);
    rt::Task<Status> read_chunked(Body& body, size_t max_bytes);
    rt::Task<Status> more_body(char* to, size_t n, size_t* got);
    Status body_fault(Io got);
    bool skip_unread_body();

    // connection_reply.cpp
    void append_head(std::string& out, int status, const Headers& headers, int64_t length);
    bool respond_now(int status, const Headers& headers, const Pieces& body, std::string& head,
                     std::vector<iovec>& left);
    Io write(std::vector<iovec>& pieces);
    rt::Task<Status> send_pieces(std::vector<iovec> pieces);
    void flush_head_later();

    std::shared_ptr<LoopPart> part_;
    std::string address_;
    Channel channel_;
    ReadBuffer in_;
    HeadScanner scanner_;
    RequestHead head_;
    Framing framing_;
    rt::Stop stop_;
    std::string pending_head_;  ///< of a streamed reply, not yet written

    int64_t deadline_ms_ = 0;  ///< 0 = none
    int64_t body_bytes_ = 0, body_bytes_checked_ = 0;
    int minor_ = 1;  ///< HTTP/1.<minor> of the request
    Waiting waiting_ = Waiting::nothing;
    BodyState body_ = BodyState::read;
    bool first_request_ = true;
    bool handling_ = false;
    bool started_ = false, streaming_ = false, ended_ = false, chunked_reply_ = false;
    bool keep_alive_ = true;  ///< after the current reply
    bool timed_out_ = false, cut_ = false, broken_ = false;
};

}  // namespace aig::net::detail
