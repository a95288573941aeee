// Caller's request x target -> what goes to an OpenAI Responses API, with its losses; and replies of that wire as an
// OpenAI chat caller gets them. The requests are those of inputs/anthropic_requests: one caller, another wire.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "dialect/openai_chat/openai_chat.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "golden.h"
#include "provider/openai_responses/openai_responses.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Target {
    std::string_view name;
    WireTarget target;
};
const std::array targets{
    Target{"gpt-5.5 (reasons)", {"gpt-5.5", 128000, {}, true}},
    Target{"plain server (no developer role, no sealed reasoning)",
           {"local", 0, {.no_developer_role = true, .no_encrypted_reasoning = true}, true}},
};

std::string one(const Target& t, const Request& request) {
    Losses losses;
    auto r = provider::openai_responses_wire().encode(request, t.target, losses);
    std::string out = fmt::format("=== {}\n", t.name);
    if (!r)
        return out +
               fmt::format("refused: {} ({}): {}\n", r.error().row().name, r.error().param(), r.error().message());
    for (const auto& loss : losses) out += fmt::format("loss: {}\n", loss);
    return out + golden::pretty(r->body);
}

struct Reply {
    const char* name;
    std::string bytes;
};
std::string sse(std::initializer_list<std::string_view> events) {
    std::string s;
    for (const auto e : events) s += fmt::format("data: {}\n\n", e);
    return s;
}
constexpr std::string_view created =
    R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-x","status":"in_progress","output":[]}})";
constexpr std::string_view completed =
    R"({"type":"response.completed","response":{"id":"resp_1","model":"gpt-x","status":"completed","output":[],"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":5},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4}}}})";

std::vector<Reply> replies() {
    return {
        {"text",
         sse({created,
              R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}})",
              R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"})",
              R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"lo"})", completed})},
        {"two calls",
         sse({created,
              R"({"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c1","name":"get","arguments":""}})",
              R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":1}"})",
              R"({"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c2","name":"put","arguments":"{}"}})",
              completed})},
        {"refusal",
         sse({created, R"({"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"I cannot."})",
              completed})},
        {"cut by its maximum",
         sse({created, R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"and then"})",
              R"({"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[],"usage":{"input_tokens":4,"output_tokens":16}}})"})},
    };
}

std::string through(const Reply& reply, bool stream) {
    Envelope envelope;
    envelope.stream = stream;
    envelope.wants_usage = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub/one";
    terms.request_id = "req_1";
    terms.created_s = 7;
    const Receipt receipt = ledger::ReceiptMint::test(42);
    const auto decoder = provider::openai_responses_wire().decoder(Operation::chat, true);
    const auto renderer = dialect::openai_chat().renderer(terms);
    std::vector<Event> events;
    std::string out;
    Usage usage;
    const auto take = [&](const Status& s) {
        for (const Event& e : events) {
            if (e.kind == Event::Kind::usage) usage = e.usage;
            renderer->event(e, out);
        }
        events.clear();
        EXPECT_TRUE(s.ok()) << reply.name;
    };
    take(decoder->feed(reply.bytes, events));
    take(decoder->end(events));
    const std::string tail = renderer->finish({usage, receipt});
    return out + "---- receipt ----\n" + (stream ? tail : golden::pretty(tail));
}
}  // namespace

TEST(GoldenResponsesWire, requests) {
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
        golden::expect_golden("responses_wire_" + file.stem().string(), text);
    }
}

TEST(GoldenResponsesWire, replies_to_a_chat_caller) {
    std::string stream, whole;
    for (const Reply& r : replies()) {
        const std::string title = fmt::format("==== {}\n", r.name);
        stream += title + through(r, true);
        whole += title + through(r, false);
    }
    golden::expect_golden("responses_wire_reply_stream", stream);
    golden::expect_golden("responses_wire_reply_whole", whole);
}
