// The simulated provider's other wires in the `aig dev` catalogue: callable, never listed. Their names say the wire:
// sim/bedrock, and fault-bedrock/NAME for its faults.
#include <array>
#include <string>

#include "catalogue/dev.h"

namespace aig::catalogue {
namespace {

struct Row {
    std::string_view
        name;  ///< of the model behind "sim/", of the provider behind "sim-", of the faults behind "fault-"
    std::string_view wire;
    std::string_view base;   ///< behind the simulator's address
    std::string_view model;  ///< the simulator's id of it
};
constexpr std::array<Row, 7> rows{{
    {"bedrock", "bedrock", "", "us.anthropic.claude-sonnet-4-5-v1:0"},
    {"bedrock-signed", "bedrock", "", "us.anthropic.claude-sonnet-4-5-v1:0"},
    {"bedrock-invoke", "bedrock-invoke", "", "us.anthropic.claude-sonnet-4-5-v1:0"},
    {"vertex-anthropic", "vertex-anthropic", "/v1/projects/p/locations/global/publishers/anthropic",
     "claude-sonnet-4-5@20250929"},
    {"cohere", "cohere", "/v2", "command-a-03-2025"},
    {"mistral", "mistral", "/mistral/v1", "mistral-large-latest"},
    {"ollama", "ollama", "", "qwen3:4b"},
}};

ProviderConfig provider(const Row& row, std::string_view sim_url) {
    ProviderConfig p;
    p.name = "sim-" + std::string(row.name);
    p.wire = row.wire;
    p.base_url = std::string(sim_url).append(row.base);
    p.proxy = "none";
    p.keys_rest = false;
    p.keys = {{"sim-key", 1}};
    if (row.name != "bedrock-signed") return p;
    p.region = "us-east-1";
    p.keys = {{"sim-secret-key/of+Amazon", 1, "AKIASIMULATED", {}}};
    return p;
}

ModelConfig hidden(std::string id, std::string modality, TargetConfig target) {
    ModelConfig m;
    m.id = std::move(id);
    m.owned_by = "sim";
    m.modality = std::move(modality);
    m.context = 128'000;
    m.max_output = m.modality == "text" ? 8'192 : 0;
    m.listed = false;
    m.targets = {std::move(target)};
    m.price = {{"input_per_million", "1"}, {"output_per_million", "4"}};
    return m;
}

}  // namespace

void add_dev_wires(Config& config, std::string_view sim_url) {
    for (const Row& row : rows) {
        config.providers.push_back(provider(row, sim_url));
        const std::string name = config.providers.back().name;
        config.models->push_back(
            hidden("sim/" + std::string(row.name), "text", {name, std::string(row.model), 0, 1, {}}));
        if (row.wire == "cohere" || row.wire == "ollama")
            config.models->push_back(
                hidden("sim/" + std::string(row.name) + "-embed", "embedding", {name, "nomic-embed-text", 0, 1, {}}));
        const std::string prefix = "fault-" + std::string(row.name) + "/";
        config.patterns.push_back({prefix, hidden(prefix, "text", {name, "fault/*", 0, 1, {}})});
    }
}

}  // namespace aig::catalogue
