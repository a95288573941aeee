// Caller's request x wire -> what goes out, with its losses, for the wires beside OpenAI's and Anthropic's. The
// requests are those of inputs/anthropic_requests/ (OpenAI chats); a snapshot holds all of one wire.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "dialect/openai_chat/openai_chat.h"
#include "golden.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Target {
    std::string_view snapshot, wire;
    WireTarget target;
};
const Target targets[] = {
    {"bedrock_claude", "bedrock", {"us.anthropic.claude-sonnet-4-5-v1:0", 64000, {}}},
    {"bedrock_nova", "bedrock", {"amazon.nova-pro-v1:0", 5000, {.no_output_format = true}}},
    {"bedrock_invoke", "bedrock-invoke", {"us.anthropic.claude-sonnet-4-5-v1:0", 64000, {}}},
    {"vertex_anthropic", "vertex-anthropic", {"claude-sonnet-4-5@20250929", 64000, {}}},
    {"cohere", "cohere", {"command-a-03-2025", 8000, {}}},
    {"mistral", "mistral", {"mistral-large-latest", 8000, {}}},
    {"ollama", "ollama", {"qwen3:4b", 8000, {}}},
};

std::vector<std::filesystem::path> inputs() {
    std::vector<std::filesystem::path> files;
    const std::string folder = std::string(AIG_SOURCE_DIR) + "/tests/golden/inputs/anthropic_requests";
    for (const auto& f : std::filesystem::directory_iterator(folder)) files.push_back(f.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::string one(const Target& t, const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream body;
    body << in.rdbuf();
    std::string out = fmt::format("=== {}\n", file.stem().string());
    const auto request = dialect::openai::OpenAiChat().parse({Operation::chat, body.str()});
    if (!request) return out + "the input is no request: " + request.error().message() + "\n";
    Losses losses;
    const auto r = provider::wire(t.wire)->encode(*request, t.target, losses);
    if (!r)
        return out +
               fmt::format("refused: {} ({}): {}\n", r.error().row().name, r.error().param(), r.error().message());
    for (const auto& loss : losses) out += fmt::format("loss: {}\n", loss);
    return out + r->path + "\n" + golden::pretty(r->body);
}

}  // namespace

TEST(Golden, wire_requests) {
    const auto files = inputs();
    EXPECT_GE(files.size(), 12u);
    for (const Target& t : targets) {
        std::string text;
        for (const auto& file : files) text += one(t, file);
        golden::expect_golden("wire_" + std::string(t.snapshot), text);
    }
}
