// Counters of the simulator: what GET /sim/stats shows. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "sim/detail/bill.h"

namespace aig::sim {

class Stats {
  public:
    /// Counts a call that has begun; returns how many of this model came before.
    int64_t begin(const std::string& model);
    void end(const Call& call);
    void redirected() { redirects_.fetch_add(1, std::memory_order_relaxed); }
    void received(int64_t n) { bytes_in_.fetch_add(n, std::memory_order_relaxed); }
    void sent(int64_t n) { bytes_out_.fetch_add(n, std::memory_order_relaxed); }
    void opened() {
        open_.fetch_add(1, std::memory_order_relaxed);
        accepted_.fetch_add(1, std::memory_order_relaxed);
    }
    void closed() { open_.fetch_sub(1, std::memory_order_relaxed); }

    int64_t calls() const;
    int64_t calls(std::string_view model) const;
    int64_t disconnects() const;
    int64_t open() const { return open_.load(std::memory_order_relaxed); }
    std::string json() const;
    void reset();

  private:
    struct Disconnect {
        std::string model, request_id;
        std::string_view wire;
        int64_t tokens, at_us;
    };
    mutable std::mutex mutex_;
    std::map<std::string, int64_t, std::less<>> per_model_;  ///< at most 10,000 names, the rest under "other"
    std::map<int, int64_t> per_status_;
    std::deque<Disconnect> last_gone_;  ///< the last 1,000
    int64_t calls_ = 0, running_ = 0, completed_ = 0, gone_ = 0, input_tokens_ = 0, output_tokens_ = 0;
    std::atomic<int64_t> open_{0}, accepted_{0}, bytes_in_{0}, bytes_out_{0}, redirects_{0};
};

}  // namespace aig::sim
