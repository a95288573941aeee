// List prices by provider and the provider's model id: data/prices.json, embedded, and the operator's own file in the
// same format (billing.price_file), whose rows win. What they say is checked like any outside input: every row must be
// a price card. Immutable.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalogue/config.h"

namespace aig::catalogue {

struct PriceFacts {
    std::string date;                                         ///< when they were checked: "2026-11-20"
    std::map<std::string, std::string, std::less<>> sources;  ///< provider -> where it publishes them
    std::map<std::string, std::map<std::string, PriceConfig, std::less<>>, std::less<>> rows;

    const PriceConfig* find(std::string_view provider, std::string_view model) const;
    size_t count() const;
};

/// `where` names the file in errors.
Result<PriceFacts> parse_price_facts(std::string_view json, std::string_view where);
/// The same format, one row a line, sorted: a file to keep under version control.
std::string price_facts_json(const PriceFacts& facts);

}  // namespace aig::catalogue
