// Coupons: codes that are money (a bonus wallet) or a percentage off a call's price. Using one is a conditional update
// in the transaction of what it is used for: however many try at once, a code is used at most max_uses times and at
// most max_per_account times by one account.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/price.h"
#include "base/result.h"
#include "store/db.h"

namespace aig::ledger {

enum class CouponKind : uint8_t { bonus = 0, discount = 1 };

struct NewCoupon {
    std::string code;  ///< 3 to 64 of A-Z 0-9 - _; letters are taken as upper case
    CouponKind kind = CouponKind::bonus;
    std::string currency = "USD";     ///< bonus: the wallet must have it
    int64_t amount_nanos = 0;         ///< bonus
    int64_t percent_bps = 0;          ///< discount: 1 to 9,999
    std::vector<std::string> models;  ///< discount: only these; empty = all
    int64_t max_uses = 1, max_per_account = 1;
    int64_t expires_us = 0;  ///< 0 = never
    int64_t bonus_days = 0;  ///< how long the bonus can be spent; 0 = for ever
    std::string note;
};
struct Coupon : NewCoupon {
    int64_t id = 0, uses = 0, created_us = 0;
    bool disabled = false;
    /// coupon_invalid, coupon_expired: what is wrong with it now, whoever uses it.
    Status usable(int64_t at_us) const;
    bool good_for(std::string_view model) const;
    /// What a call's price is multiplied with: 4/5 for 20 % off.
    Result<Ratio> ratio() const;
};
using CouponPtr = std::shared_ptr<Coupon>;

/// "welcome10 " -> "WELCOME10"; coupon_invalid for what cannot be a code.
Result<std::string> coupon_code(std::string_view text);
/// coupon_invalid when there is none.
Result<Coupon> find_coupon(store::Db& db, std::string_view code);
/// Newest first, from below `before` (0 = the newest).
Result<std::vector<Coupon>> coupons(store::Db& db, int64_t before, int64_t limit);
/// What `account` may do with this code now: coupon_invalid, coupon_expired, coupon_used. For estimates and validation;
/// using it decides again.
Result<Coupon> offered_coupon(store::Db& db, AccountId account, std::string_view code, int64_t at_us);

struct CouponUse {
    std::string code;
    CouponKind kind = CouponKind::bonus;
    int64_t amount_nanos = 0, percent_bps = 0, entry = 0, at_us = 0;
    std::string request_id;
};
/// The account's, newest first, at most `limit` behind `offset`.
Result<std::vector<CouponUse>> coupon_uses(store::Db& db, AccountId account, int64_t offset, int64_t limit);

}  // namespace aig::ledger
