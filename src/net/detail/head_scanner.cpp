#include "net/detail/head_scanner.h"

#include <cstring>
#include <string>

#include "net/detail/header_lines.h"

namespace aig::net::detail {
namespace {

Error bad(const char* what) { return Error(ErrorCode::bad_request, what); }

}  // namespace

Result<size_t> HeadScanner::scan(std::string_view bytes) {
    if (bytes.empty()) return 0;
    if (scanned_ == 0 && (bytes[0] < 'A' || bytes[0] > 'Z')) return bad("the first line does not begin with a word");
    while (scanned_ < bytes.size()) {
        const void* hit = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
        if (!hit) break;
        const size_t lf = static_cast<size_t>(static_cast<const char*>(hit) - bytes.data());
        TRYV(check_line(bytes.substr(line_start_, lf - line_start_)));
        TRYV(check_size(lf + 1));
        ++lines_;
        const bool blank = lf - line_start_ == 1;
        line_start_ = scanned_ = lf + 1;
        if (!blank) continue;
        TRYV(count_new_lines(bytes));
        return scanned_;
    }
    TRYV(count_new_lines(bytes));
    TRYV(check_partial(bytes));
    scanned_ = bytes.size();
    return 0;
}

/// Whole lines hold exactly two control bytes each: CR and LF at their end.
Status HeadScanner::count_new_lines(std::string_view bytes) {
    const size_t found = count_controls(bytes.substr(counted_, line_start_ - counted_));
    if (found != 2 * (lines_ - counted_lines_)) return bad("the head holds a control byte");
    counted_ = line_start_;
    counted_lines_ = lines_;
    return {};
}

/// `line` ends before its LF.
Status HeadScanner::check_line(std::string_view line) const {
    if (line.empty() || line.back() != '\r') return bad("a line ends in LF without CR");
    if (lines_ == 0) {
        if (line.size() == 1) return bad("the first line is empty");
        if (line.size() > limits_.first_line) return Error(ErrorCode::uri_too_long, "the request line is too long");
        return {};
    }
    if (line[0] == ' ' || line[0] == '\t') return bad("a header line is folded");
    if (line[0] == ':') return bad("a header has no name");
    return {};
}

Status HeadScanner::check_partial(std::string_view bytes) const {
    const std::string_view line = bytes.substr(line_start_);
    if (!line.empty() && std::memchr(line.data(), '\r', line.size() - 1)) return bad("the head holds a control byte");
    if (lines_ == 0 && line.size() > limits_.first_line) {
        return Error(ErrorCode::uri_too_long, "the request line is too long");
    }
    return check_size(bytes.size());
}

Status HeadScanner::check_size(size_t end) const {
    if (end > limits_.head + (lines_ == 0 ? limits_.first_line : 0)) {
        return Error(ErrorCode::headers_too_large, "the header lines are too long");
    }
    if (lines_ > limits_.fields + 1) return Error(ErrorCode::headers_too_large, "there are too many header lines");
    return {};
}

}  // namespace aig::net::detail
