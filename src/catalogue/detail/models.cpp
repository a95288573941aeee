#include "catalogue/detail/models.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/nearest.h"
#include "catalogue/detail/fingerprint.h"
#include "catalogue/detail/quirks.h"

namespace aig::catalogue {
namespace {
constexpr std::string_view built_modalities[] = {"text", "embedding"};
constexpr std::string_view planned_modalities[] = {"image", "video",      "music",  "3d",      "stt",
                                                   "tts",   "moderation", "rerank", "realtime"};

bool among(std::string_view word, const auto& list) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool good_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._:/@+-").find(c) != std::string_view::npos;
    });
}

/// Whose tokens they are, by name, when the operator does not say.
canon::Tokenizer guess_tokenizer(std::string_view id, std::string_view owner) {
    const auto name = lower_case(id);
    const auto has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    if (owner == "anthropic" || has("claude")) return canon::Tokenizer::claude;
    if (owner == "openai" || has("gpt-") || has("text-embedding-3")) return canon::Tokenizer::openai;
    if (owner == "google" || has("gemini") || has("gemma")) return canon::Tokenizer::gemini;
    if (owner == "meta" || has("llama")) return canon::Tokenizer::llama;
    return canon::Tokenizer::other;
}

constexpr std::pair<std::string_view, canon::Tokenizer> tokenizers[] = {{"openai", canon::Tokenizer::openai},
                                                                        {"claude", canon::Tokenizer::claude},
                                                                        {"gemini", canon::Tokenizer::gemini},
                                                                        {"llama", canon::Tokenizer::llama},
                                                                        {"other", canon::Tokenizer::other}};

/// What a complete list of capabilities rules out. Reasoning is not in it: agents send an effort to every model.
canon::Features lacks_of(const std::vector<std::string>& capabilities) {
    if (capabilities.empty()) return 0;
    canon::Features lacks = 0;
    if (!among("vision", capabilities)) lacks |= canon::feature_images;
    if (!among("audio", capabilities)) lacks |= canon::feature_audio_in | canon::feature_audio_out;
    if (!among("function_calling", capabilities))
        lacks |= canon::feature_tools | canon::feature_tool_choice | canon::feature_custom_tools;
    return lacks;
}

class Maker {
  public:
    Maker(const ModelConfig& config, std::string where, const ListPrices& prices, const Providers& providers,
          Faults& faults)
        : c_(config), where_(std::move(where)), prices_(prices), providers_(providers), faults_(faults) {}

    Model make(bool& from_list) {
        set_facts();
        set_targets();
        from_list = c_.price.empty();
        if (from_list)
            list_price();
        else
            own_price();
        return std::move(m_);
    }

  private:
    void fault(std::string_view member, std::string message) {
        faults_.add(member.empty() ? where_ : where_ + "." + std::string(member), std::move(message));
    }

    void set_facts() {
        m_.id = c_.id;
        m_.name = c_.name.empty() ? c_.id : c_.name;
        const size_t slash = c_.id.find('/');
        m_.owned_by = !c_.owned_by.empty() ? c_.owned_by : slash == std::string::npos ? "" : c_.id.substr(0, slash);
        m_.modality = c_.modality;
        m_.context = c_.context;
        m_.max_output = c_.max_output;
        m_.capabilities = c_.capabilities;
        m_.lacks = lacks_of(c_.capabilities);
        m_.listed = c_.listed;
        m_.created_s = c_.created_s;
        if (!good_id(c_.id)) fault("", "a model's id has 1 to 128 characters of a-z A-Z 0-9 . _ : / @ + -");
        m_.callable = !c_.priced_only;
        if (among(c_.modality, planned_modalities) && !c_.priced_only)
            fault("modality", fmt::format("'{}' is not in this version", c_.modality));
        else if (!among(c_.modality, built_modalities) && !c_.priced_only)
            fault("modality",
                  fmt::format("there is no modality '{}'{}", c_.modality, did_you_mean(c_.modality, built_modalities)));
        if (c_.context && c_.max_output > c_.context) fault("max_output", "is larger than context");
        set_tokenizer();
    }

