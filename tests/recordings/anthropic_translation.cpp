// An oracle nobody here wrote: cases given both as an OpenAI chat request and as an Anthropic one
// (parallel_cases.jsonl). Ours, made from the first, must mean the same as the second, but for a written list of
// differences.
#include <fmt/format.h>

#include <map>
#include <set>

#include "dialect/openai_chat/openai_chat.h"
#include "openai_chats.h"
#include "provider/anthropic/anthropic.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;

namespace {

/// Why a member may differ. By case, "*" for all; by member of the request.
const std::map<std::pair<std::string, std::string>, std::string> accepted{
    {{"*", "model"}, "each side names its own model"},
    {{"*", "max_tokens"},
     "required here: where the chat request has none, the oracle's author chose one (1024, 16000, 20000)"},
    {{"chatCompletionsAssistantCacheControlParam", "messages"},
     "the oracle's cache mark has a ttl that the chat request does not ask for"},
    {{"chatCompletionsSystemCacheControlParam", "system"}, "the same"},
    {{"multimodalRequest", "messages"}, "the oracle's author fetched the image; we let the provider fetch the URL"},
    {{"reasoningEffortLowParam", "thinking"},
     "effort without thinking would not reason; we switch adaptive thinking on"},
    {{"reasoningSummaryParam", "thinking"}, "the same"},
    {{"simpleRequest", "thinking"}, "the chat side asks for effort, the oracle's author left it out"},
    {{"simpleRequest", "output_config"}, "the same"},
    {{"parallelToolCallsDisabledParam", "messages"}, "the two prompts are worded differently"},
    {{"parallelToolCallsDisabledParam", "tools"}, "the chat side has strict and additionalProperties, the oracle not"},
    {{"serviceTierParam", "service_tier"},
     "OpenAI's default is the standard tier; the oracle says auto, which may be the priority tier"},
};

/// Members in a form that compares by meaning: order of names, text as one block, neighbours of one role.
std::string canonical(JsonRef v);
std::string blocks_of(JsonRef content) {
    if (!content.is_string()) {
        std::string out;
        for (const JsonRef b : content) out += canonical(b) + ";";
        return out;
    }
    return fmt::format("{{\"text\":{},\"type\":\"text\",}};", json_string(content.text()));
}
std::string canonical(JsonRef v) {
    if (v.is_array()) {
        std::string out = "[";
        for (const JsonRef e : v) out += canonical(e) + ",";
        return out + "]";
    }
    if (!v.is_object()) return v.is_string() ? json_string(v.text()) : std::string(v.raw());
    std::map<std::string, std::string> members;
    for (const JsonRef m : v) {
        const std::string name(m.key());
        if (name == "caller") continue;  // {"type":"direct"} is what a call has anyway
        members[name] = name == "content" ? blocks_of(m) : canonical(m);
    }
    std::string out = "{";
    for (const auto& [name, value] : members) out += fmt::format("\"{}\":{},", name, value);
    return out + "}";
}
std::string messages(JsonRef list) {
    std::string out, role;
    for (const JsonRef m : list) {
        if (role != m["role"].text()) out += fmt::format("\n{}: ", m["role"].text());
        role = m["role"].text();
        out += blocks_of(m["content"]);
    }
    return out;
}
std::map<std::string, std::string> meaning(JsonRef request) {
    std::map<std::string, std::string> out;
    for (const JsonRef m : request) {
        const std::string name(m.key());
        out[name] = name == "messages" ? messages(m) : name == "system" ? blocks_of(m) : canonical(m);
    }
    return out;
}

}  // namespace

