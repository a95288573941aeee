#include "limits/failed_auth.h"

#include <cstring>

#include "base/ip.h"

namespace aig::limits {
namespace {

constexpr int64_t per_minute = 20;
const Limits limit{per_minute};

/// One number an address, 0 = exempt. IPv4 is its 32 bits, IPv6 its upper 64.
int64_t subject(std::string_view address) {
    static const IpBlock loopback4 = *parse_ip_block("127.0.0.0/8"), mapped = *parse_ip_block("::ffff:0.0.0.0/96");
    const auto ip = parse_ip(address);
    if (!ip) return address.empty() ? -1 : 0;  // unknown callers count as one; a Unix socket has no address
    if (loopback4.contains(*ip) || *ip == *parse_ip("::1")) return 0;
    int64_t number = 0;
    if (mapped.contains(*ip)) {
        std::memcpy(&number, ip->bytes.data() + 12, 4);
        return number + 1;
    }
    std::memcpy(&number, ip->bytes.data(), 8);
    return number | (int64_t{1} << 62);  // never among the IPv4 ones
}
}  // namespace

Status FailedAuth::admit(std::string_view address, int64_t now) const {
    const int64_t who = subject(address);
    if (!who) return {};
    const auto open = limiter_.peek(KeyId{who}, limit, now);
    if (open) return {};
    return Error(ErrorCode::rate_limited, "Too many refused API keys came from this address")
        .reason("failed_auth")
        .retry_after_ms(open.error().retry_after_ms());
}

void FailedAuth::failed(std::string_view address, int64_t now) {
    const int64_t who = subject(address);
    if (who) (void)limiter_.admit(KeyId{who}, limit, 0, now);
}

}  // namespace aig::limits
