#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "route/route.h"

namespace aig::route {
namespace {
using catalogue::ProviderKey;
using catalogue::Target;

/// One random number spent on several weighted draws: what a draw leaves of its interval is uniform again.
class Draw {
  public:
    explicit Draw(double random) : random_(std::clamp(random, 0.0, 0.999999999)) {}
    /// An index into `weights` (not empty, all above zero), in proportion.
    size_t pick(const std::vector<int64_t>& weights) {
        int64_t total = 0;
        for (const int64_t w : weights) total += w;
        double left = random_ * static_cast<double>(total);
        size_t i = 0;
        for (; i + 1 < weights.size() && left >= static_cast<double>(weights[i]); ++i)
            left -= static_cast<double>(weights[i]);
        random_ = std::clamp(left / static_cast<double>(weights[i]), 0.0, 0.999999999);
        return i;
    }
    /// All items in a weighted order without replacement.
    template <class T, class Weight>
    std::vector<T> order(std::vector<T> items, Weight weight) {
        if (items.size() <= 1) return items;
        std::vector<T> out;
        while (!items.empty()) {
            std::vector<int64_t> weights;
            for (const auto& item : items) weights.push_back(weight(item));
            const size_t i = pick(weights);
            out.push_back(items[i]);
            items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
        }
        return out;
    }

  private:
    double random_;
};

struct Candidate {
    const Target* target;
    std::vector<const ProviderKey*> keys;  ///< usable ones, in the order to try them
};

std::string_view operation_modality(canon::Operation operation) {
    return operation == canon::Operation::embedding ? "embedding" : "text";
}

Status serves(const catalogue::Model& model, canon::Operation operation) {
    if (model.modality == operation_modality(operation)) return {};
    const bool embeds = model.modality == "embedding";
    return Error(ErrorCode::unsupported_feature, fmt::format("The model '{}' is for {}: send it to {}", model.id,
                                                             embeds ? "embeddings" : model.modality,
                                                             embeds ? "/v1/embeddings" : "/v1/chat/completions"))
        .param("model");
}

/// The caller's bytes can go to it as they are. `other` is no family: its wires have nothing in common.
bool carries(const Target& target, const canon::Envelope& envelope) {
    return envelope.family != canon::Family::other &&
           target.provider->wire_for(envelope.family).carries(envelope.family, target.quirks);
}

/// Behaviour features of the call that the target cannot give. In its own family a wire carries whatever the caller can
/// say.
canon::Features missing(const catalogue::Model& model, const Target& target, const canon::Envelope& envelope) {
    canon::Features lacks = model.lacks;
    if (!carries(target, envelope)) lacks |= target.provider->wire->lacks(envelope.operation);
    return envelope.needs & lacks & canon::behaviour_features;
}

class Planner {
  public:
    Planner(const catalogue::Model& model, const canon::Envelope& envelope, Health& health, int64_t now, double random,
            uint64_t prefer)
        : model_(model), envelope_(envelope), health_(health), now_(now), draw_(random), prefer_(prefer) {}

    Result<Plan> make() {
        TRYV(serves(model_, envelope_.operation));
        for (auto begin = model_.targets.begin(); begin != model_.targets.end();) {
            const auto end = std::find_if(begin, model_.targets.end(),
                                          [&](const Target& t) { return t.priority != begin->priority; });
            add_group(std::span(begin, end));
            begin = end;
        }
        if (live_.empty() && open_.empty()) return nothing_left();
        // With no closed breaker anywhere only one attempt is made: retries into known outages are how retry storms
        // start.
        if (live_.empty()) open_.resize(1);
        if (prefer_) put_origin_first();
        live_.insert(live_.end(), open_.begin(), open_.end());
        add_attempts();
        return std::move(plan_);
    }

  private:
    void add_group(std::span<const Target> group) {
        std::vector<Candidate> usable;
        for (const Target& t : group)
            if (auto c = candidate(t)) usable.push_back(std::move(*c));
        usable = draw_.order(std::move(usable), [](const Candidate& c) { return c.target->weight; });
        // Behind a live target, or behind the origin of state, a probe would never be sent.
        const bool may_probe = live_.empty() && !prefer_;
        for (auto& c : usable) {
            if (!health_.target_open(*c.target, now_))
                live_.push_back(std::move(c));
            else if (may_probe && health_.claim_probe(*c.target, now_))
                live_.insert(live_.begin(), std::move(c));
            else
                open_.push_back(std::move(c));
        }
    }

