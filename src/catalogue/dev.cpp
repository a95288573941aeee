#include "catalogue/dev.h"

#include <string>

namespace aig::catalogue {
namespace {
constexpr auto openai_wire = "sim-openai";
constexpr auto anthropic_wire = "sim-anthropic";

ProviderConfig provider(std::string name, std::string wire, std::string_view sim_url) {
    ProviderConfig p;
    p.name = std::move(name);
    p.wire = std::move(wire);
    p.base_url = std::string(sim_url) + "/v1";
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

ModelConfig embedding_model(const char* id, const char* name, const char* owner, int64_t context, const char* input) {
    ModelConfig m;
    m.id = id;
    m.name = name;
    m.owned_by = owner;
    m.modality = "embedding";
    m.context = context;
    m.targets = {{openai_wire, id, 0, 1, {}}};
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
                    openai_wire,
                    "gemini-2.5-flash",
                    1'048'576,
                    65'536,
                    "0.3",
                    "0.03",
                    "2.5",
                    all,
                    1'750'118'400,
                    {}}),
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
    config.providers = {provider(openai_wire, "openai-chat", sim_url), provider(anthropic_wire, "anthropic", sim_url)};
    auto models = listed_models();
    const PriceConfig per_request{{"per_request", "0.01"}},
        tokens{{"input_per_million", "1"}, {"output_per_million", "4"}};
    models.push_back(hidden("sim/per-request", {{openai_wire, "sim/per-request", 0, 1, {}}}, per_request));
    models.push_back(
        hidden("sim/per-request-anthropic", {{anthropic_wire, "sim/per-request-anthropic", 0, 1, {}}}, per_request));
    config.models = std::move(models);
    const auto pattern = [&](std::string prefix, std::vector<TargetConfig> targets) {
        config.patterns.push_back({prefix, hidden(prefix, std::move(targets), tokens)});
    };
    pattern("fault/", {{openai_wire, "fault/*", 0, 1, {}}});
    pattern("fault-anthropic/", {{anthropic_wire, "fault/*", 0, 1, {}}});
    pattern("failover/", {{openai_wire, "fault/*", 0, 1, {}}, {anthropic_wire, "claude-sonnet-4-6", 1, 1, {}}});
    pattern("failover-anthropic/", {{anthropic_wire, "fault/*", 0, 1, {}}, {openai_wire, "gpt-5.4", 1, 1, {}}});
    add_dev_wires(config, sim_url);
    return config;
}
}  // namespace aig::catalogue
