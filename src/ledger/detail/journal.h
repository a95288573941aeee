// The journal: appends entries and links each to the one before by SHA-256. Keeps the chain's end in memory and writes
// it to chain_head once a commit. Writer thread only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/db.h"

namespace aig::ledger {

/// The numbers are stored: never renumber, only append. The tens say what happens to the wallet.
enum class EntryKind : uint8_t {
    deposit = 10,         ///< deposits -> wallet
    coupon = 11,          ///< coupon expense -> wallet (a bonus)
    refund = 12,          ///< revenue -> wallet
    adjustment_in = 13,   ///< adjustment -> wallet
    fx_in = 14,           ///< fx liquidity -> wallet
    usage = 20,           ///< wallet -> revenue
    adjustment_out = 21,  ///< wallet -> adjustment
    fx_out = 22,          ///< wallet -> fx liquidity
    expiry = 23,          ///< wallet (a bonus) -> coupon expense
    payout = 24,          ///< wallet -> deposits
    overage = 30,         ///< overage expense -> revenue; what a wallet could not pay
    loss = 31,            ///< operator loss -> provider payable, USD; a failed call's cost at the provider
    fx_deposit = 32,  ///< deposits -> fx liquidity, in the currency that came; the fx_in behind it is the wallet's part
    fx_spread = 33,   ///< fx liquidity -> fx revenue: what the deployment keeps of a change
    void_ = 40,       ///< moves nothing: a hold was released
};
constexpr bool credits_wallet(EntryKind k) { return k >= EntryKind::deposit && k < EntryKind::usage; }
constexpr bool debits_wallet(EntryKind k) { return k >= EntryKind::usage && k < EntryKind::overage; }
bool known_kind(int64_t kind);

struct Entry {
    int64_t id = 0;
    EntryKind kind = EntryKind::deposit;
    int64_t account = 0, wallet = 0, amount = 0;
    int64_t hold = 0;  ///< 0 = none
    int64_t at_us = 0;
    std::optional<std::string_view> ref;
    std::string_view body;  ///< canonical
    int64_t hold_page = 0;  ///< that the hold stands in, which is no part of the entry; 0 = none
};

using Hash = std::array<unsigned char, 32>;
inline std::string_view bytes_of(const Hash& h) { return {reinterpret_cast<const char*>(h.data()), h.size()}; }

/// SHA-256(previous || canonical bytes of the entry). `previous` is empty before the first entry.
class EntryHasher {
  public:
    Hash hash(std::string_view previous, const Entry& e);

  private:
    std::string bytes_;  // whose memory is used again
};

struct ChainHead {
    int64_t entry = 0, hold = 0;
    std::string hash;
};

class Journal {
  public:
    /// Reads the chain's end and checks that the newest entry is the one it names.
    Status load(store::Db& db);
    Result<int64_t> append(store::Db& db, Entry e);
    int64_t next_hold() { return dirty_ = true, ++head_.hold; }
    Status flush(store::Db& db);

  private:
    ChainHead head_;
    EntryHasher hasher_;
    bool dirty_ = false;
};

}  // namespace aig::ledger
