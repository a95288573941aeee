#include "gateway/detail/capsule.h"

namespace aig::gateway {
namespace {

constexpr char format = 1;

void put(std::string& out, uint64_t value, int bytes) {
    for (int i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}
void put(std::string& out, std::string_view text) {
    put(out, text.size(), 4);
    out += text;
}

/// Reads what put() wrote; any shortage makes it bad.
struct Unpacker {
    std::string_view rest;
    bool good = true;

    uint64_t number(size_t bytes) {
        if (rest.size() < bytes) {
            good = false;
            return 0;
        }
        uint64_t v = 0;
        for (size_t i = 0; i < bytes; ++i) v = v << 8 | static_cast<unsigned char>(rest[i]);
        rest.remove_prefix(bytes);
        return v;
    }
    std::string text() {
        const size_t size = number(4);
        if (!good || rest.size() < size) {
            good = false;
            return {};
        }
        std::string out(rest.substr(0, size));
        rest.remove_prefix(size);
        return out;
    }
};

std::string pack(const SealedState& s) {
    std::string out(1, format);
    out.reserve(64 + s.state.data.size() + s.text.size());
    put(out, static_cast<uint64_t>(s.expires_s), 8);
    put(out, s.origin, 8);
    put(out, static_cast<uint64_t>(s.place), 1);
    put(out, s.summary ? 1 : 0, 1);
    for (const auto* field : {&s.state.kind, &s.state.data, &s.text, &s.call_id, &s.item_id}) put(out, *field);
    return out;
}

std::optional<SealedState> unpack(std::string_view plain) {
    Unpacker in{plain};
    if (in.number(1) != format) return {};
    SealedState s;
    s.expires_s = static_cast<int64_t>(in.number(8));
    s.origin = in.number(8);
    s.place = static_cast<StatePlace>(in.number(1));
    s.summary = in.number(1) == 1;
    for (auto* field : {&s.state.kind, &s.state.data, &s.text, &s.call_id, &s.item_id}) *field = in.text();
    if (!in.good || !in.rest.empty() || s.place > StatePlace::tool_call) return {};
    return s;
}

std::string bound_to(AccountId account) { return "account|" + std::to_string(account.value) + "|reasoning_state"; }

}  // namespace

std::optional<std::string> Capsules::seal(const SealedState& state, AccountId account) const {
    if (!sealer_) return {};
    const std::string plain = pack(state);
    if (plain.size() > most_plain) return {};
    const auto sealed = sealer_->seal_text(plain, bound_to(account));
    if (!sealed) return {};
    return std::string(canon::capsule_prefix) + *sealed;
}

std::optional<SealedState> Capsules::open(std::string_view capsule, AccountId account, int64_t now_s) const {
    if (!sealer_ || !is_capsule(capsule) || capsule.size() > most_text) return {};
    const auto plain = sealer_->unseal_text(capsule.substr(canon::capsule_prefix.size()), bound_to(account));
    if (!plain) return {};
    auto state = unpack(*plain);
    if (!state || state->expires_s <= now_s) return {};
    return state;
}

}  // namespace aig::gateway
