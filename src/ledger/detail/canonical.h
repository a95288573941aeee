// Canonical bytes: one value has exactly one encoding, so a hash over them means something. Integers are minimal LEB128
// varints (signed ones zigzag), texts are length + bytes. The journal's bodies and the hash chain are written in it; it
// is stored for ever, so a format is never changed, only a new version number added.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/few.h"
#include "base/price.h"
#include "base/result.h"

namespace aig::ledger {

class CanonWriter {
  public:
    explicit CanonWriter(std::string& out) : out_(out) {}
    CanonWriter(const CanonWriter&) = delete;
    CanonWriter& operator=(const CanonWriter&) = delete;
    ~CanonWriter() { flush(); }
    CanonWriter& number(int64_t v) {
        if (used_ > sizeof here_ - longest_number) flush();
        auto u = (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
        char* at = here_ + used_;
        for (; u >= 0x80; u >>= 7) *at++ = static_cast<char>(u | 0x80);
        *at++ = static_cast<char>(u);
        used_ = static_cast<size_t>(at - here_);
        return *this;
    }
    CanonWriter& text(std::string_view v);
    /// What is written is in `out` from here, or when the writer ends.
    void flush() {
        out_.append(here_, used_);
        used_ = 0;
    }

  private:
    static constexpr size_t longest_number = 10;
    std::string& out_;
    size_t used_ = 0;
    char here_[256];  // small values one by one would cost an append each
};

/// Refuses what the writer would not have written. After a refusal everything reads as 0 or "".
class CanonReader {
  public:
    explicit CanonReader(std::string_view in) : in_(in) {}
    int64_t number();
    std::string_view text();
    /// A count of things that take at least `least_bytes` each: never more than the input can hold.
    size_t count(size_t least_bytes);
    /// All read, nothing refused.
    bool done() const { return good_ && in_.empty(); }
    bool good() const { return good_; }

  private:
    std::string_view in_;
    bool good_ = true;
};

struct Part {
    int64_t wallet = 0, amount = 0;
    bool operator==(const Part&) const = default;
};
/// Most calls take from one wallet and count in few budgets: no allocation for those.
using Parts = Few<Part, 2>;
using BudgetIds = Few<int64_t, 4>;
struct BudgetCap {
    int64_t budget = 0, cap = 0;
    bool operator==(const BudgetCap&) const = default;
};

/// The exchange rate a call was made with; id 0 = none.
struct PinnedRate {
    int64_t id = 0;
    Ratio per_usd;
    bool operator==(const PinnedRate&) const = default;
};

/// open_hold.body. Each budget holds the whole amount (one, where it counts calls).
struct HoldBody {
    std::string request_id;
    PinnedRate fx;
    Parts parts;
    Few<BudgetCap, 4> budgets;
};
/// entry.body of the first usage entry of a hold: all that re-prices the charge.
struct UsageBody {
    std::string_view request_id;
    int64_t cost = 0, price_version = 0, flags = 0;
    Ratio ratio;
    std::vector<PriceLine> lines;
    BudgetIds budgets;
    PinnedRate fx;  ///< already in `ratio`
};

void encode(std::string& out, const HoldBody& body);
Result<HoldBody> decode_hold(std::string_view bytes);
void encode(std::string& out, const UsageBody& body);
Result<UsageBody> decode_usage(std::string_view bytes);
/// entry.body of an entry that belongs to another one: further usage parts, overage (the first usage), loss (the void).
void encode_follower(std::string& out, int64_t first_entry);
Result<int64_t> decode_follower(std::string_view bytes);
/// The request id.
Result<std::string> decode_void(std::string_view bytes);
void encode_void(std::string& out, std::string_view request_id, int64_t reason);
void encode_memo(std::string& out, std::string_view memo);

/// entry.body of money that came in another currency: all that changes it again. The entries that follow it name it.
struct FxBody {
    std::string_view memo, currency;  ///< of the entry's amount
    PinnedRate from, to;
    int64_t spread_bps = 0;
};
void encode(std::string& out, const FxBody& body);
Result<FxBody> decode_fx(std::string_view bytes);
/// What reaches the wallet, and what the deployment keeps: both rounded down, so that nobody is ever owed a fraction.
struct Changed {
    int64_t net = 0, spread = 0;
};
Result<Changed> change(int64_t amount, const FxBody& body);

/// entry.body of a refund: the charge's first entry.
struct RefundBody {
    int64_t charge = 0;
    std::string_view memo;
};
void encode(std::string& out, const RefundBody& body);
Result<RefundBody> decode_refund(std::string_view bytes);

/// The memo of a deposit, coupon, adjustment, refund or change; "" for other bodies.
std::string_view memo_of(std::string_view bytes);

}  // namespace aig::ledger
