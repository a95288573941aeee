// What signs an account's webhooks: one secret in force, sealed at rest, made when it is first asked for. A rotated one
// signs along for a day. Blocks on the database.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "store/seal.h"

namespace aig::identity {

/// "whsec_" and 32 random bytes in base64.
/// `with` commits with one that is made.
Result<std::string> webhook_secret(store::Store& store, const store::Sealer& sealer, AccountId account,
                                   store::Ops with);
/// A new one; `with` commits along. resource_not_found.
Result<std::string> rotate_webhook_secret(store::Store& store, const store::Sealer& sealer, AccountId account,
                                          store::Ops with);
/// All that sign now, the newest first.
Result<std::vector<std::string>> signing_secrets(store::Store& store, const store::Sealer& sealer, AccountId account);

}  // namespace aig::identity
