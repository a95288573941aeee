#include "base/result.h"

namespace aig {
namespace {
constexpr ErrorRow rows[] = {
#define ERROR(code, status, fault, next, text) {ErrorCode::code, #code, status, Fault::fault, NextStep::next, text},
#include "base/errors.def"
#undef ERROR
};
}  // namespace

const ErrorRow& error_row(ErrorCode code) { return rows[static_cast<size_t>(code)]; }
size_t error_count() { return std::size(rows); }
}  // namespace aig
