// What an account sees of its money: balance, models with their prices, usage, transactions.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

Result<PortalReply> portal_config(Call& call);
Result<PortalReply> portal_balance(Call& call);
Result<PortalReply> portal_models(Call& call);

}  // namespace aig::api
