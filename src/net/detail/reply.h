// A reply being read: where its body ends, chunks and gzip undone, and what becomes of the connection. It goes back to
// its pool only after a clean, complete, silent end. Loop thread only.
#pragma once

#include "net/client.h"
#include "net/detail/chunked.h"
#include "net/detail/head_parser.h"
#include "net/detail/inflater.h"
#include "net/detail/outgoing.h"
#include "net/detail/read_buffer.h"

namespace aig::net::detail {

class Reply final : public ClientReply {
  public:
    Reply(std::shared_ptr<PoolSet> set, std::shared_ptr<Pool> pool, rt::Stop* stop, int64_t total_deadline_ms)
        : set_(std::move(set)), pool_(std::move(pool)), stop_(stop), total_deadline_ms_(total_deadline_ms) {}

    int status() const override { return head_.status; }
    const Headers& headers() const override { return head_.headers; }
    rt::Task<Result<std::string_view>> read() override;
    rt::Task<Result<std::string>> read_all(size_t max_bytes) override;
    int64_t bytes_received() const override { return received_; }
    bool ended() const override { return body_ == Body::ended && !packed_left_; }
    void detach(int64_t ms) override;

    /// Reads the head, skipping 1xx. The connection is taken over.
    rt::Task<Status> read_head(std::unique_ptr<Outgoing> connection, bool to_head);
    /// Gives the connection up (for a retry, or because the reply is broken).
    void drop_connection() { connection_.reset(); }

  private:
    enum class Body : uint8_t { sized, chunked, until_close, ended };

    Status begin_body();
    /// Body bytes that are in the buffer, undone in place; empty: more must be read, or the end.
    Result<std::string_view> buffered_body();
    Result<std::string_view> unpacked(std::string_view packed);
    Status end_body();
    rt::Task<Status> fill(int64_t wait_ms);
    Status fault(Io got);

    std::shared_ptr<PoolSet> set_;
    std::shared_ptr<Pool> pool_;
    rt::Stop* stop_;
    int64_t total_deadline_ms_;
    std::unique_ptr<Outgoing> connection_;
    ReadBuffer in_;
    ReplyHead head_;
    ChunkDecoder chunks_;
    std::unique_ptr<Inflater> inflater_;
    std::string plain_;  ///< unpacked bytes the last read() showed
    std::string rest_;   ///< packed bytes the inflater has not taken yet
    Body body_ = Body::ended;
    int64_t left_ = 0;  ///< of a sized body
    int64_t received_ = 0;
    size_t shown_ = 0;          ///< bytes of in_ that the last read() used
    bool packed_left_ = false;  ///< the inflater stopped for want of room
};

}  // namespace aig::net::detail
