// Who is calling: accounts and API keys. Keys rest as SHA-256 of the whole key; the first 12 and last 4 characters are kept for
// showing. authenticate() answers from memory; a miss goes to a reader once (single flight) and unknown keys are remembered for
// a while (bounded), so that garbage costs no database work. Revoking takes effect at once on this node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "rt/task.h"
#include "store/store.h"

namespace aig::identity {

/// No limit that is not set.
struct KeyLimits {
    std::optional<int64_t> rpm, tpm, concurrency, spend_cap_nanos;
    std::string spend_period;                 ///< "month" | "day" | "" = for ever
};

/// An authenticated key; immutable and shared.
struct Principal {
    AccountId account;
    KeyId key;
    std::string key_name, prefix;             ///< "sk-aig-", "sk_live_", "gw_", "sk-", "" (UUID keys)
    std::string dialect;                      ///< "" = by prefix
    KeyLimits limits;
    std::vector<std::string> models;          ///< allow-list; empty = all
    std::string tag;
    int64_t expires_us = 0;                   ///< 0 = never
    bool allows(std::string_view model_id) const;
};
using PrincipalPtr = std::shared_ptr<const Principal>;

struct NewKey {
    AccountId account;
    std::string name, prefix = "sk-aig-", dialect, tag;   ///< prefix "none" mints a UUID
    KeyLimits limits;
    std::vector<std::string> models;
    int64_t expires_us = 0;
};
struct MintedKey { KeyId id; std::string key; };   ///< the only time the key is seen
struct AccountRow { AccountId id; std::string name, email, status; int64_t created_us; };
struct KeyRow { KeyId id; Principal principal; std::string shown; int64_t created_us, revoked_us, last_used_us; };

/// The prefix by which a credential's text is recognised, longest first; "" when none fits.
std::string_view key_prefix(std::string_view key);
/// False for a sk-aig-, gw_ or sk- key of our own length whose checksum is wrong: refused without a look-up.
bool checksum_ok(std::string_view key);

class Directory {
  public:
    static Result<std::unique_ptr<Directory>> open(store::Store& store);
    virtual ~Directory() = default;

    /// auth_invalid, auth_revoked, auth_expired, account_blocked, storage_unavailable.
    virtual rt::Task<Result<PrincipalPtr>> authenticate(std::string key) = 0;
    /// From memory only, no suspension; null when it must be looked up.
    virtual PrincipalPtr known(std::string_view key) = 0;

    /// `extra` commits with the account row (ledger's wallet).
    virtual Result<AccountId> create_account(std::string name, std::string email, std::function<store::Ops(AccountId)> extra) = 0;
    virtual Result<MintedKey> create_key(NewKey key) = 0;
    virtual Status revoke_key(KeyId key) = 0;
    virtual Result<std::vector<AccountRow>> accounts() = 0;
    virtual Result<std::vector<KeyRow>> keys(AccountId account) = 0;      ///< 0 = all
};

}  // namespace aig::identity
