// Exchange rates: units of a currency for one USD, set by the operator, append-only. A call takes the table of its
// moment and pins the rate's id in its hold and its charge, so that a later rate changes nothing for it and every
// charge can be priced again.
//
// RateTable is immutable and shared: any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/price.h"
#include "base/result.h"

namespace aig::ledger {

struct Rate {
    int64_t id = 0;  ///< row of fx_rate; 0 = by definition (USD, and USDT while nobody has set a rate for it)
    Ratio per_usd;   ///< units of the currency for one USD
    bool operator==(const Rate&) const = default;
};

class RateTable {
  public:
    RateTable();
    void set(std::string currency, Rate rate) { rates_[std::move(currency)] = rate; }
    /// Nothing when nobody has set a rate for it.
    std::optional<Rate> of(std::string_view currency) const;
    /// bad_param, naming the command that sets one.
    Result<Rate> needed(std::string_view currency) const;
    const std::map<std::string, Rate, std::less<>>& all() const { return rates_; }

  private:
    std::map<std::string, Rate, std::less<>> rates_;
};
using RatesPtr = std::shared_ptr<const RateTable>;

/// Three to eight capital letters or digits, a letter first.
bool is_currency(std::string_view text);

}  // namespace aig::ledger
