// Every recorded request in OpenAI's shape: peeked and parsed as sent and written anew; parse -> encode -> parse is
// stable and loses no member.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "dialect/registry.h"
#include "openai_chats.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

void write_anew(JsonWriter& w, JsonRef v) {
    switch (v.kind()) {
        case JsonKind::object:
            w.begin_object();
            for (const JsonRef m : v) {
                w.key(m.key());
                write_anew(w, m);
            }
            w.end_object();
            break;
        case JsonKind::array:
            w.begin_array();
            for (const JsonRef m : v) write_anew(w, m);
            w.end_array();
            break;
        case JsonKind::string:
            w.string(v.text());
            break;
        default:
            w.raw(v.raw());
    }
}
std::string anew(std::string_view json) {
    std::string out;
    const auto doc = JsonDoc::parse(json);
    JsonWriter w(out);
    if (doc) write_anew(w, doc->root());
    return out;
}

/// What decides admission, as text.
std::string facts(const Envelope& e) {
    return e.model + '|' + std::to_string(e.stream) + std::to_string(e.wants_usage) + '|' + std::to_string(e.n) + '|' +
           std::to_string(e.max_output.value_or(-1)) + '|' + std::to_string(e.needs) + '|' +
           std::to_string(e.size.text.bytes) + '|' + std::to_string(e.size.messages) + '|' +
           std::to_string(e.size.images);
}

std::string encoded(const Request& request, Losses& losses) {
    const WireTarget target{"target", 0, {.max_completion_tokens = true, .reasoning_back = true}};
    auto out = provider::wire("openai-chat")->encode(request, target, losses);
    EXPECT_TRUE(out.ok()) << (out ? "" : out.error().message());
    return out ? out->body : std::string{};
}

/// Members whose form is normalised on the way, and those that say nothing.
bool normalised(JsonRef m) {
    for (const auto name : {"model", "messages", "tools", "tool_choice", "stop", "max_tokens", "max_completion_tokens",
                            "stream", "stream_options", "n", "logprobs", "response_format", "logit_bias"})
        if (m.key() == name) return true;
    return m.is_null() || (m.is_string() && m.text().empty());
}

/// Every distinct line of text in the messages, sorted.
void gather(JsonRef v, std::string& out) {
    for (const JsonRef m : v) {
        if (m.is_string() && m.key() != "role" && m.key() != "type") out += std::string(m.text()) + '\n';
        gather(m, out);
    }
}
std::vector<std::string> words(JsonRef messages) {
    std::string all;
    gather(messages, all);
    std::vector<std::string> lines;
    size_t from = 0;
    for (size_t at; (at = all.find('\n', from)) != std::string::npos; from = at + 1)
        if (at > from) lines.push_back(all.substr(from, at - from));
    std::sort(lines.begin(), lines.end());
    // The same reasoning under two names is sent back once.
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return lines;
}
}  // namespace

TEST(RecordedRequests, peek_parse_and_round_trip) {
    AIG_NEED_RECORDINGS("openai_chat");
    int seen = 0, refused_there = 0, accepted_by_us = 0;
    for (const Recording& r : recordings::openai_chats()) {
        if (!JsonDoc::parse(r.request)) continue;
        const auto e = dialect::openai_chat().peek({Operation::chat, r.request});
        if (r.status != 200) {
            ++refused_there;
            accepted_by_us += e.ok();
            continue;
        }
        const auto where = r.provider + ' ' + r.id;
        const auto root_doc = JsonDoc::parse(r.request);
        // Azure names the model in the path.
        if (!root_doc->root()["model"].is_string()) continue;
        ++seen;
        EXPECT_TRUE(e.ok()) << where << ": " << (e.ok() ? "" : e.error().message());
        if (!e.ok()) continue;
        const std::string second = anew(r.request);
        const auto e2 = dialect::openai_chat().peek({Operation::chat, second});
        ASSERT_TRUE(e2.ok()) << where;
        if (e->size.text.bytes == e2->size.text.bytes) {
            EXPECT_EQ(facts(*e), facts(*e2)) << where;
        }

        const auto parsed = dialect::openai_chat().parse({Operation::chat, r.request});
        const auto parsed2 = dialect::openai_chat().parse({Operation::chat, second});
        ASSERT_TRUE(parsed.ok() && parsed2.ok()) << where;
        Losses losses;
        const std::string once = encoded(*parsed, losses);
        EXPECT_TRUE(losses.empty()) << where << ' ' << losses.front();
        EXPECT_EQ(anew(once), anew(encoded(*parsed2, losses))) << where;
        const auto again = dialect::openai_chat().parse({Operation::chat, once});
        ASSERT_TRUE(again.ok()) << where;
        EXPECT_EQ(encoded(*again, losses), once) << where;

        const auto doc = JsonDoc::parse(r.request), out = JsonDoc::parse(once);
        ASSERT_TRUE(out.ok()) << where;
        for (const JsonRef m : doc->root()) {
            if (!normalised(m)) {
                EXPECT_EQ(out->root()[m.key()].raw(), m.raw()) << where << ' ' << m.key();
            }
        }
        EXPECT_EQ(words(out->root()["messages"]), words(doc->root()["messages"])) << where;
        EXPECT_EQ(out->root()["tools"].size(), doc->root()["tools"].size()) << where;
    }
    std::printf("[          ] %d requests peeked, parsed and encoded; of %d that a provider refused we pass %d on\n",
                seen, refused_there, accepted_by_us);
    EXPECT_GT(seen, 1000);
}

