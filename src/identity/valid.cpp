#include "identity/detail/valid.h"

#include <fmt/format.h>

namespace aig::identity {
namespace {
constexpr size_t max_name = 200, max_email = 254, max_models = 1'000, max_tag = 64, max_ip_blocks = 100,
                 max_sub_account_name = 120, max_metadata = 4'096;
constexpr int64_t max_rate = 1'000'000'000, max_tokens_rate = 1'000'000'000'000,
                  max_cap_nanos = 1'000'000'000 * int64_t{1'000'000'000};

Error bad(std::string_view param, std::string message) {
    return Error(ErrorCode::bad_param, std::move(message)).param(std::string(param));
}

Status printable(std::string_view param, std::string_view text, size_t most) {
    if (text.size() > most) return bad(param, fmt::format("{} may be at most {} bytes long.", param, most));
    for (const char c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
            return bad(param, fmt::format("{} may not hold control characters.", param));
    return {};
}

Status within(std::string_view param, std::optional<int64_t> v, int64_t most) {
    if (v && (*v < 1 || *v > most))
        return bad(param, fmt::format("{} must be from 1 to {}; leave it out for no limit.", param, most));
    return {};
}

Status valid_models(std::string_view param, const std::vector<std::string>& models) {
    if (models.size() > max_models) return bad(param, fmt::format("{} may hold at most {} names.", param, max_models));
    for (const auto& m : models) {
        if (m.empty()) return bad(param, fmt::format("{} holds an empty name.", param));
        TRYV(printable(param, m, max_name));
    }
    return {};
}

Status valid_ip_allow(const std::vector<std::string>& blocks) {
    if (blocks.size() > max_ip_blocks)
        return bad("ip_allow", fmt::format("ip_allow may hold at most {} addresses and blocks.", max_ip_blocks));
    for (const auto& text : blocks)
        if (auto block = parse_ip_block(text); !block) return bad("ip_allow", "ip_allow: " + block.error().message());
    return {};
}
}  // namespace

Status valid_account(std::string_view name, std::string_view email) {
    if (name.empty()) return bad("name", "An account needs a name.");
    TRYV(printable("name", name, max_name));
    TRYV(printable("email", email, max_email));
    const auto at = email.find('@');
    const bool shaped =
        at != 0 && at != std::string_view::npos && at + 1 < email.size() && email.find(' ') == std::string_view::npos;
    if (!email.empty() && !shaped) return bad("email", "email is not an e-mail address.");
    return {};
}

KeyTerms terms_of(const NewKey& key) {
    return {key.name, key.dialect, key.tag, key.limits, key.models, key.ip_allow, key.expires_us};
}

void NewKey::take(KeyTerms t) {
    name = std::move(t.name), dialect = std::move(t.dialect), tag = std::move(t.tag);
    limits = std::move(t.limits);
    models = std::move(t.models), ip_allow = std::move(t.ip_allow);
    expires_us = t.expires_us;
}

Status valid_terms(const KeyTerms& key) {
    TRYV(printable("name", key.name, max_name));
    TRYV(printable("tag", key.tag, max_tag));
    TRYV(printable("dialect", key.dialect, 32));
    TRYV(within("rpm", key.limits.rpm, max_rate));
    TRYV(within("tpm", key.limits.tpm, max_tokens_rate));
    TRYV(within("concurrency", key.limits.concurrency, max_rate));
    TRYV(within("spend_cap_usd", key.limits.spend_cap_nanos, max_cap_nanos));
    const auto& period = key.limits.spend_period;
    if (!period.empty() && period != "day" && period != "month")
        return bad("spend_period", "spend_period must be 'day' or 'month'; leave it out for a cap for ever.");
    if (!period.empty() && !key.limits.spend_cap_nanos) return bad("spend_period", "spend_period needs spend_cap_usd.");
    TRYV(within("rpd", key.limits.rpd, max_rate));
    TRYV(within("brake_usd_per_minute", key.limits.brake_nanos_per_minute, max_cap_nanos));
    TRYV(valid_ip_allow(key.ip_allow));
    return valid_models("models", key.models);
}

Status valid_expiry(int64_t expires_us, int64_t now_us) {
    if (expires_us < 0 || (expires_us > 0 && expires_us <= now_us))
        return bad("expires", "expires must lie in the future.");
    return {};
}

Status valid_new_key(const NewKey& key, int64_t now_us) {
    TRYV(valid_terms(terms_of(key)));
    return valid_expiry(key.expires_us, now_us);
}

Status valid_sub_account(const SubAccountTerms& t) {
    if (t.name.empty()) return bad("name", "A sub-account needs a name.");
    TRYV(printable("name", t.name, max_sub_account_name));
    TRYV(printable("external_ref", t.external_ref, max_name));
    TRYV(printable("default_tag", t.tag, max_tag));
    if (t.metadata_json.size() > max_metadata)
        return bad("metadata", fmt::format("metadata may have at most {} bytes as JSON.", max_metadata));
    TRYV(within("rate_limit_rpm", t.rpm, max_rate));
    TRYV(within("rate_limit_tpm", t.tpm, max_tokens_rate));
    TRYV(within("concurrency", t.concurrency, max_rate));
    if (t.spend_cap_nanos && (*t.spend_cap_nanos < 0 || *t.spend_cap_nanos > max_cap_nanos))
        return bad("spend_cap_cents", "spend_cap_cents must be from 0 to 100000000000; leave it out for no cap.");
    return valid_models("allowed_models", t.models);
}

}  // namespace aig::identity
