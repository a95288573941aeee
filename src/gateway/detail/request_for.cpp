// Which request an attempt sends: the caller's bytes, or the canonical request with the state its route may see.
#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"
#include "gateway/detail/flow.h"

namespace aig::gateway {
namespace {

/// Capsules mean nothing to a provider, and state that another route made is an error to this one.
bool holds_strangers(const Flow& f, const route::Attempt& a) {
    const auto& state = f.callers_state;
    if (state.capsules || state.origins.empty()) return state.capsules;
    const uint64_t origin = route::origin(*a.target, *a.key);
    return std::any_of(state.origins.begin(), state.origins.end(), [&](uint64_t o) { return o != origin; });
}

}  // namespace

void parse_ahead(Flow& f) {
    if (f.parsed || f.plan.attempts.empty() || f.plan.attempts.front().lossless) return;
    if (auto parsed = f.call.dialect->parse(f.call.in)) f.parsed = *std::move(parsed);
}

namespace {
Status parse_once(Flow& f) {
    if (!f.parsed) {
        TRY(f.parsed, f.call.dialect->parse(f.call.in));
    }
    if (auto* chat = std::get_if<canon::Chat>(&*f.parsed); chat && f.clamped_max)
        chat->max_output = std::min(*f.clamped_max, chat->max_output.value_or(*f.clamped_max));
    return {};
}
}  // namespace

Result<const canon::Request*> request_for(Flow& f, const route::Attempt& a, std::optional<canon::Request>& own,
                                          canon::Losses& losses) {
    if (a.lossless && !holds_strangers(f, a)) return static_cast<const canon::Request*>(nullptr);
    TRYV(parse_once(f));
    const auto* parsed = std::get_if<canon::Chat>(&*f.parsed);
    const AccountId account = f.call.principal->account;
    // Mostly not, and conversations are long: a copy is made for state alone.
    const bool state = parsed && holds_state(*parsed, f.vault, account, mono_ms());
    size_t changed = 0;
    if (state) {
        own = *f.parsed;
        changed = restore_state(std::get<canon::Chat>(*own),
                                {&f.vault, account, route::origin(*a.target, *a.key), mono_ms(), now_us() / 1'000'000},
                                losses);
    }
    // What was kept for the caller, and cannot be given to this target, is named, but changes none of the caller's
    // bytes.
    if (a.lossless && changed == 0) return static_cast<const canon::Request*>(nullptr);
    return state ? &*own : &*f.parsed;
}

namespace {
/// What the attempt would lose, or why it cannot be made at all.
canon::Losses losses_of(Flow& f, const route::Attempt& a) {
    canon::Losses losses;
    std::optional<canon::Request> own;
    const auto request = request_for(f, a, own, losses);
    if (request && *request) {
        const auto encoded = a.wire->encode(**request, wire_target(f, *a.target), losses);
        if (!encoded) losses.push_back(encoded.error().param().empty() ? "request" : encoded.error().param());
    }
    return losses;
}

Error refusal(const Flow& f, const canon::Losses& losses) {
    std::string names;
    size_t told = 0;
    for (const auto& l : losses) {
        if (++told > 20) break;
        names += fmt::format("{}`{}`", names.empty() ? "" : ", ", l);
    }
    return Error(ErrorCode::unsupported_feature,
                 fmt::format("no provider of '{}' can carry {} (x-aig-strict).", f.model->id, names))
        .param(losses.front());
}
}  // namespace

Status keep_exact(Flow& f) {
    canon::Losses all;
    std::vector<route::Attempt> exact;
    for (const auto& a : f.plan.attempts) {
        const auto losses = losses_of(f, a);
        if (losses.empty()) exact.push_back(a);
        for (const auto& l : losses)
            if (std::find(all.begin(), all.end(), l) == all.end()) all.push_back(l);
    }
    if (exact.empty()) return refusal(f, all);
    f.plan.attempts = std::move(exact);
    return {};
}

}  // namespace aig::gateway
