#include "catalogue/price_import.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "base/money.h"
#include "catalogue/build.h"

namespace aig::catalogue {
namespace {

/// Their name of a provider, what their ids begin with, and our name.
struct ProviderName {
    std::string_view theirs, prefix, ours;
};
constexpr ProviderName litellm_names[] = {{"openai", "", "openai"},
                                          {"text-completion-openai", "", "openai"},
                                          {"anthropic", "", "anthropic"},
                                          {"gemini", "gemini/", "google"},
                                          {"mistral", "mistral/", "mistral"},
                                          {"xai", "xai/", "xai"},
                                          {"deepseek", "deepseek/", "deepseek"},
                                          {"groq", "groq/", "groq"},
                                          {"together_ai", "together_ai/", "together"},
                                          {"fireworks_ai", "fireworks_ai/", "fireworks"},
                                          {"cerebras", "cerebras/", "cerebras"},
                                          {"moonshot", "moonshot/", "moonshot"},
                                          {"perplexity", "perplexity/", "perplexity"},
                                          {"openrouter", "openrouter/", "openrouter"},
                                          {"sambanova", "sambanova/", "sambanova"},
                                          {"cohere", "", "cohere"},
                                          {"cohere_chat", "", "cohere"}};
constexpr ProviderName models_dev_names[] = {{"openai", "", "openai"},
                                             {"anthropic", "", "anthropic"},
                                             {"google", "", "google"},
                                             {"mistral", "", "mistral"},
                                             {"xai", "", "xai"},
                                             {"deepseek", "", "deepseek"},
                                             {"groq", "", "groq"},
                                             {"togetherai", "", "together"},
                                             {"fireworks-ai", "", "fireworks"},
                                             {"cerebras", "", "cerebras"},
                                             {"moonshotai", "", "moonshot"},
                                             {"perplexity", "", "perplexity"},
                                             {"openrouter", "", "openrouter"},
                                             {"cohere", "", "cohere"}};

/// Their key, ours, and how many decimal places ours has fewer: 6 from a token to a million of them.
struct Key {
    std::string_view theirs, ours;
    int places;  ///< at which theirs is a whole number of pico-USD
    int shift;
};
constexpr Key litellm_keys[] = {{"input_cost_per_token", "input_per_million", 12, 6},
                                {"output_cost_per_token", "output_per_million", 12, 6},
                                {"cache_read_input_token_cost", "cached_input_per_million", 12, 6},
                                {"cache_creation_input_token_cost", "cache_write_per_million", 12, 6},
                                {"cache_creation_input_token_cost_above_1hr", "cache_write_1h_per_million", 12, 6},
                                {"output_cost_per_reasoning_token", "reasoning_per_million", 12, 6},
                                {"input_cost_per_character", "per_1k_characters", 12, 3},
                                {"input_cost_per_second", "per_second", 12, 0},
                                {"output_cost_per_image", "per_image", 12, 0},
                                {"ocr_cost_per_page", "per_page", 12, 0},
                                {"input_cost_per_request", "per_request", 12, 0}};
constexpr Key models_dev_keys[] = {{"input", "input_per_million", 6, 0},
                                   {"output", "output_per_million", 6, 0},
                                   {"cache_read", "cached_input_per_million", 6, 0},
                                   {"cache_write", "cache_write_per_million", 6, 0},
                                   {"reasoning", "reasoning_per_million", 6, 0}};

const Key* find_key(std::span<const Key> keys, std::string_view name) {
    for (const auto& k : keys)
        if (k.theirs == name) return &k;
    return nullptr;
}

class Reader {
  public:
    Imported take() && { return std::move(out_); }

    void litellm(JsonRef root) {
        for (const auto row : root) {
            const auto provider = row["litellm_provider"].text();
            for (const auto& n : litellm_names)
                if (n.theirs == provider && row.key().starts_with(n.prefix))
                    litellm_row(n.ours, row.key().substr(n.prefix.size()), row);
        }
    }
    void models_dev(JsonRef root) {
        for (const auto& n : models_dev_names)
            for (const auto row : root[n.theirs]["models"])
                if (const auto cost = row["cost"]; cost.is_object()) models_dev_row(n.ours, row.key(), cost);
    }

  private:
    void litellm_row(std::string_view provider, std::string_view model, JsonRef row) {
        PriceConfig price;
        std::string why;
        for (const auto member : row) {
            const auto name = member.key();
            if (const auto* k = find_key(litellm_keys, name)) {
                put(price, std::string(k->ours), *k, member, why);
            } else if (const auto at = name.find("_above_"); at != std::string_view::npos) {
                const auto* tier = find_key(litellm_keys, name.substr(0, at));
                const auto tokens = thousands(name.substr(at + 7));
                if (tier && tokens) put(price, fmt::format("above.{}.{}", tokens, tier->ours), *tier, member, why);
            }
        }
        add(provider, model, std::move(price), std::move(why));
    }

