#include "sim/detail/ask.h"

#include <fmt/format.h>

#include <charconv>

#include "sim/detail/tokens.h"
#include "sim/detail/vendor.h"

namespace aig::sim {

double number_of(JsonRef v, double missing) {
    if (!v.is_number()) return missing;
    double d = missing;
    const std::string_view raw = v.raw();
    std::from_chars(raw.data(), raw.data() + raw.size(), d);
    return d;
}

uint64_t hash_text(std::string_view text, uint64_t seed) {
    for (const char c : text) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return seed;
}

void PromptMeter::text(std::string_view text) {
    ask_.input_tokens += count_tokens(text);
    hash_ = hash_text(text, hash_);
}

void PromptMeter::end_message() {
    constexpr int64_t framing_tokens = 4;  // role and separators of one message
    ask_.input_tokens += framing_tokens;
    hash_ = hash_text("\x1e", hash_);
    if (ask_.wire->caches_every_message) ask_.prefixes.push_back({hash_, ask_.input_tokens});
}

void PromptMeter::cache_mark(bool one_hour) {
    ask_.prefixes.push_back({hash_, ask_.input_tokens});
    ask_.cache_one_hour = one_hour;
}

uint64_t account_of_key(std::string_view key) { return hash_text(key, 0xacc0); }

std::string thinking_signature(std::string_view thinking, uint64_t account) {
    const uint64_t h = hash_text(thinking, 0x5151515151515151 ^ account);
    return fmt::format("EqQBsim{:016x}{:016x}==", h, hash_text("aig-sim", h));
}

namespace {
constexpr std::string_view seal_head = "gAAAAABsim";
std::string seal_of(uint64_t h, uint64_t account) {
    return fmt::format("{}{:016x}-_{:016x}{:016x}==", seal_head, h, hash_text("aig-sim seal", h ^ account),
                       hash_text("tail", ~h));
}
}  // namespace

std::string sealed_reasoning(std::string_view reasoning, uint64_t account) {
    return seal_of(hash_text(reasoning, 0x7e7e7e7e7e7e7e7e), account);
}

bool is_sealed_reasoning(std::string_view sealed, uint64_t account) {
    if (!sealed.starts_with(seal_head) || sealed.size() < seal_head.size() + 16) return false;
    uint64_t h = 0;
    const char* digits = sealed.data() + seal_head.size();
    const auto [end, bad] = std::from_chars(digits, digits + 16, h, 16);
    return bad == std::errc{} && end == digits + 16 && seal_of(h, account) == sealed;
}

std::string sealed_item_id(std::string_view sealed) { return vendor_id("rs_0", 48, hash_text(sealed)); }

}  // namespace aig::sim
