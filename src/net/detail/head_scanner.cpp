#include "net/detail/head_scanner.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace aig::net::detail {
namespace {

Error bad(const char* what) { return Error(ErrorCode::bad_request, what); }

/// CR and LF are counted too: a finished head holds exactly two per line. 8-bit sums over short blocks, so that the
/// compiler makes vectors of it.
size_t count_controls(std::string_view head) {
    constexpr size_t block = 128;
    size_t n = 0;
    while (!head.empty()) {
        uint8_t found = 0;
        for (const char c : head.substr(0, block)) {
            const auto u = static_cast<uint8_t>(c);
            found = static_cast<uint8_t>(found + (((u < 0x20) & (u != '\t')) | (u == 0x7f)));
        }
        n += found;
        head.remove_prefix(std::min(head.size(), block));
    }
    return n;
}

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
        if (count_controls(bytes.substr(0, scanned_)) != 2 * lines_) return bad("the head holds a control byte");
        return scanned_;
    }
    TRYV(check_partial(bytes));
    scanned_ = bytes.size();
    return 0;
}

/// `line` ends before its LF.
Status HeadScanner::check_line(std::string_view line) {
    if (line.empty() || line.back() != '\r') return bad("a line ends in LF without CR");
    if (std::memchr(line.data(), '\r', line.size() - 1)) return bad("a line holds a CR");
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
    if (!line.empty() && std::memchr(line.data(), '\r', line.size() - 1)) return bad("a line holds a CR");
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
