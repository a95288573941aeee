// data/providers.json, data/models.json, data/prices.json: facts about well-known providers and models, embedded in the
// binary.
// Checked like any outside input when read; an unknown member is an error. Immutable.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalogue/config.h"
#include "catalogue/price_facts.h"

namespace aig::catalogue {

struct ProviderFacts {
    std::string name, wire, base_url, auth, env;  ///< env: the variable its key usually has
    std::vector<std::string> also;                ///< further wires at the same address
    std::vector<std::string> quirks;
    std::vector<std::pair<std::string, std::string>> headers;
    bool cancel_bills_full = false;
};

struct Data {
    std::map<std::string, ProviderFacts, std::less<>> providers;
    std::vector<ModelConfig> models;  ///< every target's `cost` is its list price in `prices`; no price of their own
    PriceFacts prices;
};

Result<Data> parse_data(std::string_view providers_json, std::string_view models_json, std::string_view prices_json);
/// The embedded ones; parsed once. An error here is a broken build, and says where.
const Result<Data>& embedded_data();

}  // namespace aig::catalogue
