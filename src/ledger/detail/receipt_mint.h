// The only place that builds a Receipt. Included by the room's book alone.
#pragma once

#include "base/receipt.h"

namespace aig::ledger {

class ReceiptMint {
    friend class SqliteBook;
    static Receipt mint(int64_t cost, int64_t available, int64_t entry) { return {cost, available, entry}; }
};

}  // namespace aig::ledger