    std::optional<Candidate> candidate(const Target& t) {
        const auto skip = [&](std::string why) {
            plan_.skipped.push_back({&t, std::move(why)});
            return std::nullopt;
        };
        if (!envelope_.native_only.empty() && !carries(t, envelope_)) {
            foreign_ = true;
            return skip("cannot carry " + envelope_.native_only);
        }
        if (const auto lacks = missing(model_, t, envelope_)) {
            lacking_ |= lacks;
            return skip("lacks " + std::string(first_name(lacks)));
        }
        Candidate c{&t, {}};
        for (const auto& k : t.provider->keys) {
            const int64_t rest = health_.key_rest_ms(*t.provider, k.index, now_);
            if (rest == 0)
                c.keys.push_back(&k);
            else if (rest > 0)
                soonest_ms_ = std::min(soonest_ms_.value_or(rest), rest);
        }
        if (c.keys.empty()) {
            keyless_ = true;
            return skip("every key rests or is disabled");
        }
        c.keys = draw_.order(std::move(c.keys), [](const ProviderKey* k) { return k->weight; });
        return c;
    }

    /// A conversation with live state loses it anywhere but where it was made.
    void put_origin_first() {
        for (auto c = live_.begin(); c != live_.end(); ++c) {
            const auto key = std::find_if(c->keys.begin(), c->keys.end(),
                                          [&](const ProviderKey* k) { return origin(*c->target, *k) == prefer_; });
            if (key == c->keys.end()) continue;
            std::rotate(c->keys.begin(), key, key + 1);
            std::rotate(live_.begin(), c, c + 1);
            return;
        }
    }

    /// Every target with its first key, then the other keys.
    void add_attempts() {
        size_t most_keys = 0;
        for (const auto& c : live_) most_keys = std::max(most_keys, c.keys.size());
        for (size_t i = 0; i < std::min(most_keys, max_attempts); ++i)
            for (const auto& c : live_)
                if (i < c.keys.size())
                    plan_.attempts.push_back({c.target, c.keys[i], carries(*c.target, envelope_),
                                              &c.target->provider->wire_for(envelope_.family)});
    }

    static std::string_view first_name(canon::Features features) {
        return canon::feature_name(static_cast<canon::Feature>(features & (~features + 1)));
    }

    Error nothing_left() const {
        if (foreign_ && !keyless_)
            return Error(ErrorCode::unsupported_feature,
                         fmt::format("`{}` is carried only by providers that speak the same API, and the model '{}' "
                                     "has none",
                                     envelope_.native_only, model_.id))
                .param(envelope_.native_only);
        if (lacking_ && !keyless_) {
            const auto name = first_name(lacking_);
            return Error(ErrorCode::unsupported_feature,
                         fmt::format("The model '{}' does not support {}", model_.id, name))
                .param(std::string(name));
        }
        return Error(ErrorCode::no_route, fmt::format("No provider can take the model '{}' now", model_.id))
            .reason(soonest_ms_ ? "keys_resting" : "no_usable_key")
            .retry_after_ms(soonest_ms_.value_or(30'000));
    }

    const catalogue::Model& model_;
    const canon::Envelope& envelope_;
    Health& health_;
    int64_t now_;
    Draw draw_;
    uint64_t prefer_;
    Plan plan_;
    std::vector<Candidate> live_, open_;
    canon::Features lacking_ = 0;
    bool keyless_ = false;
    bool foreign_ = false;  ///< a target was left out for native_only
    std::optional<int64_t> soonest_ms_;
};
}  // namespace

Result<Plan> plan(const catalogue::Model& model, const canon::Envelope& envelope, Health& health, int64_t now_mono_ms,
                  double random, uint64_t prefer) {
    return Planner(model, envelope, health, now_mono_ms, random, prefer).make();
}

Decision decide(const Error& error, size_t attempts_made, const Plan& plan, bool client_gone, bool retry_budget_left) {
    if (client_gone || error.row().next == NextStep::stop) return Decision::answer;
    if (attempts_made == 0 || attempts_made >= max_attempts || attempts_made >= plan.attempts.size())
        return Decision::answer;
    if (!retry_budget_left) return Decision::answer;
    const auto& next = plan.attempts[attempts_made];
    const bool keys_fault = error.row().next == NextStep::cool_key || error.row().next == NextStep::disable_key;
    const bool same_target =
        std::any_of(plan.attempts.begin(), plan.attempts.begin() + static_cast<std::ptrdiff_t>(attempts_made),
                    [&](const Attempt& a) { return a.target == next.target; });
    return same_target && !keys_fault ? Decision::answer : Decision::next_attempt;
}
}  // namespace aig::route