    void models_dev_row(std::string_view provider, std::string_view model, JsonRef cost) {
        PriceConfig price;
        std::string why;
        for (const auto member : cost)
            if (const auto* k = find_key(models_dev_keys, member.key()))
                put(price, std::string(k->ours), *k, member, why);
        for (const auto tier : cost["tiers"])
            for (const auto member : tier)
                if (const auto* k = find_key(models_dev_keys, member.key()))
                    put(price, fmt::format("above.{}.{}", tier["tier"]["size"].integer().value_or(0), k->ours), *k,
                        member, why);
        add(provider, model, std::move(price), std::move(why));
    }

    /// "272k_tokens" -> 272000; anything else 0.
    static int64_t thousands(std::string_view text) {
        int64_t n = 0;
        const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
        const auto rest = text.substr(static_cast<size_t>(end - text.data()));
        return bad == std::errc{} && rest == "k_tokens" && n > 0 && n <= 100'000 ? n * 1000 : 0;
    }

    static void put(PriceConfig& price, std::string ours, const Key& key, JsonRef value, std::string& why) {
        if (value.is_null()) return;
        const auto pico = parse_decimal(value.raw(), key.places, key.theirs);
        if (!pico)
            why = pico.error().message();
        else
            price[std::move(ours)] = decimal(*pico, key.places - key.shift);
    }

    void add(std::string_view provider, std::string_view model, PriceConfig price, std::string why) {
        if (why.empty() && price.empty()) return;  // sold by something we have no component for
        if (why.empty())
            if (const auto card = price_card(price); !card) why = card.error().message();
        if (!why.empty())
            out_.left_out.push_back(fmt::format("{} {}: {}", provider, model, why));
        else
            out_.facts.rows[std::string(provider)].emplace(model, std::move(price));
    }

    Imported out_;
};

bool essential(std::string_view key) {
    return key == "input_per_million" || key == "output_per_million" || key == "per_request";
}

bool same(std::string_view a, std::string_view b) {
    return parse_decimal(a, 12, "").value_or(-1) == parse_decimal(b, 12, "").value_or(-2);
}

bool compare(const std::string& provider, const std::string& model, const PriceConfig& a, const PriceConfig& b,
             std::vector<PriceDifference>& out) {
    const size_t before = out.size();
    for (const auto& [key, ours] : a) {
        const auto it = b.find(key);
        if (it == b.end() ? essential(key) : !same(it->second, ours))
            out.push_back({provider, model, key, ours, it == b.end() ? "" : it->second});
    }
    for (const auto& [key, theirs] : b)
        if (essential(key) && !a.contains(key)) out.push_back({provider, model, key, "", theirs});
    return out.size() == before;
}
}  // namespace

std::optional<PriceFormat> price_format_named(std::string_view name) {
    if (name == "litellm") return PriceFormat::litellm;
    if (name == "models.dev") return PriceFormat::models_dev;
    if (name == "aig") return PriceFormat::ours;
    return std::nullopt;
}

Result<Imported> import_prices(std::string_view text, PriceFormat format, std::string_view date) {
    if (format == PriceFormat::ours) {
        Imported same;
        TRY(same.facts, parse_price_facts(text, "the file"));
        return same;
    }
    auto doc = JsonDoc::parse(text);
    if (!doc) return Error(ErrorCode::bad_json, "the file is not JSON: " + doc.error().message());
    Reader reader;
    if (format == PriceFormat::litellm)
        reader.litellm(doc->root());
    else
        reader.models_dev(doc->root());
    auto out = std::move(reader).take();
    out.facts.date = date;
    if (!out.facts.count())
        return Error(ErrorCode::bad_param, "no price of a provider we know is in the file; is --format right?")
            .param("format");
    return out;
}

PriceDiff diff_prices(const PriceFacts& ours, const PriceFacts& theirs) {
    PriceDiff d;
    for (const auto& [provider, models] : ours.rows) {
        for (const auto& [model, price] : models) {
            const auto* other = theirs.find(provider, model);
            if (!other) {
                d.unknown_to_them.push_back(provider + " " + model);
                continue;
            }
            ++d.compared;
            d.same += compare(provider, model, price, *other, d.differences);
        }
        if (const auto p = theirs.rows.find(provider); p != theirs.rows.end())
            for (const auto& [model, price] : p->second)
                if (!models.contains(model)) d.unknown_to_us.push_back(provider + " " + model);
    }
    return d;
}
}  // namespace aig::catalogue
