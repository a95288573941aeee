// OpenAI requests x targets, and replies x ways out. A case is named after the bug it guards against.
#include "dialect/errors.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "golden.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Case {
    const char* name;
    const char* json;
};

constexpr Case requests[] = {
    {"developer_message_in_the_middle_stays_there",
     R"({"model":"m","messages":[{"role":"user","content":"a"},{"role":"developer","content":"be brief"},{"role":"user","content":"b"}],"max_tokens":9,"temperature":0.50})"},
    {"parallel_tool_results_stay_together",
     R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":""}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{\"n\":1.50}"}}]},{"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"two"}]}],"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g","description":"d","parameters":{"type":"object","properties":{"n":{"type":"number"}}},"strict":true}}],"parallel_tool_calls":false,"tool_choice":{"type":"function","function":{"name":"g"}}})"},
    {"images_keep_detail_and_data",
     R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]})"},
    {"unknown_members_are_not_dropped_in_silence",
     R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a","odd":1}],"seed":7,"user":"u","logprobs":true,"prediction":{"x":12.50},"stream":true,"stream_options":{"include_usage":false}})"},
    {"several_stops_and_json_schema",
     R"({"model":"m","max_completion_tokens":9,"messages":[{"role":"user","content":"a"}],"stop":["x","y"],"response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object","properties":{},"additionalProperties":false},"strict":true}}})"},
};

struct Target {
    const char* name;
    const char* wire;
    Quirks quirks;
};
constexpr Target targets[] = {
    {"openai", "openai-chat", {.max_completion_tokens = true}},
    {"plain_server",
     "openai-chat",
     {.no_stream_options = true, .no_developer_role = true, .no_parallel_tool_calls = true}},
    {"anthropic", "anthropic", {}},
};

std::string chunk(std::string_view choices, std::string_view more = "") {
    return R"(data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"up-1","choices":[)" +
           std::string(choices) + "]" + std::string(more) + "}\n\n";
}

struct Reply {
    const char* name;
    std::string bytes;
};
std::vector<Reply> replies() {
    const std::string role = chunk(R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})"),
                      done = "data: [DONE]\n\n";
    const std::string usage = chunk(
        "",
        R"(,"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":1}})");
    return {
        {"finish_and_content_in_one_chunk",
         role + chunk(R"({"index":0,"delta":{"content":"hi"},"finish_reason":"stop"})") + usage + done},
        {"parallel_calls_all_with_index_0",
         role +
             chunk(
                 R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}})") +
             chunk(
                 R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{\"x\":1}"}}]}})") +
             chunk(R"({"index":0,"delta":{},"finish_reason":"tool_calls"})") + usage + done},
        {"usage_in_the_finish_chunk_and_no_done", role + chunk(R"({"index":0,"delta":{"content":"hi"}})") +
                                                      chunk(R"({"index":0,"delta":{},"finish_reason":"length"})",
                                                            R"(,"usage":{"prompt_tokens":9,"completion_tokens":4})")},
        {"reasoning_under_two_names", chunk(R"({"index":0,"delta":{"reasoning":"hm","reasoning_content":"hm"}})") +
                                          chunk(R"({"index":0,"delta":{"content":"hi"},"finish_reason":"stop"})") +
                                          usage + done},
        {"tool_call_without_arguments",
         chunk(
             R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}})") +
             chunk(R"({"index":0,"delta":{},"finish_reason":"stop"})") + usage + done},
    };
}

std::string through(const Reply& reply, bool translated, bool stream) {
    Envelope envelope;
    envelope.stream = stream;
    envelope.wants_usage = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub/one";
    terms.request_id = "req_1";
    terms.created_s = 7;
    const Receipt receipt = ledger::ReceiptMint::test(42);
    std::string out;
    if (!translated) {
        const auto tap = dialect::openai_chat().tap(terms);
        const auto pieces = tap->feed(reply.bytes);
        for (const auto p : *pieces) out += p;
        if (const auto end = tap->end(); !end) return out + "failed: " + end.error().message() + "\n";
        const Usage usage = tap->facts().usage.value_or(Usage{});
        return out + "---- receipt ----\n" + tap->finish({usage, receipt});
    }
    const auto decoder = provider::wire("openai-chat")->decoder(Operation::chat, true);
    const auto renderer = dialect::openai_chat().renderer(terms);
    std::vector<Event> events;
    Usage usage;
    const auto take = [&](const Status& s) {
        for (const Event& e : events) {
            if (e.kind == Event::Kind::usage) usage = e.usage;
            renderer->event(e, out);
        }
        events.clear();
        EXPECT_TRUE(s.ok());
    };
    take(decoder->feed(reply.bytes, events));
    take(decoder->end(events));
    const std::string tail = renderer->finish({usage, receipt});
    return out + "---- receipt ----\n" + (stream ? tail : golden::pretty(tail));
}
}  // namespace

TEST(GoldenOpenai, requests_by_target) {
    for (const Target& t : targets) {
        const Wire* wire = provider::wire(t.wire);
        if (!wire) continue;
        std::string all;
        for (const Case& c : requests) {
            const auto parsed = dialect::openai_chat().parse({Operation::chat, c.json});
            ASSERT_TRUE(parsed.ok()) << c.name;
            Losses losses;
            const auto out = wire->encode(*parsed, WireTarget{"target-model", 4096, t.quirks}, losses);
            all += std::string("==== ") + c.name + "\n";
            all += out ? "POST " + out->path + "\n" + golden::pretty(out->body)
                       : "refused: " + out.error().message() + "\n";
            for (const auto& l : losses) all += "lost: " + l + "\n";
        }
        golden::expect_golden(std::string("openai_request_to_") + t.name, all);
    }
}

TEST(GoldenOpenai, replies_by_way_out) {
    std::string tap, stream, whole;
    for (const Reply& r : replies()) {
        const std::string title = std::string("==== ") + r.name + "\n";
        tap += title + through(r, false, true);
        stream += title + through(r, true, true);
        whole += title + through(r, true, false);
    }
    golden::expect_golden("openai_reply_lossless", tap);
    golden::expect_golden("openai_reply_stream", stream);
    golden::expect_golden("openai_reply_whole", whole);
}

TEST(GoldenOpenai, errors_by_surface) {
    constexpr std::pair<const char*, Surface> surfaces[] = {
        {"aigate", Surface::aigate},         {"aigateway", Surface::aigateway}, {"aigenway", Surface::aigenway},
        {"aigate_one", Surface::aigate_one}, {"anthropic", Surface::anthropic}, {"gemini", Surface::gemini}};
    std::string all;
    for (size_t i = 0; i < error_count(); ++i)
        for (const auto& [name, surface] : surfaces) {
            const auto r =
                dialect::render_error(Error(static_cast<ErrorCode>(i), "What was wrong."), surface, "req_1", "/");
            const auto doc = JsonDoc::parse(r.body);
            const JsonRef e = doc->root()["error"];
            all += std::string(error_row(static_cast<ErrorCode>(i)).name) + ' ' + name + ' ' +
                   std::to_string(r.status) + ' ' + std::string(e["type"].text()) + ' ' + std::string(e["code"].raw()) +
                   std::string(e["status"].raw()) + '\n';
        }
    golden::expect_golden("errors_by_surface", all);
}
