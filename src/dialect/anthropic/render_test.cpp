// The renderers against the grammar of Messages: whatever order events come in, the stream must satisfy it, say what
// the events said, and say the same as the whole reply.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "base/json.h"
#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;
using Kind = Event::Kind;
using dialect::testing::judge_messages_body;
using dialect::testing::judge_messages_stream;

namespace {

Event made(Kind kind, std::string_view text = {}, int index = 0) {
    Event e{.kind = kind};
    e.text = text;
    e.index = index;
    return e;
}
Event begin(int index, std::string_view id, std::string_view name) {
    Event e = made(Kind::tool_begin, {}, index);
    e.id = id;
    e.name = name;
    return e;
}
Event state(std::string_view kind, std::string_view data, std::string_view call = {}) {
    Event e = made(Kind::state, data);
    e.name = kind;
    e.id = call;
    return e;
}
Event finish(StopReason stop, std::string_view sequence = {}) {
    Event e = made(Kind::finish, sequence);
    e.stop = stop;
    return e;
}
Event raw(Kind kind, std::string_view json, std::string_view name = {}) {
    Event e = made(kind);
    e.raw = json;
    e.name = name;
    return e;
}

struct Rendered {
    std::string bytes;
    Losses losses;
};
enum class End { finish, cut, fail };

Usage some_usage() {
    Usage u;
    u[Component::input] = 7;
    u[Component::cached_input] = 3;
    u[Component::output] = 5;
    return u;
}

Rendered rendered(const std::vector<Event>& events, bool stream, End end = End::finish) {
    Envelope envelope;
    envelope.stream = stream;
    envelope.size.text.add("hello there");
    envelope.size.messages = 1;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub/\"one\"";
    terms.request_id = "req_01J";
    const auto renderer = dialect::anthropic_messages().renderer(terms);
    Rendered out;
    for (const Event& e : events) renderer->event(e, out.bytes);
    const Receipt receipt = ledger::ReceiptMint::test(42'000);
    const Usage usage = some_usage();
    if (end == End::finish) out.bytes += renderer->finish({usage, receipt});
    if (end == End::cut) out.bytes += renderer->cut({usage, receipt});
    if (end == End::fail) out.bytes += renderer->fail(Error(ErrorCode::upstream_truncated));
    out.losses = renderer->losses();
    return out;
}

/// The message a stream makes, the way SDKs put it together: its content as JSON, one block a line.
std::string assembled(std::string_view stream) {
    std::string out, block, partial, citations;
    std::string_view rest = stream;
    std::string text, signature;
    while (!rest.empty()) {
        const size_t at = rest.find("data: "), end = rest.find("\n\n");
        const auto doc = JsonDoc::parse(rest.substr(at + 6, end - at - 6));
        rest.remove_prefix(end + 2);
        if (!doc) return "not JSON";
        const JsonRef e = doc->root();
        const auto type = e["type"].text();
        if (type == "content_block_start") {
            block = e["content_block"].raw();
            text.clear(), signature.clear(), partial.clear(), citations.clear();
        } else if (type == "content_block_delta") {
            const JsonRef d = e["delta"];
            text += d["text"].text();
            text += d["thinking"].text();
            partial += d["partial_json"].text();
            signature += d["signature"].text();
            if (d["citation"]) citations += (citations.empty() ? "" : ",") + std::string(d["citation"].raw());
        } else if (type == "content_block_stop") {
            const auto b = JsonDoc::parse(block);
            const auto kind = b->root()["type"].text();
            if (kind == "text")
                out += fmt::format("text {} [{}]\n", json_string(text), citations);
            else if (kind == "thinking")
                out += fmt::format("thinking {} {}\n", json_string(text), json_string(signature));
            else if (kind == "tool_use")
                out += fmt::format("call {} {} {}\n", b->root()["id"].text(), b->root()["name"].text(), partial);
            else
                out += block + "\n";
        } else if (type == "message_delta") {
            out += fmt::format("stop {} {}\n", e["delta"]["stop_reason"].raw(), e["delta"]["stop_sequence"].raw());
            out += e["usage"].raw();
        }
    }
    return out;
}

std::string described(std::string_view body) {
    const auto doc = JsonDoc::parse(body);
    if (!doc) return "not JSON";
    std::string out;
    for (const JsonRef b : doc->root()["content"]) {
        const auto kind = b["type"].text();
        std::string citations;
        for (const JsonRef c : b["citations"]) citations += (citations.empty() ? "" : ",") + std::string(c.raw());
        if (kind == "text")
            out += fmt::format("text {} [{}]\n", json_string(b["text"].text()), citations);
        else if (kind == "thinking")
            out +=
                fmt::format("thinking {} {}\n", json_string(b["thinking"].text()), json_string(b["signature"].text()));
        else if (kind == "tool_use")
            out += fmt::format("call {} {} {}\n", b["id"].text(), b["name"].text(), b["input"].raw());
        else
            out += std::string(b.raw()) + "\n";
    }
    out += fmt::format("stop {} {}\n", doc->root()["stop_reason"].raw(), doc->root()["stop_sequence"].raw());
    return out += doc->root()["usage"].raw();
}

const std::string usage_json =
    R"({"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":5,"cost":0.000042})";

/// Streamed and whole; both legal, both the same; what they said.
std::string both(const std::vector<Event>& events) {
    const auto stream = rendered(events, true), body = rendered(events, false);
    const auto verdict = judge_messages_stream(stream.bytes);
    EXPECT_EQ(verdict.fault, "") << stream.bytes;
    EXPECT_TRUE(verdict.complete);
    EXPECT_EQ(judge_messages_body(body.bytes), "") << body.bytes;
    EXPECT_EQ(assembled(stream.bytes), described(body.bytes));
    EXPECT_EQ(stream.losses, body.losses);
    std::string said = described(body.bytes);
    EXPECT_TRUE(said.ends_with(usage_json)) << said;
    return said.substr(0, said.size() - std::min(said.size(), usage_json.size()));
}
}  // namespace

TEST(MessagesRenderer, text) {
    EXPECT_EQ(both({made(Kind::started), made(Kind::text, "Hel"), made(Kind::text, "lo"), finish(StopReason::end)}),
              "text \"Hello\" []\nstop \"end_turn\" null\n");
    EXPECT_EQ(both({finish(StopReason::end)}), "stop \"end_turn\" null\n");
    EXPECT_EQ(both({made(Kind::text, "a"), finish(StopReason::stop_sequence, "###")}),
              "text \"a\" []\nstop \"stop_sequence\" \"###\"\n");
    EXPECT_EQ(both({made(Kind::text, "a"), finish(StopReason::length)}), "text \"a\" []\nstop \"max_tokens\" null\n");
    EXPECT_EQ(both({made(Kind::refusal, "no"), finish(StopReason::end)}), "text \"no\" []\nstop \"refusal\" null\n");
    EXPECT_EQ(both({finish(StopReason::content_filter)}), "stop \"refusal\" null\n");
}

TEST(MessagesRenderer, the_first_words_of_a_stream) {
    const auto out = rendered({made(Kind::text, "Hi"), finish(StopReason::end)}, true).bytes;
    EXPECT_TRUE(out.starts_with(
        R"(event: message_start
data: {"type":"message_start","message":{"id":"msg_01J","type":"message","role":"assistant","model":"pub/\"one\"","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":)"))
        << out;
}

TEST(MessagesRenderer, calls) {
    EXPECT_EQ(both({made(Kind::text, "see"), begin(0, "c1", "f"), made(Kind::tool_arguments, "{\"a\":", 0),
                    made(Kind::tool_arguments, "1}", 0), finish(StopReason::tool_calls)}),
              "text \"see\" []\ncall c1 f {\"a\":1}\nstop \"tool_use\" null\n");
    // No arguments; a plain end; an id from elsewhere; none.
    EXPECT_EQ(both({begin(0, "functions.f:0", "f"), finish(StopReason::end)}),
              "call functions_f_0_465b9878 f {}\nstop \"tool_use\" null\n");
    EXPECT_EQ(both({begin(0, "", "f"), begin(1, "", "g"), finish(StopReason::end)}),
              "call toolu_01J_0 f {}\ncall toolu_01J_1 g {}\nstop \"tool_use\" null\n");
    EXPECT_EQ(both({made(Kind::text, "x"), finish(StopReason::tool_calls)}), "text \"x\" []\nstop \"end_turn\" null\n");
}

TEST(MessagesRenderer, calls_that_share_an_id_can_be_told_apart) {
    EXPECT_EQ(both({begin(0, "a", "f"), made(Kind::tool_arguments, "{}", 0), begin(1, "a_2", "g"),
                    made(Kind::tool_arguments, "{}", 1), begin(2, "a", "h"), made(Kind::tool_arguments, "{}", 2),
                    finish(StopReason::tool_calls)}),
              "call a f {}\ncall a_2 g {}\ncall a_3 h {}\nstop \"tool_use\" null\n");
}

TEST(MessagesRenderer, calls_in_parallel_come_one_after_another) {
    EXPECT_EQ(both({begin(0, "a", "f"), begin(1, "b", "g"), made(Kind::tool_arguments, "{\"y\"", 1),
                    made(Kind::tool_arguments, "{\"x\":", 0), made(Kind::tool_arguments, ":2}", 1),
                    made(Kind::text, "then"), made(Kind::tool_arguments, "\"}\"}", 0), finish(StopReason::tool_calls)}),
              "call a f {\"x\":\"}\"}\ncall b g {\"y\":2}\ntext \"then\" []\nstop \"tool_use\" null\n");
}

TEST(MessagesRenderer, a_second_call_streams_when_the_first_is_complete) {
    const std::vector<Event> events{begin(0, "a", "f"), made(Kind::tool_arguments, "{}", 0), begin(1, "b", "g"),
                                    made(Kind::tool_arguments, "{\"k\":", 1)};
    Envelope envelope;
    envelope.stream = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    const auto renderer = dialect::anthropic_messages().renderer(terms);
    std::string out;
    for (const Event& e : events) renderer->event(e, out);
    EXPECT_NE(out.find(R"("index":1,"delta":{"type":"input_json_delta","partial_json":"{\"k\":"})"), std::string::npos)
        << out;
}

TEST(MessagesRenderer, thoughts_and_their_state) {
    EXPECT_EQ(both({made(Kind::reasoning, "t1"), made(Kind::reasoning, "t2", 1), state("aig.capsule", "aigs1.x"),
                    made(Kind::text, "a"), finish(StopReason::end)}),
              "thinking \"t1\\n\\nt2\" \"aigs1.x\"\ntext \"a\" []\nstop \"end_turn\" null\n");
    EXPECT_EQ(both({state(state_kind::redacted, "d"), made(Kind::text, "a"), finish(StopReason::end)}),
              "{\"type\":\"redacted_thinking\",\"data\":\"d\"}\ntext \"a\" []\nstop \"end_turn\" null\n");
    // Signed without a text to show; state of something that is no thought; state of a call.
    EXPECT_EQ(both({state(state_kind::signature, "s"), made(Kind::text, "a"), state("aig.capsule", "c1"),
                    begin(0, "x", "f"), begin(1, "y", "g"), state("aig.capsule", "c2", "x"), finish(StopReason::end)}),
              "thinking \"\" \"s\"\ntext \"a\" []\n{\"type\":\"redacted_thinking\",\"data\":\"c1\"}\ncall x f {}\n"
              "{\"type\":\"redacted_thinking\",\"data\":\"c2\"}\ncall y g {}\nstop \"tool_use\" null\n");
    // Clients take the last block for the answer: state behind its text is named, not shown.
    EXPECT_EQ(both({made(Kind::text, "a"), state("aig.capsule", "c"), made(Kind::text, "b"), finish(StopReason::end)}),
              "text \"ab\" []\nstop \"end_turn\" null\n");
    EXPECT_EQ(rendered({made(Kind::text, "a"), state("aig.capsule", "c")}, true).losses.size(), 1u);
    EXPECT_EQ(both({made(Kind::reasoning, "a"), state(state_kind::signature, "s1"), made(Kind::reasoning, "b"),
                    state(state_kind::signature, "s2"), finish(StopReason::end)}),
              "thinking \"a\" \"s1\"\nthinking \"b\" \"s2\"\nstop \"end_turn\" null\n");
}

TEST(MessagesRenderer, citations_blocks_and_losses) {
    EXPECT_EQ(
        both({made(Kind::text, "see"),
              raw(Kind::annotation, R"({"type":"url_citation","url":"https://x","title":"X","start_index":0})"),
              raw(Kind::block, "{\"type\":\"web_search_tool_result\",\n\"content\":[]}", "web_search_tool_result"),
              raw(Kind::extra, R"({"type":"refusal"})", "stop_details"), finish(StopReason::end)}),
        "text \"see\" [{\"type\":\"web_search_result_location\",\"cited_text\":\"\",\"url\":\"https://x\",\"title\":"
        "\"X\",\"encrypted_index\":\"\"}]\n{\"type\":\"web_search_tool_result\", \"content\":[]}\nstop \"end_turn\" "
        "null\n");
    const auto out =
        rendered({raw(Kind::media, ""), raw(Kind::logprobs, "{}"), raw(Kind::block, R"({"type":"x"})", "x_call"),
                  raw(Kind::annotation, R"({"type":"file_path"})"), finish(StopReason::end)},
                 true);
    EXPECT_EQ(out.losses, (Losses{"output media", "logprobs", "x_call", "annotations"}));
}

TEST(MessagesRenderer, broken_arguments_are_shown_in_a_whole_reply) {
    const auto out =
        rendered({begin(0, "a", "f"), made(Kind::tool_arguments, "{\"a\":", 0), finish(StopReason::length)}, false);
    EXPECT_NE(out.bytes.find(R"("input":{"invalid_json":"{\"a\":"})"), std::string::npos) << out.bytes;
    EXPECT_EQ(judge_messages_body(out.bytes), "");
}

TEST(MessagesRenderer, a_failure_never_looks_complete) {
    for (const auto& events : std::vector<std::vector<Event>>{{},
                                                              {made(Kind::text, "a")},
                                                              {begin(0, "a", "f"), begin(1, "b", "g")},
                                                              {made(Kind::text, "a"), finish(StopReason::end)}}) {
        const auto out = rendered(events, true, End::fail);
        EXPECT_EQ(out.bytes.find("message_stop"), std::string::npos);
        EXPECT_EQ(out.bytes.find("message_delta"), std::string::npos);
        const auto verdict = judge_messages_stream(out.bytes);
        EXPECT_EQ(verdict.fault, "") << out.bytes;
        EXPECT_TRUE(verdict.failed);
    }
}

TEST(MessagesRenderer, a_cut_ends_with_max_tokens) {
    const auto out = rendered(
        {made(Kind::reasoning, "r"), begin(0, "a", "f"), made(Kind::tool_arguments, "{\"a\":", 0)}, true, End::cut);
    EXPECT_EQ(judge_messages_stream(out.bytes).fault, "") << out.bytes;
    EXPECT_NE(out.bytes.find(R"("stop_reason":"max_tokens")"), std::string::npos);
}

// ---- any order of events ----------------------------------------------------------------------------------------

namespace {

/// Events of one reply as providers could send them: pieces of several calls between each other and everything else.
struct Script {
    std::mt19937 random;
    std::vector<std::string> owned{};
    std::vector<Event> events{};
    std::map<int, std::string> arguments{};  ///< what is left to send of each call
    std::map<int, std::string> whole{};
    std::string text{}, thoughts{};

    size_t pick(size_t n) { return random() % n; }
    std::string_view keep(std::string s) {
        owned.push_back(std::move(s));
        return owned.back();
    }

    void one() {
        static constexpr std::string_view words[] = {"a", "\"", "\\", "\n\n", "é", "data: x", "{", "}"};
        static constexpr std::string_view objects[] = {"", "{}", R"({"a":"}\"{"})", R"({"a":[1,{"b":2}],"c":"\\"})",
                                                       " {\"x\":1} "};
        const auto word = words[pick(std::size(words))];
        const int call = static_cast<int>(pick(4));
        switch (pick(12)) {
            case 0:
            case 1:
                events.push_back(made(Kind::text, word));
                text += word;
                return;
            case 2:
                events.push_back(made(Kind::reasoning, word, static_cast<int>(pick(2))));
                return;
            case 3:
                events.push_back(state(pick(2) ? state_kind::signature : state_kind::capsule, "s",
                                       pick(4) ? "" : keep(fmt::format("id{}", call))));
                return;
            case 4:
                events.push_back(state(state_kind::redacted, "d"));
                return;
            case 5:
                events.push_back(raw(Kind::annotation, R"({"type":"url_citation","url":"u","title":"t"})"));
                return;
            case 6:
                events.push_back(
                    raw(Kind::block, R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})"));
                return;
            case 7:
                events.push_back(made(Kind::started));
                return;
            default:
                if (!whole.contains(call)) {
                    whole[call] = arguments[call] = objects[pick(std::size(objects))];
                    events.push_back(begin(call, keep(fmt::format("id{}", call)), "f"));
                } else if (auto& left = arguments[call]; !left.empty()) {
                    const size_t n = 1 + pick(left.size());
                    events.push_back(made(Kind::tool_arguments, keep(left.substr(0, n)), call));
                    left.erase(0, n);
                }
        }
    }

    void rest() {
        for (auto& [call, left] : arguments)
            if (!left.empty()) events.push_back(made(Kind::tool_arguments, keep(left), call));
        static constexpr StopReason stops[] = {StopReason::none,   StopReason::end,     StopReason::tool_calls,
                                               StopReason::length, StopReason::refusal, StopReason::content_filter,
                                               StopReason::other};
        if (pick(8)) events.push_back(finish(stops[pick(std::size(stops))]));
    }
};

std::string trimmed(std::string_view s) {
    const size_t a = s.find_first_not_of(' '), b = s.find_last_not_of(' ');
    return a == std::string_view::npos ? "{}" : std::string(s.substr(a, b - a + 1));
}
}  // namespace

TEST(MessagesRenderer, any_order_of_events_makes_a_legal_stream) {
    const char* scale = std::getenv("AIG_TEST_SCALE");
    const unsigned runs = 20'000 * static_cast<unsigned>(std::max(1L, scale ? std::atol(scale) : 1L));
    for (unsigned seed = 0; seed < runs; ++seed) {
        Script script{std::mt19937(seed)};
        script.owned.reserve(256);  // views into short strings
        const size_t length = script.pick(24);
        for (size_t i = 0; i < length; ++i) script.one();
        script.rest();
        SCOPED_TRACE(fmt::format("seed {}", seed));
        const auto stream = rendered(script.events, true), body = rendered(script.events, false);
        ASSERT_EQ(judge_messages_stream(stream.bytes).fault, "") << stream.bytes;
        ASSERT_EQ(judge_messages_body(body.bytes), "") << body.bytes;
        const auto doc = JsonDoc::parse(body.bytes);
        std::string text;
        size_t calls = 0;
        for (const JsonRef b : doc->root()["content"]) {
            text += b["text"].text();
            if (b["type"].text() != "tool_use") continue;
            ++calls;
            const int index = b["id"].text().back() - '0';
            ASSERT_EQ(b["input"].raw(), trimmed(script.whole[index]));
        }
        ASSERT_EQ(text, script.text);
        ASSERT_EQ(calls, script.whole.size());
        if (seed % 8) continue;
        const auto cut = rendered(script.events, true, End::cut), fail = rendered(script.events, true, End::fail);
        ASSERT_EQ(judge_messages_stream(cut.bytes).fault, "") << cut.bytes;
        ASSERT_TRUE(judge_messages_stream(fail.bytes).failed) << fail.bytes;
    }
}
