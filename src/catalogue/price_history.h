// The versions of prices, kept: a charge in the ledger names its card by id, and the database can say what stood on it,
// and at which version a model was sold when.
#pragma once

#include "catalogue/catalogue.h"
#include "store/store.h"

namespace aig::catalogue {

/// Writes the cards of a snapshot that are new, and for each model whose card changed since, a row with the time.
/// Blocks: at start and on reload.
Status remember_prices(store::Store& store, const Snapshot& snapshot, int64_t now_us);
/// The card of a version; resource_not_found when it was never on sale here.
Result<canon::PriceCard> price_version(store::Db& db, int64_t card_id);

struct PriceChange {
    int64_t from_us = 0, card_id = 0;
};
/// Newest first, at most `limit`.
Result<std::vector<PriceChange>> price_history(store::Db& db, std::string_view model, int64_t limit);

}  // namespace aig::catalogue
