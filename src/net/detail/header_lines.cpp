#include "net/detail/header_lines.h"

#include <algorithm>
#include <cstdint>

#include "net/detail/framing.h"

namespace aig::net::detail {

/// 8-bit sums over short blocks, so that the compiler makes vectors of it; which is long enough to stand but once.
[[gnu::noinline]] size_t count_controls(std::string_view bytes) {
    constexpr size_t block = 128;
    size_t n = 0;
    while (!bytes.empty()) {
        uint8_t found = 0;
        for (const char c : bytes.substr(0, block)) {
            const auto u = static_cast<uint8_t>(c);
            found = static_cast<uint8_t>(found + (((u < 0x20) & (u != '\t')) | (u == 0x7f)));
        }
        n += found;
        bytes.remove_prefix(std::min(bytes.size(), block));
    }
    return n;
}

namespace {
/// All of them may go out as they stand: what nearly every head is.
bool all_pass(const Headers& headers, std::string_view wire, bool (*ours)(std::string_view name)) {
    if (wire.empty() || count_controls(wire) != 2 * headers.size()) return false;
    if (headers.known_names()) return true;  // the compiler has seen to them
    const char* const end = wire.data() + wire.size();
    for (const auto& [name, value] : headers)
        if (ours(name) || !is_token(name, static_cast<size_t>(end - name.data()))) return false;
    return true;
}
}  // namespace

size_t append_lines(std::string& out, const Headers& headers, bool (*ours)(std::string_view name)) {
    if (all_pass(headers, headers.wire(), ours)) {
        out += headers.wire();
        return 0;
    }
    size_t left_out = 0;
    for (const auto& [name, value] : headers) {
        if (ours(name)) continue;
        if (!is_token(name) || !one_line(value)) {
            ++left_out;
            continue;
        }
        out.append(name).append(": ").append(value).append("\r\n");
    }
    return left_out;
}

}  // namespace aig::net::detail
