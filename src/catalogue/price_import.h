// Price lists in two public formats -> our rows, and what differs from ours. Their numbers are decimal text and stay
// it: 1.25e-06 a token is exactly 1.25 a million, never a double. What is not exact at 1e-12 USD a unit is left out and
// said. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/price_facts.h"

namespace aig::catalogue {

enum class PriceFormat : uint8_t { litellm, models_dev, ours };
std::optional<PriceFormat> price_format_named(std::string_view name);

struct Imported {
    PriceFacts facts;
    std::vector<std::string> left_out;  ///< "openai gpt-x: why"
};
/// `date` is what the result says it was checked.
Result<Imported> import_prices(std::string_view text, PriceFormat format, std::string_view date);

struct PriceDifference {
    std::string provider, model, key;
    std::string ours, theirs;  ///< "" = not given
};
struct PriceDiff {
    std::vector<PriceDifference> differences;
    size_t compared = 0;                       ///< rows that both have
    size_t same = 0;                           ///< of them, rows that agree in every key that both give
    std::vector<std::string> unknown_to_them;  ///< "provider model"
    std::vector<std::string> unknown_to_us;    ///< of providers that we have rows of
};
/// Compares what both say; a key that only one gives is a difference only for input and output.
PriceDiff diff_prices(const PriceFacts& ours, const PriceFacts& theirs);

}  // namespace aig::catalogue
