// The people of an account: GET and POST /portal/api/members, …/invitations, /portal/api/join.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

Result<PortalReply> list_members(Call& call);
Result<PortalReply> change_member(Call& call);
Result<PortalReply> remove_member(Call& call);
Result<PortalReply> list_invitations(Call& call);
Result<PortalReply> invite_member(Call& call);
Result<PortalReply> take_back_invitation(Call& call);
Result<PortalReply> show_invitation(Call& call);
Result<PortalReply> join_account(Call& call);

}  // namespace aig::api
