// The books against the request log, call by call: what the journal charged for a request is what the log says it cost.
// Together with a provider's invoice against the log (records/invoices.h) all three agree, or the request is named.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/db.h"

namespace aig::api {

struct Recon {
    struct Difference {
        std::string request_id, what;  ///< "not in the ledger", "not in the log", "other amount", "charged twice"
        int64_t log_nanos = 0, ledger_nanos = 0;
    };
    int64_t calls = 0, resolved = 0, differences = 0;
    std::vector<Difference> listed;  ///< the first 1,000
};

/// Over the calls that started in [from_us, to_us), and everything the journal resolved then.
Result<Recon> reconcile_log(store::Db& db, int64_t from_us, int64_t to_us);

}  // namespace aig::api
