// /v1/sub-accounts: names under the caller's account with a key, a monthly budget and rates of their own; what they
// spend is the account's money. Only the account's own keys may ask: a sub-account's key gets 403. Another account's
// sub-account is 404. The key is in the reply that made it, under both names its clients read, and nowhere else.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> create_sub_account(Request& request);
rt::Task<Status> list_sub_accounts(Request& request);
rt::Task<Status> show_sub_account(Request& request);
rt::Task<Status> update_sub_account(Request& request);
rt::Task<Status> delete_sub_account(Request& request);
rt::Task<Status> rotate_sub_account(Request& request);

}  // namespace aig::api
