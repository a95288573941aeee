// An oracle nobody here wrote: cases given both as an OpenAI chat request and as a Responses one
// (parallel_cases.jsonl). Ours, made from the first, must mean the same as the second, but for a written list of
// differences. And every recorded chat is said in a request of this wire, or refused by name.
#include <fmt/format.h>

#include <map>
#include <set>

#include "dialect/openai_chat/openai_chat.h"
#include "openai_chats.h"
#include "provider/openai_responses/openai_responses.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;

namespace {

/// Why a member may differ. By case, "*" for all; by member of the request.
const std::map<std::pair<std::string, std::string>, std::string> accepted{
    {{"*", "model"}, "each side names its own model"},
    {{"*", "store"}, "nothing is kept at the provider; the oracle leaves it at the API's default"},
    {{"*", "include"}, "asked for with reasoning, so that it can come back"},
    {{"openAIMultipleReasoningSignaturesReplayParam", "input"},
     "the chat side carries sealed reasoning in a member of the oracle's own, reasoning_signature"},
    {{"openAIMultipleReasoningSignaturesReplayParam", "reasoning"}, "the chat side does not ask for an effort"},
    {{"complexReasoningRequest", "reasoning"}, "the same"},
    {{"reasoningWithOutput", "reasoning"}, "the same"},
    {{"reasoningSummaryParam", "reasoning"}, "the chat side cannot ask for a summary"},
    {{"simpleRequest", "reasoning"}, "the chat side asks for low, the oracle's author for minimal"},
    {{"simpleRequest", "text"}, "the chat side asks for no verbosity"},
    {{"simpleRequestTruncated", "max_output_tokens"}, "the API takes none below 16"},
    {{"parallelToolCallsDisabledParam", "input"}, "the two prompts are worded differently"},
    {{"reasoningSummaryParam", "input"}, "the same"},
    {{"storeDisabledParam", "input"}, "the same"},
    {{"textFormatJsonSchemaWithDescriptionParam", "input"}, "the same"},
    {{"safetyIdentifierParam", "input"}, "the same"},
    {{"safetyIdentifierParam", "safety_identifier"}, "the two sides name different users"},
    {{"serviceTierParam", "input"}, "the same"},
};

/// Members in a form that compares by meaning: order of names, one text as itself.
std::string canonical(JsonRef v) {
    if (v.is_array()) {
        std::string out = "[";
        for (const JsonRef e : v) out += canonical(e) + ",";
        return out + "]";
    }
    if (!v.is_object()) return v.is_string() ? json_string(v.text()) : std::string(v.raw());
    std::map<std::string, std::string> members;
    for (const JsonRef m : v) members[std::string(m.key())] = canonical(m);
    std::string out = "{";
    for (const auto& [name, value] : members) out += fmt::format("\"{}\":{},", name, value);
    return out + "}";
}
std::map<std::string, std::string> meaning(JsonRef request) {
    std::map<std::string, std::string> out;
    for (const JsonRef m : request) out[std::string(m.key())] = canonical(m);
    return out;
}
}  // namespace

TEST(ResponsesWireTranslation, agrees_with_the_oracle) {
    AIG_NEED_RECORDINGS("parallel_cases");
    int compared = 0;
    std::set<std::pair<std::string, std::string>> used;
    recordings::each_line("parallel_cases", [&](JsonRef line) {
        const JsonRef chat = line["formats"]["chat-completions"]["request"],
                      oracle = line["formats"]["responses"]["request"];
        if (!chat || !oracle) return;
        const std::string name(line["case"].text());
        auto request = dialect::openai::OpenAiChat().parse({Operation::chat, chat.raw()});
        ASSERT_TRUE(request.ok()) << name;
        Losses losses;
        auto ours = provider::openai_responses_wire().encode(*request, WireTarget{"m", 0, {}, false}, losses);
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
        ++compared;
    });
    EXPECT_GE(compared, 17);
    for (const auto& [key, why] : accepted)
        EXPECT_TRUE(used.count(key)) << "no longer a difference: " << key.first << "." << key.second << " (" << why
                                     << ")";
}

namespace {
/// What the API checks before it reads a word: our requests never fail on it.
static void expect_well_formed(JsonRef q, const std::string& id) {
    EXPECT_EQ(q["store"].raw(), "false") << id;
    if (q["max_output_tokens"]) {
        EXPECT_GE(q["max_output_tokens"].integer().value_or(0), 16) << id;
    }
    EXPECT_GT(q["input"].size(), 0u) << id;
    std::set<std::string> calls;
    for (const JsonRef item : q["input"]) {
        const auto type = item["type"].text();
        if (item["role"]) {
            EXPECT_TRUE(item["content"].is_string() || item["content"].size() > 0) << id;
            for (const JsonRef p : item["content"]) EXPECT_FALSE(p["type"].text().empty()) << id;
            continue;
        }
        EXPECT_TRUE(type.starts_with("function_call") || type.starts_with("custom_tool_call")) << id << type;
        EXPECT_FALSE(item["call_id"].text().empty()) << id;
        EXPECT_LE(item["call_id"].text().size(), 64u) << id;
    }
    for (const JsonRef t : q["tools"]) {
        EXPECT_FALSE(t["type"].text().empty()) << id;
        if (t["type"].text() == "function") {
            EXPECT_TRUE(t["parameters"].is_object()) << id;
            EXPECT_TRUE(t["strict"].is_bool()) << id;
        }
    }
}

}  // namespace

TEST(ResponsesWireTranslation, every_recorded_chat_is_said_or_refused_by_name) {
    AIG_NEED_RECORDINGS("openai_chat");
    const dialect::openai::OpenAiChat chat;
    std::map<std::string, int> refused;
    int said = 0;
    for (const auto& r : recordings::openai_chats()) {
        if (!chat.peek({Operation::chat, r.request})) continue;
        auto request = chat.parse({Operation::chat, r.request});
        ASSERT_TRUE(request.ok()) << r.id;
        Losses losses;
        auto ours = provider::openai_responses_wire().encode(*request, WireTarget{"gpt", 0, {}, true}, losses);
        if (!ours) {
            EXPECT_FALSE(ours.error().param().empty()) << ours.error().message();
            ++refused[fmt::format("{} {}", ours.error().row().name, ours.error().message().substr(0, 60))];
            continue;
        }
        auto doc = JsonDoc::parse(ours->body);
        ASSERT_TRUE(doc.ok()) << r.id << ours->body;
        expect_well_formed(doc->root(), r.id);
        ++said;
    }
    EXPECT_GT(said, 1300);
    int refusals = 0;
    for (const auto& [why, count] : refused) {
        EXPECT_TRUE(why.starts_with("unsupported_feature") || why.starts_with("bad_param")) << why;
        refusals += count;
    }
    EXPECT_LT(refusals * 10, said) << "more than a tenth is refused";
}
