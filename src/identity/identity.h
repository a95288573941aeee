// Who is calling: accounts and API keys. Keys rest as SHA-256 of the whole key; the first 12 and last 4 characters are
// kept for showing. authenticate() answers from memory, where all keys are (up to Options::capacity). Only when there
// are more does a miss go to a reader, once (single flight), and unknown keys are remembered for a while (bounded):
// garbage costs no database work, and a key once seen works while the database is down. Revoking and blocking take
// effect at once on this node. known() and authenticate() may be called from any loop; whatever changes or lists
// blocks: never on a loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/ip.h"
#include "base/result.h"
#include "rt/task.h"
#include "store/store.h"

namespace aig::identity {

/// No limit that is not set.
struct KeyLimits {
    std::optional<int64_t> rpm, tpm, concurrency, spend_cap_nanos;
    std::string spend_period;                       ///< "month" | "day" | "" = for ever
    std::optional<int64_t> rpd;                     ///< requests a UTC day
    std::optional<int64_t> brake_nanos_per_minute;  ///< the key is frozen when it spends faster
};

/// An authenticated key; immutable and shared.
struct Principal {
    AccountId account;
    KeyId key;
    std::string key_name, prefix;  ///< "sk-aig-", "sk_live_", "gw_", "sk-", "" (UUID keys)
    std::string dialect;           ///< "" = by prefix
    KeyLimits limits;
    std::vector<std::string> models;  ///< allow-list; empty = all
    std::string tag;
    int64_t expires_us = 0;                                    ///< 0 = never
    std::vector<std::string> ip_allow;                         ///< addresses and CIDR blocks; empty = all
    std::string currency = "USD";                              ///< of the account's wallet
    SubAccountId sub_account;                                  ///< 0 = the account itself
    std::optional<int64_t> sub_cap_nanos;                      ///< the sub-account's own spend cap, in its period
    std::string sub_period;                                    ///< as spend_period
    std::optional<int64_t> sub_rpm, sub_tpm, sub_concurrency;  ///< of all keys of the sub-account together
    std::vector<IpBlock> ip_blocks;                            ///< ip_allow, parsed
    KeyId line;  ///< the first key of its rotations: caps and rates count by it
    bool allows(std::string_view model_id) const;
    /// May it be used from there? An unknown address only by a key without an allow-list.
    bool admits(const std::optional<IpAddress>& from) const;
};
using PrincipalPtr = std::shared_ptr<const Principal>;

struct KeyTerms;
struct NewKey {
    AccountId account;
    std::string name, prefix = "sk-aig-", dialect, tag;  ///< prefix "none" mints a UUID
    KeyLimits limits;
    std::vector<std::string> models;
    int64_t expires_us = 0;
    std::vector<std::string> ip_allow;
    SubAccountId sub_account;  ///< of the same account; 0 = the account itself
    void take(KeyTerms terms);
};
struct MintedKey {
    KeyId id;
    std::string key;
    operator const KeyId&() const { return id; }
};  ///< the only time the key is seen
/// What a key itself was given; its Principal is these, narrowed by its sub-account.
struct KeyTerms {
    std::string name, dialect, tag;
    KeyLimits limits;
    std::vector<std::string> models, ip_allow;
    int64_t expires_us = 0;
};
struct AccountRow {
    AccountId id;
    std::string name, email, status;
    int64_t created_us;
    int64_t erased_us = 0;  ///< 0 = not erased
};
/// last_used_us is kept to the minute in memory and to the hour in the database.
struct KeyRow {
    KeyId id;
    Principal principal;
    std::string shown;
    int64_t created_us, revoked_us, last_used_us;
    KeyTerms own;
    int64_t frozen_us = 0;   ///< 0 = not frozen
    std::string frozen_why;  ///< one of the words of Freeze
    KeyId rotated_to;        ///< its successor; 0 = none
};
/// Who stopped a key: an owner cannot start what the operator stopped.
namespace freeze {
constexpr std::string_view owner = "owner", operator_ = "operator", brake = "brake";
}

/// A name under an account with a budget and keys of its own; they spend the account's wallet.
struct SubAccountTerms {
    std::string name, external_ref, tag;
    std::string metadata_json = "{}";        ///< an object of texts
    std::optional<int64_t> spend_cap_nanos;  ///< a UTC month; 0 = nothing
    std::optional<int64_t> rpm, tpm, concurrency;
    std::vector<std::string> models;
};
struct SubAccountRow {
    SubAccountId id;
    AccountId account;
    SubAccountTerms terms;
    int64_t created_us = 0;
    KeyId key;              ///< its newest key in force; 0 = none
    std::string key_shown;  ///< "" = none
};
struct MintedSubAccount {
    SubAccountRow row;
    MintedKey key;
};

/// The prefix by which a credential's text is recognised, longest first; "" when none fits.
std::string_view key_prefix(std::string_view key);
/// False for a sk-aig-, gw_ or sk- key of our own length whose checksum is wrong: refused without a look-up.
bool checksum_ok(std::string_view key);
/// A new key of one of our forms; bad_param for another prefix. Every form but the UUID holds at least 160 random bits.
Result<std::string> mint_key(std::string_view prefix);

struct Options {
    size_t capacity = 200'000;         ///< keys in memory; beyond it the least recently looked up leave
    size_t unknown_capacity = 16'384;  ///< unknown keys remembered
    int64_t unknown_ms = 30'000;
};

class Directory {
  public:
    static Result<std::unique_ptr<Directory>> open(store::Store& store, Options options = {});
    virtual ~Directory() = default;