    void set_tokenizer() {
        m_.tokenizer = guess_tokenizer(c_.id, m_.owned_by);
        if (c_.tokenizer.empty()) return;
        const auto at = std::find_if(std::begin(tokenizers), std::end(tokenizers),
                                     [&](const auto& t) { return t.first == c_.tokenizer; });
        if (at == std::end(tokenizers))
            fault("tokenizer", fmt::format("there is no tokenizer '{}'", c_.tokenizer));
        else
            m_.tokenizer = at->second;
    }

    void set_targets() {
        if (c_.targets.empty()) fault("targets", "at least one is needed: {provider: NAME, model: the provider's id}");
        if (c_.targets.size() > 64) fault("targets", "at most 64");
        for (size_t i = 0; i < c_.targets.size(); ++i) set_target(c_.targets[i], fmt::format("targets[{}]", i));
        std::stable_sort(m_.targets.begin(), m_.targets.end(),
                         [](const Target& a, const Target& b) { return a.priority < b.priority; });
    }

    void set_target(const TargetConfig& c, const std::string& at) {
        Target t{providers_.find(c.provider), c.model, c.priority, c.weight, {}, 0, {}};
        if (!t.provider)
            return fault(at + ".provider", fmt::format("no provider '{}' is configured{}", c.provider,
                                                       did_you_mean(c.provider, providers_.names())));
        if (c.model.empty() || c.model.size() > 256) return fault(at + ".model", "must have 1 to 256 characters");
        if (c.weight < 1 || c.weight > 1000) fault(at + ".weight", "must be 1 to 1000");
        if (c.priority < 0 || c.priority > 1000) fault(at + ".priority", "must be 0 to 1000");
        const auto* list = prices_.find(c.provider, c.model);
        if (!c.cost.empty() || list) {
            auto cost = price_card(c.cost.empty() ? *list : c.cost);
            if (cost)
                t.cost = *cost;
            else
                fault(at + ".cost." + cost.error().param(), cost.error().message());
        }
        t.quirks = t.provider->quirks;
        set_quirks(t.quirks, c.quirks, where_ + "." + at + ".quirks", faults_);
        t.breaker = breaker_of(*t.provider, t.model);
        m_.targets.push_back(std::move(t));
    }

    void own_price() {
        if (const auto missing = missing_price(c_.price); !missing.empty())
            return fault("price", missing + " is missing");
        auto card = price_card(c_.price);
        if (card)
            m_.price = *card;
        else
            fault("price." + card.error().param(), card.error().message());
    }

    void list_price() {
        std::vector<canon::PriceCard> cards;
        for (const auto& t : c_.targets) {
            const auto* list = prices_.find(t.provider, t.model);
            if (!list)
                return fault("price", fmt::format("has no price, and there is no list price of {} at {}: without one "
                                                  "nobody knows what to charge (a free model says \"0\")",
                                                  t.model, t.provider));
            if (const auto missing = missing_price(*list); !missing.empty())
                return fault("price", fmt::format("the list price at {} has no {}", t.provider, missing));
            if (auto card = price_card(*list)) cards.push_back(*std::move(card));
        }
        m_.price = dearest(cards);
    }

    std::string missing_price(const PriceConfig& price) const {
        if (price.contains("per_request") || c_.priced_only) return "";
        if (!price.contains("input_per_million")) return "input_per_million";
        return m_.modality == "text" && !price.contains("output_per_million") ? "output_per_million" : "";
    }

    const ModelConfig& c_;
    std::string where_;
    const ListPrices& prices_;
    const Providers& providers_;
    Faults& faults_;
    Model m_;
};
}  // namespace

Model make_model(const ModelConfig& config, const std::string& where, const ListPrices& prices,
                 const Providers& providers, Faults& faults, bool& from_list) {
    return Maker(config, where, prices, providers, faults).make(from_list);
}
}  // namespace aig::catalogue
