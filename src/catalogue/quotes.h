// Binding estimates: a quote fixes price card, terms and the most a call will cost, for one account, one model and a
// size, until it expires; one call may take it. Taking is an Op in the hold's batch, giving back one in the batch of
// the hold's release: a quote is never taken without a hold, nor twice. Pure values and SQL; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/price.h"
#include "canon/usage.h"
#include "store/store.h"

namespace aig::catalogue {

constexpr int64_t quote_life_us = 15 * 60'000'000ll;
/// Open quotes an account may have.
constexpr int64_t most_open_quotes = 1'000;

struct Quote {
    std::string id;  ///< quo_<ULID>
    AccountId account;
    std::string model, operation;  ///< the catalogue's id; "chat", "embedding", "image"
    canon::PriceCard card;
    Ratio ratio;  ///< the folded terms
    int64_t fx_id = 0;
    Ratio fx;  ///< wallet units for a USD, already in `ratio`
    std::string currency = "USD", coupon;
    int64_t input_tokens = 0;   ///< a call's input bound must fit
    int64_t output_tokens = 0;  ///< all choices together; 0 = none
    int64_t cap_nanos = 0;      ///< what the call holds, and at most pays
    int64_t created_us = 0, expires_us = 0;
    std::string used_by;       ///< "" = open
    bool coupon_used = false;  ///< counted by a call that failed and gave the quote back
};

/// Refuses (rate_limited) an account's quotes beyond most_open_quotes; sweeps what expired a day ago.
std::unique_ptr<store::Op> issue(Quote quote);
/// resource_not_found also for another account's.
Result<Quote> find_quote(store::Db& db, AccountId account, std::string_view id);
/// gone when expired, conflict when it is used.
Status usable(const Quote& quote, int64_t now_us);
std::unique_ptr<store::Op> take(const Quote& quote, std::string request_id, int64_t now_us);
std::unique_ptr<store::Op> give_back(const Quote& quote, std::string request_id);

}  // namespace aig::catalogue
