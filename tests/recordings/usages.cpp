// Every usage object of every recorded reply, brought into normal form: nothing is lost, nothing is counted twice,
// nothing is negative. uncached + read + write = the provider's own input, output + reasoning its own output, and where
// it gives a total, that too.
#include <functional>
#include <map>

#include "canon/usage_shapes.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {
/// Each object with a member `name` anywhere below.
void find(JsonRef at, std::string_view name, const std::function<void(JsonRef)>& see) {
    if (at.is_object())
        if (const auto v = at[name]; v.is_object()) see(v);
    if (at.is_object() || at.is_array())
        for (const auto child : at) find(child, name, see);
}

/// The JSON of a reply: whole, or each event of a stream.
void each_json(const Recording& r, const std::function<void(JsonRef)>& see) {
    if (const auto whole = JsonDoc::parse(r.response)) return see(whole->root());
    std::string_view rest = r.response;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.starts_with("data:")) line.remove_prefix(5);
        if (const auto event = JsonDoc::parse(line)) see(event->root());
    }
}

int64_t n(JsonRef v) { return v.integer().value_or(0); }

struct Shape {
    std::vector<std::string> files;
    std::string_view member;
    std::optional<Usage> (*read)(JsonRef);
    int64_t (*input)(JsonRef);
    int64_t (*output)(JsonRef);
    std::string_view total;
    int least;
};
}  // namespace

TEST(RecordedUsages, add_up_to_what_the_provider_counted) {
    AIG_NEED_RECORDINGS("openai_responses");
    const Shape shapes[] = {
        {{"openai_responses", "azure_openai_responses", "xai_responses", "openrouter_responses", "deepseek_responses",
          "bedrock_openai_responses", "openai_compat_responses", "copilot_responses", "chatgpt_codex_responses"},
         "usage",
         responses_usage,
         [](JsonRef u) { return n(u["input_tokens"]); },
         [](JsonRef u) { return n(u["output_tokens"]); },
         "total_tokens",
         500},
        {{"gemini_generate", "vertex_generate"},
         "usageMetadata",
         gemini_usage,
         [](JsonRef u) { return n(u["promptTokenCount"]) + n(u["toolUsePromptTokenCount"]); },
         [](JsonRef u) { return n(u["candidatesTokenCount"]) + n(u["thoughtsTokenCount"]); },
         "totalTokenCount",
         800},
        {{"bedrock_converse"},
         "usage",
         bedrock_usage,
         [](JsonRef u) { return n(u["inputTokens"]) + n(u["cacheReadInputTokens"]) + n(u["cacheWriteInputTokens"]); },
         [](JsonRef u) { return n(u["outputTokens"]); },
         "totalTokens",
         100}};
    for (const auto& shape : shapes) {
        int seen = 0, cached = 0, reasoned = 0, other_total = 0;
        for (const auto& file : shape.files)
            recordings::each(file, [&](const Recording& r) {
                if (r.base64) return;
                each_json(r, [&](JsonRef root) {
                    find(root, shape.member, [&](JsonRef u) {
                        const auto usage = shape.read(u);
                        if (!usage) return;
                        ++seen;
                        SCOPED_TRACE(file + " " + r.id + " " + std::string(u.raw()));
                        for (const int64_t units : usage->units) EXPECT_GE(units, 0);
                        EXPECT_EQ(usage->input_total(), shape.input(u));
                        EXPECT_EQ(usage->output_total(), shape.output(u));
                        const int64_t total = n(u[shape.total]);
                        other_total += total && total != usage->input_total() + usage->output_total();
                        cached += (*usage)[Component::cached_input] > 0;
                        reasoned += (*usage)[Component::reasoning] > 0;
                    });
                });
            });
        std::printf("[          ] %s: %d usages, %d with cached input, %d with reasoning, %d with a total of its own\n",
                    shape.files[0].c_str(), seen, cached, reasoned, other_total);
        EXPECT_GE(seen, shape.least);
        EXPECT_LE(other_total * 50, seen) << "the provider's total is another sum";
    }
}
