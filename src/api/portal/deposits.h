// Paying in, for the portal's pages: what came in, how to pay, and one payment by its id. What is shown is the
// account's own; another account's id is 404 like one that does not exist.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

/// GET: deposits, credited or not, newest first, and the rails that are open.
Result<PortalReply> portal_deposits(Call& c);
/// POST {rail, amount?, currency?}: the address to send coins to, or an order to pay at a processor.
Result<PortalReply> portal_pay_in(Call& c);
/// GET /{id}: a deposit (dpt_...) or an order (dep_...).
Result<PortalReply> portal_deposit(Call& c);

}  // namespace aig::api
