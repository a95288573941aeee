// Passwords at rest: Argon2id (19 MiB, 2 passes, 1 lane), salt and parameters in the text. One hash takes some 25 ms of
// one core and its memory, on purpose: call from the password workers only, never on a loop and not from the common
// blocking pool.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::identity {

/// overloaded when there is no memory for it.
Result<std::string> hash_password(std::string_view password);
/// A `hash` of "" (nobody, or nobody who may log in) takes as long as a real one and never matches.
bool password_matches(std::string_view hash, std::string_view password);
/// Was it made with other parameters than we use now?
bool outdated_hash(std::string_view hash);

}  // namespace aig::identity
