// What names, limits and lists of accounts and keys may be. Pure.
#pragma once

#include "identity/identity.h"

namespace aig::identity {

Status valid_account(std::string_view name, std::string_view email);
KeyTerms terms_of(const NewKey& key);
Status valid_terms(const KeyTerms& terms);
Status valid_expiry(int64_t expires_us, int64_t now_us);
Status valid_sub_account(const SubAccountTerms& terms);
/// bad_param naming the member at fault. `now_us` is what the expiry is compared with.
Status valid_new_key(const NewKey& key, int64_t now_us);

}  // namespace aig::identity
