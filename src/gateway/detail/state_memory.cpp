#include "gateway/detail/state_memory.h"

namespace aig::gateway {
namespace {
/// One account's prints never answer for another's.
uint64_t key_of(AccountId account, uint64_t print) {
    return print ^ (static_cast<uint64_t>(account.value) + 1) * 0x9e3779b97f4a7c15;
}
}  // namespace

void StateMemory::remember(AccountId account, uint64_t print, uint64_t origin, int64_t now_ms) {
    origins_.put(key_of(account, print), origin, 0, now_ms);
}

std::optional<uint64_t> StateMemory::origin_of(AccountId account, uint64_t print, int64_t now_ms) const {
    return origins_.get(key_of(account, print), now_ms);
}

void StateMemory::keep_turn(AccountId account, std::string_view call_id, const Turn& turn, int64_t now_ms) {
    size_t bytes = call_id.size();
    for (const auto& capsule : *turn) bytes += capsule.size() + sizeof(capsule);
    if (bytes > most_one_turn) return;
    turns_.put(key_of(account, canon::state_print(call_id)), {account, std::string(call_id), turn}, bytes, now_ms);
}

StateMemory::Turn StateMemory::turn_of(AccountId account, std::string_view call_id, int64_t now_ms) const {
    const auto kept = turns_.get(key_of(account, canon::state_print(call_id)), now_ms);
    if (!kept || kept->account.value != account.value || kept->call_id != call_id) return nullptr;
    return kept->turn;
}

}  // namespace aig::gateway
