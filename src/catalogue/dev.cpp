#include "catalogue/dev.h"

#include <algorithm>
#include <string>

namespace aig::catalogue {
namespace {
constexpr auto openai_wire = "sim-openai";
constexpr auto anthropic_wire = "sim-anthropic";
constexpr auto responses_wire = "sim-responses";
constexpr auto completions_wire = "sim-completions";  ///< chats, and the legacy text completions
constexpr auto both_wires = "sim-openai-both";        ///< chats and Responses, as OpenAI itself
constexpr auto gemini_wire = "sim-gemini";

ProviderConfig provider(std::string name, std::string wire, std::string_view sim_url, std::string_view base = "/v1") {
    ProviderConfig p;
    p.name = std::move(name);
    p.wire = std::move(wire);
    p.base_url = std::string(sim_url).append(base);
    p.keys = {{"sim-key", 1}};
    p.proxy = "none";
    p.keys_rest = false;  // or one simulated 401 would take every model out of service
    return p;
}

/// What a row says in one line; prices in USD per million tokens.
struct TextRow {
    const char *id, *name, *provider, *model;
    int64_t context, max_output;
    const char *input, *cached, *output;
    std::vector<std::string> capabilities;
    int64_t created_s;
    std::vector<std::string> aliases;
};

ModelConfig text_model(const TextRow& r) {
    ModelConfig m;
    m.id = r.id;
    m.name = r.name;
    m.context = r.context;
    m.max_output = r.max_output;
    m.capabilities = r.capabilities;
    m.created_s = r.created_s;
    m.aliases = r.aliases;
    m.targets = {{r.provider, r.model, 0, 1, {}}};
    m.price = {
        {"input_per_million", r.input}, {"cached_input_per_million", r.cached}, {"output_per_million", r.output}};
    return m;
}

ModelConfig claude(TextRow r, const char* write_5m, const char* write_1h) {
    auto m = text_model(r);
    m.price["cache_write_per_million"] = write_5m;
    m.price["cache_write_1h_per_million"] = write_1h;
    return m;
}

ModelConfig embedding_model(const char* id, const char* name, const char* owner, int64_t context, const char* input,
                            TargetConfig target = {}) {
    ModelConfig m;
    m.id = id;
    m.name = name;
    m.owned_by = owner;
    m.modality = "embedding";
    m.context = context;
    if (target.provider.empty()) target = {openai_wire, id, 0, 1, {}};
    m.targets = {std::move(target)};
    m.price = {{"input_per_million", input}};
    return m;
}

/// No route serves images yet; estimates and price lists tell their price.
ModelConfig image_model(const char* id, const char* name, PriceConfig price) {
    ModelConfig m;
    m.id = id;
    m.name = name;
    m.modality = "image";
    m.listed = false;
    m.priced_only = true;
    m.targets = {{openai_wire, id, 0, 1, {}}};
    m.price = std::move(price);
    return m;
}

/// Callable, never listed.
ModelConfig hidden(std::string id, std::vector<TargetConfig> targets, PriceConfig price) {
    ModelConfig m;
    m.id = std::move(id);
    m.owned_by = "sim";
    m.context = 128'000;
    m.max_output = 8'192;
    m.listed = false;
    m.targets = std::move(targets);
    m.price = std::move(price);
    return m;
}

/// The simulated OpenAI's other wires, each behind a name of its own so that what is listed stays as it is.
void add_openai_wires(Config& config, std::string_view sim_url, const PriceConfig& tokens) {
    auto completions = provider(completions_wire, "openai-chat", sim_url);
    completions.quirks = {"completions"};
    auto both = provider(both_wires, "openai-chat", sim_url);
    both.also = {"openai-responses"};
    for (auto& p : {provider(responses_wire, "openai-responses", sim_url), completions, both})
        config.providers.push_back(p);
    auto responses = hidden("sim/responses", {{responses_wire, "gpt-5.4", 0, 1, {}}}, tokens);
    responses.capabilities = {"vision", "function_calling", "reasoning"};
    config.models->push_back(std::move(responses));
    config.models->push_back(hidden("sim/openai", {{both_wires, "gpt-5.4", 0, 1, {}}}, tokens));
    config.models->push_back(hidden("sim/instruct", {{completions_wire, "gpt-3.5-turbo-instruct", 0, 1, {}}}, tokens));
    const auto pattern = [&](std::string prefix, std::vector<TargetConfig> targets) {
        config.patterns.push_back({prefix, hidden(prefix, std::move(targets), tokens)});
    };
    pattern("fault-responses/", {{responses_wire, "fault/*", 0, 1, {}}});
    pattern("failover-responses/", {{responses_wire, "fault/*", 0, 1, {}}, {openai_wire, "gpt-5.4", 1, 1, {}}});
    pattern("fault-completions/", {{completions_wire, "fault/*", 0, 1, {}}});
}

std::vector<ModelConfig> listed_models() {
    const std::vector<std::string> all{"vision", "audio", "function_calling", "reasoning"},
        sees{"vision", "function_calling", "reasoning"}, calls{"function_calling"};
    return {
        text_model({"openai/gpt-5.4",
                    "GPT-5.4",
                    openai_wire,
                    "gpt-5.4",
                    400'000,
                    128'000,
                    "1.25",
                    "0.125",
                    "10",
                    all,
                    1'772'668'800,
                    {}}),
        text_model({"openai/gpt-5.5",
                    "GPT-5.5",
                    openai_wire,
                    "gpt-5.5",
                    400'000,
                    128'000,
                    "5",
                    "0.5",
                    "30",
                    all,
                    1'776'902'400,
                    {}}),
        claude({"anthropic/claude-opus-4.7",
                "Claude Opus 4.7",
                anthropic_wire,
                "claude-opus-4-7",
                200'000,
                64'000,
                "5",
                "0.5",
                "25",
                sees,
                1'776'297'600,
                {"claude-opus-4-7"}},
               "6.25", "10"),
        claude({"anthropic/claude-sonnet-4.6",
                "Claude Sonnet 4.6",
                anthropic_wire,
                "claude-sonnet-4-6",
                200'000,
                64'000,
                "3",
                "0.3",
                "15",
                sees,
                1'771'286'400,
                {"claude-sonnet-4-6"}},
               "3.75", "6"),
        text_model({"moonshot/kimi-k2.6",
                    "Kimi K2.6",
                    anthropic_wire,
                    "kimi-k2.6",
                    262'144,
                    32'768,
                    "0.95",
                    "0.16",
                    "4",
                    sees,
                    1'776'729'600,
                    {}}),
        text_model({"llama-3.1-70b",
                    "Llama 3.1 70B",
                    openai_wire,
                    "llama-3.1-70b",
                    131'072,
                    16'384,
                    "0.6",
                    "0.6",
                    "0.6",
                    calls,
                    1'721'692'800,
                    {}}),
        text_model({"google/gemini-2.5-flash",
                    "Gemini 2.5 Flash",
                    gemini_wire,
                    "gemini-2.5-flash",
                    1'048'576,
                    65'536,
                    "0.3",
                    "0.03",
                    "2.5",
                    all,
                    1'750'118'400,
                    {}}),
        // Its images are output tokens, 1,290 each, and priced as such.
        text_model({"google/gemini-2.5-flash-image",
                    "Gemini 2.5 Flash Image",
                    gemini_wire,
                    "gemini-2.5-flash-image",
                    32'768,
                    32'768,
                    "0.3",
                    "0.03",
                    "30",
                    {"vision", "image_output"},
                    1'759'363'200,
                    {}}),
        embedding_model("google/gemini-embedding-001", "Gemini Embedding 001", "google", 2'048, "0.15",
                        {gemini_wire, "gemini-embedding-001", 0, 1, {}}),
        embedding_model("google/text-embedding-004", "Text Embedding 004", "google", 2'048, "0.025"),
        image_model("google/gemini-3.1-flash-image-preview", "Gemini 3.1 Flash Image",
                    {{"per_image", "0.04"}, {"images.2K", "0.08"}, {"images.4K", "0.16"}}),
        embedding_model("baai/bge-m3", "BGE M3", "baai", 8'192, "0.01"),
        embedding_model("nomic-embed-text", "Nomic Embed Text", "nomic", 8'192, "0.02"),
    };
}
}  // namespace

Config dev_config(std::string_view sim_url) {
    while (sim_url.ends_with('/')) sim_url.remove_suffix(1);
    Config config;
    config.providers = {provider(openai_wire, "openai-chat", sim_url), provider(anthropic_wire, "anthropic", sim_url),
                        provider(gemini_wire, "gemini", sim_url, "/v1beta")};
    auto models = listed_models();
    const PriceConfig per_request{{"per_request", "0.01"}},
        tokens{{"input_per_million", "1"}, {"output_per_million", "4"}};
    models.push_back(hidden("sim/per-request", {{openai_wire, "sim/per-request", 0, 1, {}}}, per_request));
    models.push_back(
        hidden("sim/per-request-anthropic", {{anthropic_wire, "sim/per-request-anthropic", 0, 1, {}}}, per_request));
    models.push_back(
        hidden("sim/per-request-gemini", {{gemini_wire, "sim/per-request-gemini", 0, 1, {}}}, per_request));
    // A model that refuses calls which come back without their signature.
    models.push_back(hidden("sim/gemini-3", {{gemini_wire, "gemini-3-pro", 0, 1, {}}}, tokens));
    config.models = std::move(models);
    add_openai_wires(config, sim_url, tokens);
    const auto pattern = [&](std::string prefix, std::vector<TargetConfig> targets) {
        config.patterns.push_back({prefix, hidden(prefix, std::move(targets), tokens)});
    };
    pattern("fault/", {{openai_wire, "fault/*", 0, 1, {}}});
    pattern("fault-anthropic/", {{anthropic_wire, "fault/*", 0, 1, {}}});
    pattern("fault-gemini/", {{gemini_wire, "fault/*", 0, 1, {}}});
    pattern("failover-gemini/", {{gemini_wire, "fault/*", 0, 1, {}}, {openai_wire, "gpt-5.4", 1, 1, {}}});
    pattern("failover/", {{openai_wire, "fault/*", 0, 1, {}}, {anthropic_wire, "claude-sonnet-4-6", 1, 1, {}}});
    pattern("failover-anthropic/", {{anthropic_wire, "fault/*", 0, 1, {}}, {openai_wire, "gpt-5.4", 1, 1, {}}});
    add_dev_wires(config, sim_url);
    return config;
}

Config dev_config_with(Config file, std::string_view sim_url) {
    auto dev = dev_config(sim_url);
    const auto named = [](const auto& list, const std::string& name, auto member) {
        return std::any_of(list.begin(), list.end(), [&](const auto& row) { return row.*member == name; });
    };
    for (auto& p : dev.providers)
        if (!named(file.providers, p.name, &ProviderConfig::name)) file.providers.push_back(std::move(p));
    file.known_too = !file.models;
    if (!file.models) file.models.emplace();
    for (auto& m : *dev.models)
        if (!named(*file.models, m.id, &ModelConfig::id) && !file.aliases.contains(m.id))
            file.models->push_back(std::move(m));
    file.patterns = std::move(dev.patterns);
    return file;
}
}  // namespace aig::catalogue
