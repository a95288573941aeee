// Forgetting who an account was: the one way, for the operator's command and for the owner in the portal. Books, calls
// and the audit log stay without a name; keys end at once, people who are in no other account go with it, and so do
// events, kept replies and what callers wrote beside their calls.
#pragma once

#include "identity/identity.h"

namespace aig::api {

/// `with` (the audit row) commits together. conflict when it was erased before. Blocks: never on a loop.
Status forget_account(identity::Directory& directory, AccountId account, store::Ops with);

}  // namespace aig::api
