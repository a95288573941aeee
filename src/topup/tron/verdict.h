// Whether what a node said about a transaction holds together. A testimony exists only when the transaction, its block
// as found by number and the same block fetched again by its hash agree, and the block is solidified: at or below the
// node's solid head, where forks cannot reach it any more. Pure.
#pragma once

#include <functional>
#include <optional>

#include "topup/tron/wire.h"

namespace aig::topup::tron {

struct Testimony {
    TransactionInfo info;
    std::string block_hash;
    bool succeeded = false;  ///< receipt and block say so
};

/// The four answers about `tx`. upstream_garbage when they contradict each other.
Result<Testimony> testify(std::string_view tx, const TransactionInfo& info, const Block& by_number,
                          const Block& by_hash, int64_t solid_head);

struct Finding {
    size_t log = 0;  ///< index into the transaction's logs: with the id, the deposit's name
    Transfer transfer;
};
/// Transfers of any token to an address that is ours.
std::vector<Finding> findings(const TransactionInfo& info, const std::function<bool(const Address&)>& ours);

/// Two nodes say the same about this log: block, outcome, and the event byte for byte.
bool agree(const Testimony& a, const Testimony& b, size_t log);

}  // namespace aig::topup::tron
