// The provider's own invoice: one JSON line for every call, appended with one write when the call has ended.
// Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace aig::sim {

/// What the provider knows of one call when it has ended.
struct Call {
    std::string id;          ///< of the answer ("chatcmpl-…", "msg_…"); "" for refused calls
    std::string request_id;  ///< x-request-id or x-aig-request-id as received
    std::string_view wire;   ///< "openai" or "anthropic"
    std::string model;
    bool stream = false;
    int64_t input_tokens = 0;
    int64_t output_tokens = 0;  ///< emitted
    int64_t states = 0;         ///< pieces of opaque reasoning state that came back as they were minted
    int status = 0;
    bool completed = false;  ///< a whole answer was sent, with its terminal marker
    bool gone = false;       ///< the client left first, after output_tokens
    bool counts = false;     ///< a call on a wire (not statistics, not an unknown path)
};

class Bill {
  public:
    /// Opens for appending; the file is made when missing.
    static Result<std::unique_ptr<Bill>> open(const std::string& file);
    ~Bill();
    Bill(const Bill&) = delete;
    void add(const Call& call);

  private:
    explicit Bill(int fd) : fd_(fd) {}
    int fd_;
};

}  // namespace aig::sim
