#include "ledger/rates.h"

#include <fmt/format.h>

namespace aig::ledger {

RateTable::RateTable() {
    rates_["USD"] = {};
    rates_["USDT"] = {};
}

std::optional<Rate> RateTable::of(std::string_view currency) const {
    const auto it = rates_.find(currency);
    return it == rates_.end() ? std::nullopt : std::optional(it->second);
}

Result<Rate> RateTable::needed(std::string_view currency) const {
    if (const auto rate = of(currency)) return *rate;
    return Error(ErrorCode::bad_param,
                 fmt::format("there is no exchange rate for {}; set one: aig rate set --currency {} --per-usd RATE",
                             currency, currency))
        .param("currency");
}

bool is_currency(std::string_view text) {
    if (text.size() < 3 || text.size() > 8) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool letter = text[i] >= 'A' && text[i] <= 'Z';
        if (!letter && (i == 0 || text[i] < '0' || text[i] > '9')) return false;
    }
    return true;
}

}  // namespace aig::ledger
