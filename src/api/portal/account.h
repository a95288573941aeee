// The account itself: settings, coupons, export, erasing. /portal/api/account, …/coupons.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

Result<PortalReply> show_account(Call& call);
Result<PortalReply> change_account(Call& call);
Result<PortalReply> redeem_coupon(Call& call);
Result<PortalReply> list_coupons(Call& call);
Result<PortalReply> export_account(Call& call);
Result<PortalReply> erase_account(Call& call);

}  // namespace aig::api
