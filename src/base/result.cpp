#include "base/result.h"

#include <stdexcept>

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

Error::Said Error::gone{.code = ErrorCode::internal};

Error::Error(ErrorCode code, std::string message) : said_(new Said{.code = code, .message = std::move(message)}) {}
Error::Error(ErrorCode code) : said_(new Said{.code = code}) {}
Error::Error(const Error& other) : said_(other.said_ && other.said_ != &gone ? new Said(*other.said_) : other.said_) {}

void Error::drop() noexcept {
    if (said_ != &gone) delete said_;
}

Error::Said& Error::own() {
    if (said_ == &gone) said_ = new Said(gone);
    return *said_;
}

Error&& Error::param(std::string p) && { return own().param = std::move(p), std::move(*this); }
Error&& Error::reason(std::string r) && { return own().reason = std::move(r), std::move(*this); }
Error&& Error::retry_after_ms(int64_t ms) && { return own().retry_after_ms = ms, std::move(*this); }
Error&& Error::status(int s) && { return own().status = s, std::move(*this); }
Error&& Error::details_json(std::string d) && { return own().details_json = std::move(d), std::move(*this); }

void throw_wrong_alternative() { throw std::logic_error("a Result was asked for what it does not hold"); }
}  // namespace aig
