// Only ledger::ReceiptMint can build a Receipt. Tests of this room, which do not link the ledger, stand in for it.
#pragma once

#include "base/receipt.h"

namespace aig::ledger {
class ReceiptMint {
  public:
    static Receipt test(int64_t cost_nanos) { return Receipt(cost_nanos, 0, 1); }
};
}  // namespace aig::ledger