    /// auth_invalid, auth_revoked, auth_expired, key_frozen, account_blocked, storage_unavailable.
    virtual rt::Task<Result<PrincipalPtr>> authenticate(std::string key) = 0;
    /// From memory only, no suspension; null when it must be looked up.
    virtual PrincipalPtr known(std::string_view key) = 0;

    /// `extra` commits with the account row (ledger's wallet).
    virtual Result<AccountId> create_account(std::string name, std::string email,
                                             std::function<store::Ops(AccountId)> extra) = 0;
    /// In all of these: `of` is whose key or sub-account it must be (another's is resource_not_found; 0 = the operator
    /// asks), `with` commits with the change (an audit entry, the reply of an idempotent request).
    using WithKey = std::function<store::Ops(const MintedKey&)>;
    virtual Result<MintedKey> create_key(NewKey key, WithKey with = {}) = 0;
    /// `edit` may run more than once, on a fresh copy. conflict: the key was revoked.
    virtual Result<KeyRow> update_key(KeyId key, AccountId of, std::function<void(KeyTerms&)> edit,
                                      store::Ops with = {}) = 0;
    /// A new key with the old one's terms, counting by the same caps and rates; the old one works for `overlap_s`
    /// more seconds (0 = ends now). Emits key.rotated. conflict: revoked, expired, frozen, or rotated already.
    virtual Result<MintedKey> rotate_key(KeyId key, AccountId of, int64_t overlap_s, WithKey with = {}) = 0;
    /// Revoking a revoked key is ok. resource_not_found.
    virtual Status revoke_key(KeyId key, AccountId of, store::Ops with) = 0;
    Status revoke_key(KeyId key, store::Ops with = {}) { return revoke_key(key, AccountId{}, std::move(with)); }
    /// A frozen key answers key_frozen until it is unfrozen. scope_denied: the operator froze it, and `of` is not 0.
    virtual Status freeze_key(KeyId key, AccountId of, std::string_view why, store::Ops with = {}) = 0;
    virtual Status unfreeze_key(KeyId key, AccountId of, store::Ops with = {}) = 0;
    /// The same from a loop, told to nobody: for the spend brake. Takes effect when it is durable.
    virtual void freeze_soon(KeyId key, std::string_view why, store::Ops with) = 0;
    virtual Result<KeyRow> key(KeyId key, AccountId of = {}) = 0;

    /// With its first key. Emits subaccount.created.
    using WithSubAccount = std::function<store::Ops(const MintedSubAccount&)>;
    virtual Result<MintedSubAccount> create_sub_account(AccountId of, SubAccountTerms terms,
                                                        std::string_view key_prefix, WithSubAccount with = {}) = 0;
    virtual Result<SubAccountRow> update_sub_account(SubAccountId id, AccountId of,
                                                     std::function<void(SubAccountTerms&)> edit,
                                                     store::Ops with = {}) = 0;
    /// Revokes its keys. Gone is gone: resource_not_found the second time.
    virtual Status delete_sub_account(SubAccountId id, AccountId of, store::Ops with = {}) = 0;
    virtual Result<SubAccountRow> sub_account(SubAccountId id, AccountId of) = 0;
    /// In the order of their ids, from behind `after`; `external_ref` "" = all.
    virtual Result<std::vector<SubAccountRow>> sub_accounts(AccountId of, std::string_view external_ref,
                                                            SubAccountId after, int64_t limit) = 0;

    /// A new name or address, where given. resource_not_found.
    virtual Result<AccountRow> update_account(AccountId account, std::optional<std::string> name,
                                              std::optional<std::string> email, store::Ops with = {}) = 0;
    /// Keys of a blocked account answer account_blocked. resource_not_found.
    virtual Status block_account(AccountId account, bool blocked, store::Ops with = {}) = 0;
    /// In the order of their ids, from behind `after`, at most 10,000.
    virtual Result<std::vector<AccountRow>> accounts(AccountId after = {}, int64_t limit = 10'000) = 0;
    virtual Result<std::vector<KeyRow>> keys(AccountId account, KeyId after = {},
                                             int64_t limit = 10'000) = 0;  ///< account 0 = all
    /// resource_not_found.
    virtual Result<AccountRow> account(AccountId account) = 0;
    /// For ever: its keys are revoked, it is blocked, names and addresses of it, its sub-accounts and users who are in
    /// no other account go. Ids, calls and money stay. conflict the second time.
    virtual Status erase_account(AccountId account, store::Ops with) = 0;
    /// Empties the memory; keys are looked up again as they come.
    virtual void forget() = 0;
};

}  // namespace aig::identity
