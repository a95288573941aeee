// Stored responses: what GET /v1/responses/{id} and previous_response_id find. A response is written in the transaction
// of its charge, sealed, and belongs to one account, or one sub-account of it: nobody else learns that it exists. A
// background response is written when it is accepted and changed when it ends; what a stopped process left running is
// failed at the next start. Gone after its retention.
//
// Reading on a loop; writing inside an Op, on the writer thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "records/idempotency.h"
#include "store/store.h"

namespace aig::records {

/// Whose it is.
struct ResponseOwner {
    AccountId account;
    SubAccountId sub_account;
    bool operator==(const ResponseOwner&) const = default;
};

struct StoredResponse {
    std::string id, previous_id;
    ResponseOwner owner{};
    std::string status;
    bool background = false;
    int64_t created_us = 0, expires_us = 0;
    std::string request;  ///< of a background response: what is repeated while it runs
    std::string input;    ///< its own items, a JSON array
    std::string object;   ///< the answer; "" while it runs
    std::string events;   ///< the stream of a background response, as it was sent
};

class Responses {
  public:
    explicit Responses(store::Store& store, Seal seal = {});

    /// Inside an Op: a new one, or the end of one that ran in the background (status, object, events).
    Status keep(store::Db& db, const StoredResponse& response) const;
    Status end(store::Db& db, const StoredResponse& response) const;
    std::unique_ptr<store::Op> keep_op(StoredResponse response) const;
    std::unique_ptr<store::Op> end_op(StoredResponse response) const;

    /// resource_not_found for what is not there, past its time, or somebody else's.
    rt::Task<Result<StoredResponse>> find(ResponseOwner owner, std::string id, int64_t now_us) const;
    /// The response and those before it, the oldest first. resource_not_found when one is missing; bad_param when they
    /// hold more than `most_bytes` or are more than 1,000.
    rt::Task<Result<std::vector<StoredResponse>>> chain(ResponseOwner owner, std::string id, int64_t now_us,
                                                        size_t most_bytes) const;
    /// resource_not_found as above.
    rt::Task<Status> remove(ResponseOwner owner, std::string id, int64_t now_us);

    /// Removes what is past its time, at most some hundred at a time; run it now and then.
    static std::unique_ptr<store::Op> sweep(int64_t now_us);
    /// At start, before anything runs: nobody works on what is still said to be running.
    static std::unique_ptr<store::Op> fail_running();

  private:
    store::Store& store_;
    const std::shared_ptr<const Seal> seal_;  ///< a batch may live longer than we
};

}  // namespace aig::records
