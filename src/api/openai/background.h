// Responses that run on the server (`background: true`). A run belongs to the loop it was accepted on and goes on when
// its caller leaves; what it streams is kept while it runs, so that callers on any loop may follow it. It ends with the
// process: the next start finds it failed, and its hold voided.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/gateway.h"
#include "records/responses.h"

namespace aig::api {

/// The most of a stream that is kept; of a longer one only the answer.
constexpr size_t max_kept_stream = size_t{8} << 20;

class BackgroundRun final : public gateway::Sink, public std::enable_shared_from_this<BackgroundRun> {
  public:
    BackgroundRun(records::StoredResponse response, std::string body)
        : stored(std::move(response)), body_(std::move(body)) {}

    rt::Task<Status> whole(int status, net::Headers headers, net::Pieces body) override;
    rt::Task<Status> begin(net::Headers headers) override;
    rt::Task<Status> write(net::Pieces pieces) override;
    rt::Task<Status> end() override;
    void abort() override {}
    rt::Stop& stop() override { return stop_; }

    const std::string& body() const { return body_; }
    /// What was streamed from `from` on, and whether that is all there will be. Any thread.
    struct Streamed {
        std::string text;
        bool done = false;
    };
    Streamed streamed(size_t from) const;
    void finished();
    /// From any thread: ends it as the caller's leaving would, as cancelled.
    void cancel();
    bool cancelled() const { return cancelled_; }

    const records::StoredResponse stored;
    gateway::Call call;
    rt::Loop* loop = nullptr;

  private:
    const std::string body_;
    rt::Stop stop_;
    std::atomic<bool> cancelled_{false};
    mutable std::mutex mutex_;
    std::string streamed_;
    bool done_ = false;
};

/// All runs of this process. Thread-safe.
class BackgroundRuns {
  public:
    explicit BackgroundRuns(int64_t most_per_account) : most_(most_per_account) {}
    /// rate_limited when the account has as many as it may.
    Status add(const std::shared_ptr<BackgroundRun>& run);
    std::shared_ptr<BackgroundRun> find(const records::ResponseOwner& owner, const std::string& id) const;
    void remove(const BackgroundRun& run);

  private:
    const int64_t most_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<BackgroundRun>> runs_;
    std::map<int64_t, int64_t> running_;  ///< account -> runs
};

/// Runs the call to its end and writes what became of it. Everything it stands on is its own.
rt::Task<> run_in_background(std::shared_ptr<BackgroundRun> run, gateway::Gateway* gateway, store::Store* store,
                             std::shared_ptr<records::Responses> responses, std::shared_ptr<BackgroundRuns> runs);

}  // namespace aig::api
