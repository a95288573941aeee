// What seals the address book of top-ups: HMAC-SHA256 under data_dir/topup.key (0600, made once). It lies beside the
// database and not in it, so that whoever can only write the database cannot redirect payments.
#pragma once

#include <string>

#include "topup/address_book.h"

namespace aig::app {

/// config_invalid: the key file is there and is no key.
Result<topup::Seal> topup_seal(const std::string& data_dir);

}  // namespace aig::app
