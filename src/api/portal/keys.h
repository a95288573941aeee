// An account's API keys in the portal: GET and POST /portal/api/keys, PATCH and DELETE …/{id}, …/{id}/rotate. A member
// changes the keys she made; admins and owners change all.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

Result<PortalReply> list_own_keys(Call& call);
Result<PortalReply> make_own_key(Call& call);
Result<PortalReply> change_own_key(Call& call);
Result<PortalReply> revoke_own_key(Call& call);
Result<PortalReply> rotate_own_key(Call& call);

}  // namespace aig::api
