#include "ledger/coupons.h"

#include <algorithm>

#include "ledger/moves_store.h"

namespace aig::ledger {

Result<std::string> coupon_code(std::string_view text) {
    std::string code;
    const auto bad = [] { return Error(ErrorCode::coupon_invalid, "this cannot be a coupon's code").param("code"); };
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    if (text.size() < 3 || text.size() > 64) return bad();
    for (const char c : text) {
        const bool fine =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!fine) return bad();
        code += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return code;
}

Status Coupon::usable(int64_t at_us) const {
    if (disabled) return Error(ErrorCode::coupon_invalid, "this coupon is no longer in force");
    if (expires_us && at_us >= expires_us) return Error(ErrorCode::coupon_expired, "this coupon has expired");
    if (uses >= max_uses) return Error(ErrorCode::coupon_invalid, "this coupon is used up");
    return {};
}

bool Coupon::good_for(std::string_view model) const {
    return kind == CouponKind::discount &&
           (models.empty() || std::find(models.begin(), models.end(), model) != models.end());
}

Result<Ratio> Coupon::ratio() const {
    if (kind != CouponKind::discount || percent_bps < 1 || percent_bps > 9'999)
        return Error(ErrorCode::internal, "a coupon's percentage is out of range");
    return multiply({10'000 - percent_bps, 10'000}, {1, 1});
}

Result<Coupon> offered_coupon(store::Db& db, AccountId account, std::string_view text, int64_t at_us) {
    TRY(const std::string code, coupon_code(text));
    TRY(auto coupon, find_coupon(db, code));
    TRYV(coupon.usable(at_us));
    TRY(const int64_t used, sql::coupon_uses_of(db, coupon.id, account.value));
    if (used >= coupon.max_per_account)
        return Error(ErrorCode::coupon_used, "this account has used the coupon already");
    return coupon;
}

}  // namespace aig::ledger
