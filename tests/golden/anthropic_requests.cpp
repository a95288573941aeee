// Caller's request x target -> what goes to Anthropic, with its losses. Each file in inputs/anthropic_requests/ is one
// OpenAI chat request; its name says what it guards. Targets are the generations of Claude models, as quirks.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "dialect/openai_chat/openai_chat.h"
#include "golden.h"
#include "provider/anthropic/anthropic.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Target {
    std::string_view name;
    WireTarget target;
};
const std::array targets{
    Target{"sonnet-4.5", {"claude-sonnet-4-5", 64000, {}}},
    Target{"haiku-3 (no output_config)", {"claude-3-haiku", 4096, {.no_output_format = true}}},
    Target{"opus-4.8 (adaptive, no sampling, system in messages)",
           {"claude-opus-4-8", 128000, {.adaptive_thinking = true, .no_sampling = true, .system_in_messages = true}}},
};

std::string one(const Target& t, const Request& request) {
    Losses losses;
    auto r = provider::anthropic_wire().encode(request, t.target, losses);
    std::string out = fmt::format("=== {}\n", t.name);
    if (!r)
        return out +
               fmt::format("refused: {} ({}): {}\n", r.error().row().name, r.error().param(), r.error().message());
    for (const auto& loss : losses) out += fmt::format("loss: {}\n", loss);
    return out + golden::pretty(r->body);
}

}  // namespace

TEST(Golden, anthropic_requests) {
    const std::filesystem::path folder = std::string(AIG_SOURCE_DIR) + "/tests/golden/inputs/anthropic_requests";
    std::vector<std::filesystem::path> files;
    for (const auto& f : std::filesystem::directory_iterator(folder)) files.push_back(f.path());
    std::sort(files.begin(), files.end());
    EXPECT_GE(files.size(), 12u);
    for (const auto& file : files) {
        std::ifstream in(file);
        std::ostringstream body;
        body << in.rdbuf();
        auto request = dialect::openai::OpenAiChat().parse({Operation::chat, body.str()});
        ASSERT_TRUE(request.ok()) << file << request.error().message();
        std::string text;
        for (const Target& t : targets) text += one(t, *request);
        golden::expect_golden("anthropic_" + file.stem().string(), text);
    }
}
