// POST /portal/api/register, …/verify, …/verify/resend.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

Result<PortalReply> register_user(Call& call);
Result<PortalReply> verify_email(Call& call);
Result<PortalReply> resend_verification(Call& call);

}  // namespace aig::api
