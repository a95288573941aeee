// `aig prices diff|import`: the hooks that print, and behind them what they print, as values.
#pragma once

#include "app/commands_config.h"
#include "cli/cli.h"

namespace aig::app {

/// Each prints (what is wrong, and what was left out, to standard error) and returns the exit code.
int prices_diff(const cli::PricesOptions& options);
int prices_import(const cli::PricesOptions& options);

/// Exit 1 where something differs.
CommandResult diff_price_file(const cli::PricesOptions& options, std::string_view text,
                              const catalogue::PriceFacts& ours);
/// `today` ("2026-11-21") is the date of the new list.
CommandResult import_price_file(const cli::PricesOptions& options, std::string_view text, std::string_view today);

}  // namespace aig::app
