// Every recorded request in Anthropic's shape: peeked, spliced and parsed; and the local count of tokens against what
// the API counted.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "base/json.h"
#include "dialect/registry.h"
#include "messages.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {
/// Vertex and Bedrock name the model in the path.
std::string with_model(const Recording& r) {
    const auto doc = JsonDoc::parse(r.request);
    if (!doc || !doc->root().is_object()) return {};
    std::string body(r.request);
    if (!doc->root()["model"]) body.insert(doc->offset(doc->root().raw()) + 1, "\"model\":\"path-model\",");
    return body;
}
std::string joined(const Spliced& s) {
    std::string out;
    for (const auto p : s.pieces) out += p;
    return out;
}

/// A value in a form that compares by meaning: members in order of their names, a text as one block.
std::string canonical(JsonRef v) {
    if (v.is_array()) {
        std::string out;
        for (const JsonRef e : v) out += canonical(e) + ';';
        return '[' + out + ']';
    }
    if (!v.is_object()) return v.is_string() ? json_string(v.text()) : std::string(v.raw());
    std::map<std::string, std::string> members;
    for (const JsonRef m : v) {
        const std::string name(m.key());
        const bool direct = name == "caller" && m["type"].text() == "direct";
        // An empty list, a false flag and null say nothing.
        if (direct || m.is_null() || (name == "is_error" && !m.boolean()) || (name == "citations" && m.size() == 0))
            continue;
        const bool words = name == "content" && m.is_string();
        members[name] =
            words ? fmt::format("[{{\"text\":{},\"type\":\"text\",}};]", json_string(m.text())) : canonical(m);
    }
    std::string out = "{";
    for (const auto& [name, value] : members) out += fmt::format("\"{}\":{},", name, value);
    return out + '}';
}

/// All blocks of a conversation, in order, under the role that says them; neighbours of one role are one turn.
std::string conversation(JsonRef messages) {
    std::string out, role;
    for (const JsonRef m : messages) {
        if (role != m["role"].text()) out += fmt::format("\n{}: ", m["role"].text());
        role = m["role"].text();
        if (m["content"].is_string())
            out += fmt::format("{{\"text\":{},\"type\":\"text\",}};", json_string(m["content"].text()));
        for (const JsonRef b : m["content"]) out += canonical(b) + ';';
    }
    return out;
}
}  // namespace

/// What a route to the same family says that cannot take the caller's bytes (Bedrock, Vertex, sealed state to restore).
TEST(RecordedMessageRequests, parsed_and_encoded_they_mean_the_same) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    int seen = 0, same_turns = 0;
    for (const Recording& r : recordings::messages()) {
        const std::string body = with_model(r);
        if (r.status != 200 || body.empty()) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const auto parsed = dialect::anthropic_messages().parse({Operation::chat, body});
        ASSERT_TRUE(parsed.ok());
        Losses losses;
        const WireTarget target{
            "m", 0, {.adaptive_thinking = body.find("adaptive") != std::string::npos, .system_in_messages = true}};
        const auto out = provider::wire("anthropic")->encode(*parsed, target, losses);
        ASSERT_TRUE(out.ok()) << out.error().message();
        ++seen;
        const auto before = JsonDoc::parse(body), after = JsonDoc::parse(out->body);
        ASSERT_TRUE(after.ok());
        EXPECT_EQ(after->root()["tools"].size(), before->root()["tools"].size());
        for (const JsonRef m : before->root()) {
            static const std::set<std::string_view> compared_apart{
                "model",       "messages", "system", "tools",         "thinking",      "stream",
                "temperature", "top_p",    "top_k",  "output_format", "output_config", "tool_choice"};
            if (!compared_apart.contains(m.key()) && !(m.is_array() && m.size() == 0)) {
                EXPECT_EQ(canonical(after->root()[m.key()]), canonical(m)) << m.key();
            }
        }
        same_turns += conversation(after->root()["messages"]) == conversation(before->root()["messages"]);
    }
    std::printf("[          ] %d requests, %d with the very same blocks\n", seen, same_turns);
    EXPECT_GT(seen, 600);
    EXPECT_GE(same_turns + 2, seen);  // blank text is left out: the API refuses it
}

TEST(RecordedMessageRequests, peek_splice_and_parse) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    const auto& dialect = dialect::anthropic_messages();
    int seen = 0;
    for (const Recording& r : recordings::messages()) {
        const std::string body = with_model(r);
        if (r.status != 200 || body.empty()) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        ++seen;
        const auto e = dialect.peek({Operation::chat, body});
        ASSERT_TRUE(e) << e.error().message();
        const auto doc = JsonDoc::parse(body);
        EXPECT_EQ(e->stream, doc->root()["stream"].boolean());
        EXPECT_EQ(e->max_output, doc->root()["max_tokens"].integer());
        EXPECT_EQ(joined(*dialect.splice(body, *e, Patch{.model = e->model})), body);

        // Undoing the one splice gives the caller's bytes back.
        std::string other = joined(*dialect.splice(body, *e, Patch{.model = "\"odd\" model"}));
        const std::string written = json_string("\"odd\" model");
        ASSERT_EQ(other.substr(e->spans.model.begin, written.size()), written);
        other.replace(e->spans.model.begin, written.size(), json_string(e->model));
        EXPECT_EQ(other, body);

        const auto parsed = dialect.parse({Operation::chat, body});
        ASSERT_TRUE(parsed.ok());
        const Chat& c = std::get<Chat>(*parsed);
        EXPECT_EQ(c.tools.size(), doc->root()["tools"].size());
        EXPECT_GE(c.messages.size(), doc->root()["messages"].size());
        size_t parts = 0, blocks = 0;
        for (const Message& m : c.messages) parts += m.parts.size();
        for (const JsonRef m : doc->root()["messages"]) blocks += m["content"].is_array() ? m["content"].size() : 1;
        const JsonRef system = doc->root()["system"];
        blocks += system.is_array() ? system.size() : !system.text().empty();
        EXPECT_EQ(parts, blocks);
    }
    std::printf("[          ] %d requests\n", seen);
    EXPECT_GT(seen, 600);
}

TEST(RecordedMessageRequests, the_local_count_of_tokens_is_near_the_apis) {
    AIG_NEED_RECORDINGS("count_tokens");
    std::vector<int64_t> errors;
    recordings::each("count_tokens", [&](const Recording& r) {
        const auto reply = JsonDoc::parse(r.response);
        if (r.status != 200 || !reply || !reply->root()["input_tokens"].integer()) return;
        if (r.path.find("/messages/count_tokens") == std::string::npos) return;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const auto e = dialect::measure_messages(with_model(r));
        ASSERT_TRUE(e) << e.error().message();
        const int64_t told = *reply->root()["input_tokens"].integer(),
                      ours = estimate_tokens(e->size, Tokenizer::claude);
        errors.push_back(std::abs(ours - told) * 100 / std::max<int64_t>(told, 1));
        EXPECT_LE(ours, bound_tokens(e->size));
    });
    std::sort(errors.begin(), errors.end());
    ASSERT_GT(errors.size(), 5u);
    std::printf("[          ] %zu counts, median error %lld %%, largest %lld %%\n", errors.size(),
                static_cast<long long>(errors[errors.size() / 2]), static_cast<long long>(errors.back()));
    EXPECT_LE(errors[errors.size() / 2], 15);
}
