#include "topup/tron/verdict.h"

namespace aig::topup::tron {
namespace {
Error contradiction(std::string_view what) {
    return Error(ErrorCode::upstream_garbage, "a TRON node contradicts itself: " + std::string(what))
        .reason("contradiction");
}
}  // namespace

Result<Testimony> testify(std::string_view tx, const TransactionInfo& info, const Block& by_number,
                          const Block& by_hash, int64_t solid_head) {
    if (info.id != tx) return contradiction("it answers about another transaction");
    if (info.block > solid_head) return contradiction("the transaction's block is not solidified");
    if (by_number.number != info.block) return contradiction("it answers with another block");
    if (by_number.time_ms != info.block_ms) return contradiction("the block's time is another one");
    if (by_hash.id != by_number.id || by_hash.number != by_number.number || by_hash.time_ms != by_number.time_ms)
        return contradiction("the block by its hash is another one");
    const auto* first = by_number.find(tx);
    const auto* again = by_hash.find(tx);
    if (!first || !again) return contradiction("the block does not hold the transaction");
    return Testimony{info, by_number.id, info.succeeded && first->succeeded && again->succeeded};
}

std::vector<Finding> findings(const TransactionInfo& info, const std::function<bool(const Address&)>& ours) {
    std::vector<Finding> found;
    for (size_t i = 0; i < info.logs.size(); ++i) {
        const auto transfer = transfer_of(info.logs[i]);
        if (transfer && ours(transfer->to)) found.push_back({i, *transfer});
    }
    return found;
}

bool agree(const Testimony& a, const Testimony& b, size_t log) {
    return a.info.id == b.info.id && a.info.block == b.info.block && a.info.block_ms == b.info.block_ms &&
           a.block_hash == b.block_hash && a.succeeded == b.succeeded && log < a.info.logs.size() &&
           log < b.info.logs.size() && a.info.logs[log] == b.info.logs[log];
}

}  // namespace aig::topup::tron
