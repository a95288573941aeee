// Receipt: the proof that a call is settled durably. Only the ledger can build one, and only a Receipt makes a dialect
// give out its terminal marker ([DONE], message_stop, the closing bytes of a body): "the client saw the end" then
// implies "the books have the charge".
#pragma once

#include <cstdint>

namespace aig {
namespace ledger {
class ReceiptMint;
}

class Receipt {
  public:
    int64_t cost_nanos() const { return cost_nanos_; }  ///< charged to the wallet(s), in the wallet's currency
    int64_t available_nanos() const { return available_nanos_; }  ///< spendable balance right after
    int64_t entry() const { return entry_; }  ///< the ledger entry, 0 for a call that costs nothing by nature

  private:
    friend class ledger::ReceiptMint;
    Receipt(int64_t cost, int64_t available, int64_t entry)
        : cost_nanos_(cost), available_nanos_(available), entry_(entry) {}
    int64_t cost_nanos_, available_nanos_, entry_;
};

}  // namespace aig
