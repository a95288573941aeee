// The room's SQL statements, for the test that prepares each on an empty database.
#pragma once

#include <span>

namespace aig::records::sql {
std::span<const char* const> statements();
std::span<const char* const> call_page_statements();
std::span<const char* const> audit_statements();
std::span<const char* const> idempotency_statements();
std::span<const char* const> response_statements();
std::span<const char* const> usage_statements();
std::span<const char* const> margin_statements();
std::span<const char* const> invoice_statements();
}  // namespace aig::records::sql
