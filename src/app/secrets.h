// Where the root key of sealed secrets comes from, and what seals replies that are kept: store's sealer as the other
// rooms see it.
#pragma once

#include <string>

#include "records/idempotency.h"
#include "store/seal.h"

namespace aig::app {

/// AIG_SECRET_KEY (and AIG_SECRET_KEY_OLD for a rotation), else the file in data_dir.
store::SealOptions seal_options(std::string data_dir);
/// `sealer` outlives it.
records::Seal seal_replies(const store::Sealer& sealer);

}  // namespace aig::app
