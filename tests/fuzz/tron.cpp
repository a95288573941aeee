// Whatever a node says: no crash; an address that is taken is written back as it came; an amount that fits is exact.
#include "topup/tron/wire.h"

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace aig::topup::tron;

namespace {
void check_amount(const Amount& amount) {
    const auto nanos = amount.micros_as_nanos();
    const std::string told = amount.decimal();
    if (nanos && (*nanos < 0 || std::to_string(*nanos / 1'000) != told)) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto address = from_base58(text); address && to_base58(*address) != text) std::abort();
    if (const auto address = from_hex(text); address && from_hex(to_hex(*address)) != address) std::abort();
    if (const auto list = decode_listing(text))
        for (const auto& row : list->rows)
            if (row.tx.size() != 64 || row.block_ms <= 0 || transaction_id(row.tx) != row.tx) std::abort();
    if (const auto info = decode_info(text); info && *info)
        for (const auto& log : (*info)->logs)
            if (const auto transfer = transfer_of(log)) check_amount(transfer->amount);
    if (const auto block = decode_block(text); block && *block)
        for (const auto& entry : (*block)->transactions)
            if (!(*block)->find(entry.tx)) std::abort();
    return 0;
}