TEST(RecordedRequests, splices_leave_every_other_byte) {
    AIG_NEED_RECORDINGS("openai_chat");
    int seen = 0;
    for (const Recording& r : recordings::openai_chats()) {
        const auto e = dialect::openai_chat().peek({Operation::chat, r.request});
        if (!e.ok()) continue;
        ++seen;
        const auto same = dialect::openai_chat().splice(r.request, *e, Patch{.model = e->model});
        ASSERT_TRUE(same.ok());
        std::string out;
        for (const auto p : same->pieces) out += p;
        EXPECT_EQ(out, r.request);

        const auto other = dialect::openai_chat().splice(
            r.request, *e,
            Patch{.model = "\"odd\" model", .ask_usage = true, .max_output = 99, .max_output_member = "max_tokens"});
        ASSERT_TRUE(other.ok());
        out.clear();
        for (const auto p : other->pieces) out += p;
        const auto before = JsonDoc::parse(r.request), after = JsonDoc::parse(out);
        ASSERT_TRUE(after.ok()) << r.id << ' ' << after.error().message();
        EXPECT_EQ(after->root()["model"].text(), "\"odd\" model");
        EXPECT_EQ(after->root()["stream_options"]["include_usage"].boolean(),
                  e->stream || before->root()["stream_options"]["include_usage"].boolean())
            << r.id;
        if (!e->max_output) {
            EXPECT_EQ(after->root()["max_tokens"].integer(), 99) << r.id;
        }
        for (const JsonRef m : before->root())
            if (m.key() != "model" && m.key() != "stream_options" && m.key() != "max_tokens") {
                EXPECT_EQ(after->root()[m.key()].raw(), m.raw()) << r.id << ' ' << m.key();
            }
    }
    std::printf("[          ] %d requests spliced\n", seen);
    EXPECT_GT(seen, 1000);
}

TEST(RecordedRequests, embeddings) {
    AIG_NEED_RECORDINGS("openai_chat");
    int seen = 0;
    recordings::each("embeddings", [&](const Recording& r) {
        const auto doc = JsonDoc::parse(r.request);
        if (!doc || r.status != 200 || !doc->root()["input"] || !doc->root()["model"].is_string()) return;
        if (r.provider == "ollama" || r.provider == "cohere" || r.provider == "voyage" || r.provider == "gemini")
            return;
        // OpenAI embeds an empty text; the contract of this gateway refuses it.
        if (doc->root()["input"].is_string() && doc->root()["input"].text().empty()) return;
        ++seen;
        const auto e = dialect::openai_chat().peek({Operation::embedding, r.request});
        ASSERT_TRUE(e.ok()) << r.provider << ' ' << r.id << ' ' << e.error().message();
        const auto parsed = dialect::openai_chat().parse({Operation::embedding, r.request});
        ASSERT_TRUE(parsed.ok());
        Losses losses;
        const std::string once = encoded(*parsed, losses);
        const auto out = JsonDoc::parse(once);
        ASSERT_TRUE(out.ok());
        EXPECT_EQ(anew(out->root()["input"].raw()), anew(doc->root()["input"].raw())) << r.id;
        EXPECT_EQ(encoded(*dialect::openai_chat().parse({Operation::embedding, once}), losses), once);
    });
    std::printf("[          ] %d embedding requests\n", seen);
    EXPECT_GT(seen, 50);
}
