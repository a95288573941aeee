// Logging in and out, the sessions of a user, her passwords. /portal/api/login, …/logout, …/session, …/sessions,
// …/password.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

Result<PortalReply> log_in(Call& call);
Result<PortalReply> log_out(Call& call);
Result<PortalReply> show_session(Call& call);
Result<PortalReply> enter_account(Call& call);
Result<PortalReply> list_sessions(Call& call);
Result<PortalReply> end_session(Call& call);
Result<PortalReply> end_other_sessions(Call& call);
Result<PortalReply> ask_reset(Call& call);
Result<PortalReply> reset_password(Call& call);
Result<PortalReply> change_password(Call& call);

}  // namespace aig::api
