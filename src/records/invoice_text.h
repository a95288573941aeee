// A provider's invoice as text: CSV with a heading, JSON lines, or the simulated provider's bill, brought into one
// form. Pure; a fault names its line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aig::records {

struct InvoiceLine {
    int64_t day = 0;  ///< days since 1970, UTC
    std::string provider, model, request_id;
    int64_t units = 0;
    std::optional<int64_t> cost_nanos;  ///< USD
};

constexpr size_t max_invoice_bytes = 32u << 20, max_invoice_lines = 500'000;

/// A text whose first line starts with '{' is JSON lines, anything else CSV. Members and columns: date (2026-11-21, or
/// a stamp), provider (else `provider`), model, request_id, units (or input_tokens and output_tokens), cost (USD;
/// digits beyond the ninth are rounded half up). The simulated provider's bill is JSON lines with at_us for the date.
/// Unknown members and columns are left out.
Result<std::vector<InvoiceLine>> parse_invoice(std::string_view text, std::string_view provider);

}  // namespace aig::records
