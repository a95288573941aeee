// State on its way back to a provider. Capsules are opened; what the target's own route made is put back byte for byte
// where it stood; everything else is left out and named. State is never made up, never sent to a stranger, and never an
// error: a conversation can always go on without it. Pure but for the vault.
#pragma once

#include "canon/dialect.h"
#include "gateway/detail/sealing.h"

namespace aig::gateway {

/// What the caller's request holds of state, before anything is parsed.
struct CallersState {
    bool capsules = false;          ///< at least one: the caller's bytes cannot go out as they are
    std::vector<uint64_t> origins;  ///< routes of what is known here, the latest first
};
CallersState find_state(const canon::Envelope& envelope, std::string_view body, const Vault& vault, AccountId account,
                        int64_t now_ms, int64_t now_s);

struct RestoringTerms {
    const Vault* vault = nullptr;
    AccountId account;
    uint64_t origin = 0;  ///< of the attempt
    int64_t now_ms = 0, now_s = 0;
};
/// Returns how many states of the caller's own request had to be changed: opened or left out.
size_t restore_state(canon::Chat& chat, const RestoringTerms& terms, canon::Losses& losses);

/// Would restore_state() do anything? Any turn holds state, or a tool call whose state is kept here.
bool holds_state(const canon::Chat& chat, const Vault& vault, AccountId account, int64_t now_ms);

}  // namespace aig::gateway