TEST(AnthropicTranslation, agrees_with_the_oracle) {
    AIG_NEED_RECORDINGS("parallel_cases");
    int compared = 0;
    std::set<std::pair<std::string, std::string>> used;
    recordings::each_line("parallel_cases", [&](JsonRef line) {
        const JsonRef chat = line["formats"]["chat-completions"]["request"],
                      oracle = line["formats"]["anthropic"]["request"];
        if (!chat || !oracle) return;
        const std::string name(line["case"].text());
        auto request = dialect::openai::OpenAiChat().parse({Operation::chat, chat.raw()});
        ASSERT_TRUE(request.ok()) << name;
        Losses losses;
        // Effort means adaptive thinking on the oracle's model for those cases.
        auto ours =
            provider::anthropic_wire().encode(*request, WireTarget{"m", 0, {.adaptive_thinking = true}}, losses);
        ASSERT_TRUE(ours.ok()) << name << ours.error().message();
        auto doc = JsonDoc::parse(ours->body);
        ASSERT_TRUE(doc.ok());
        auto a = meaning(doc->root()), b = meaning(oracle);
        std::set<std::string> members;
        for (const auto& [m, v] : a) members.insert(m);
        for (const auto& [m, v] : b) members.insert(m);
        for (const auto& m : members) {
            if (a[m] == b[m]) continue;
            bool known = false;
            for (const auto& who : {name, std::string("*")})
                if (accepted.count({who, m})) {
                    known = true;
                    used.insert({who, m});
                }
            EXPECT_TRUE(known) << name << "." << m << "\n  ours:   " << a[m].substr(0, 600)
                               << "\n  oracle: " << b[m].substr(0, 600);
        }
        // What the chat request says about the length must be kept.
        if (chat["max_completion_tokens"]) {
            EXPECT_EQ(a["max_tokens"], chat["max_completion_tokens"].raw());
        }
        ++compared;
    });
    EXPECT_GE(compared, 17);
    for (const auto& [key, why] : accepted)
        EXPECT_TRUE(used.count(key)) << "no longer a difference: " << key.first << "." << key.second << " (" << why
                                     << ")";
}

/// What the API checks before it reads a word: our requests never fail on it.
static void expect_well_formed(JsonRef q, const std::string& id) {
    EXPECT_GT(q["max_tokens"].integer().value_or(0), 0) << id;
    const JsonRef thinking = q["thinking"];
    if (thinking["budget_tokens"]) {
        EXPECT_GE(thinking["budget_tokens"].integer().value_or(0), 1024) << id;
        EXPECT_LT(thinking["budget_tokens"].integer().value_or(0), q["max_tokens"].integer().value_or(0)) << id;
    }
    EXPECT_GT(q["messages"].size(), 0u) << id;
    std::string last;
    for (const JsonRef m : q["messages"]) {
        EXPECT_NE(m["role"].text(), last) << id;
        last = m["role"].text();
        EXPECT_GT(m["content"].size(), 0u) << id;
        bool others = false;
        for (const JsonRef b : m["content"]) {
            const auto type = b["type"].text();
            if (type == "text") {
                EXPECT_NE(b["text"].text().find_first_not_of(" \t\r\n"), std::string_view::npos) << id;
            }
            if (type == "tool_use") {
                EXPECT_TRUE(b["input"].is_object()) << id;
            }
            if (type == "tool_result") {
                EXPECT_FALSE(others) << id << ": a result behind other blocks";
            }
            if (type != "tool_result") others = true;
        }
    }
    for (const JsonRef t : q["tools"]) {
        EXPECT_EQ(t["input_schema"]["type"].raw(), "\"object\"") << id << " " << t.raw();
    }
}

TEST(AnthropicTranslation, every_recorded_chat_is_said_or_refused_by_name) {
    AIG_NEED_RECORDINGS("openai_chat");
    const dialect::openai::OpenAiChat chat;
    std::map<std::string, int> refused;
    int said = 0;
    for (const auto& r : recordings::openai_chats()) {
        if (!chat.peek({Operation::chat, r.request})) continue;
        auto request = chat.parse({Operation::chat, r.request});
        ASSERT_TRUE(request.ok()) << r.id;
        for (const Quirks& quirks :
             {Quirks{}, Quirks{.no_output_format = true},
              Quirks{.adaptive_thinking = true, .no_sampling = true, .system_in_messages = true}}) {
            Losses losses;
            auto ours = provider::anthropic_wire().encode(*request, WireTarget{"claude", 0, quirks}, losses);
            if (!ours) {
                EXPECT_FALSE(ours.error().param().empty()) << ours.error().message();
                ++refused[std::string(ours.error().row().name)];
                continue;
            }
            auto doc = JsonDoc::parse(ours->body);
            ASSERT_TRUE(doc.ok()) << r.id << ours->body;
            expect_well_formed(doc->root(), r.id);
            ++said;
        }
    }
    EXPECT_GT(said, 4000);
    int refusals = 0;
    for (const auto& [code, count] : refused) {
        EXPECT_TRUE(code == "unsupported_feature" || code == "bad_param") << code;
        refusals += count;
    }
    EXPECT_LT(refusals * 10, said) << "more than a tenth is refused";
}
