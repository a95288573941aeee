// What a deployment's configuration brings into the book when it starts.
#pragma once

#include <string>

#include "ledger/book.h"

namespace aig::ledger {

/// The configuration's rate becomes the rate in force when it differs from the configuration's last one: a rate that an
/// operator has set since survives a restart. Blocks; nothing for USD.
Status adopt_config_rate(store::Store& store, Book& book, const std::string& currency, Ratio per_usd);

}  // namespace aig::ledger
