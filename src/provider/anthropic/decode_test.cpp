#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/anthropic.h"

using namespace aig;
using namespace aig::canon;

namespace {

using K = Event::Kind;

/// What a reply said, in one line per event; pieces of one text are joined, so cuts do not show.
struct Seen {
    std::string log;
    std::optional<Usage> usage;
    std::optional<Error> error, failed;
    bool terminal = false;
    StopReason stop = StopReason::none;
};

class Watch {
  public:
    void operator()(const Event& e) {
        const auto piece = [&](std::string_view kind) {
            if (last_ != kind) seen.log += fmt::format("{}{}:", seen.log.empty() ? "" : "|", kind);
            last_ = kind;
            seen.log += e.text;
        };
        const auto line = [&](std::string text) {
            if (!seen.log.empty()) seen.log += '|';
            seen.log += text;
            last_.clear();
        };
        switch (e.kind) {
            case K::started:
                return line(fmt::format("started {} {}", e.id, e.name));
            case K::text:
                return piece("text");
            case K::reasoning:
                return piece("reasoning");
            case K::refusal:
                return piece("refusal");
            case K::state:
                return line(fmt::format("{} {}", e.name, e.text));
            case K::tool_begin:
                return line(fmt::format("tool {} {} {}", e.index, e.id, e.name));
            case K::tool_arguments:
                return piece(fmt::format("arguments {}", e.index));
            case K::extra:
                return line(fmt::format("extra {} {}", e.name, e.raw));
            case K::finish:
                seen.stop = e.stop;
                return line(fmt::format("finish {} {}", e.raw, e.text));
            case K::usage:
                seen.usage = e.usage;
                return;
            case K::error:
                return line("error");
            default:
                return line("?");
        }
    }
    Seen seen;

  private:
    std::string last_;
};

Seen read(std::string_view bytes, bool stream, size_t piece = 1 << 20) {
    auto decoder = provider::anthropic_wire().decoder(Operation::chat, stream);
    Watch watch;
    std::vector<Event> out;
    const auto take = [&](Status s) {
        for (const Event& e : out) watch(e);
        out.clear();
        if (!s && !watch.seen.failed) watch.seen.failed = s.error();
        return s.ok();
    };
    bool ok = true;
    for (size_t at = 0; ok && at < bytes.size(); at += piece) ok = take(decoder->feed(bytes.substr(at, piece), out));
    if (ok) take(decoder->end(out));
    watch.seen.error = decoder->error();
    watch.seen.terminal = decoder->terminal();
    return watch.seen;
}

std::string sse(std::initializer_list<std::string_view> events) {
    std::string s;
    for (const auto e : events) s += fmt::format("data: {}\n\n", e);
    return s;
}
constexpr std::string_view begin =
    R"({"type":"message_start","message":{"id":"msg_1","model":"claude-x","role":"assistant","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":1}}})";
constexpr std::string_view stop = R"({"type":"message_stop"})";

}  // namespace

TEST(AnthropicStream, text_thinking_tools_in_order) {
    const auto bytes = sse(
        {begin,
         R"({"type":"ping"})",
         R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"let me "}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see"}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"SIG="}})",
         R"({"type":"content_block_stop","index":0})",
         R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"first "}})",
         R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"second"}})",
         R"({"type":"content_block_stop","index":1})",
         R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"get","input":{}}})",
         R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}})",
         R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}})",
         R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":": 1}"}})",
         R"({"type":"content_block_stop","index":2})",
         R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"now","input":{}}})",
         R"({"type":"content_block_stop","index":3})",
         R"({"type":"brand_new_event","x":1})",
         R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":30,"output_tokens_details":{"thinking_tokens":12}}})",
         stop});
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{1} << 20}) {
        const auto s = read(bytes, true, piece);
        EXPECT_EQ(s.log,
                  "started msg_1 claude-x|reasoning:let me see|anthropic.signature SIG=|text:first second|tool 0 t1 "
                  "get|arguments "
                  "0:{\"a\": 1}|"
                  "tool 1 t2 now|arguments 1:{}|finish tool_use ");
        ASSERT_TRUE(s.usage);
        using C = Component;
        EXPECT_EQ((*s.usage)[C::input], 10);
        EXPECT_EQ((*s.usage)[C::cached_input], 5);
        EXPECT_EQ((*s.usage)[C::cache_write], 3);
        EXPECT_EQ((*s.usage)[C::cache_write_1h], 4);
        EXPECT_EQ((*s.usage)[C::output], 18);
        EXPECT_EQ((*s.usage)[C::reasoning], 12);
        EXPECT_TRUE(s.terminal);
        EXPECT_FALSE(s.failed);
        EXPECT_EQ(s.stop, StopReason::tool_calls);
    }
}

TEST(AnthropicStream, usage_is_cumulative_never_summed) {
    const auto s = read(
        sse({begin, R"({"type":"message_delta","delta":{},"usage":{"output_tokens":3}})",
             R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":11,"cache_read_input_tokens":5,"cache_creation_input_tokens":7,"output_tokens":9}})",
             stop}),
        true);
    EXPECT_EQ(s.usage->input_total(), 11 + 5 + 7);
    EXPECT_EQ(s.usage->output_total(), 9);
}

TEST(AnthropicStream, usage_that_is_no_count_is_not_sane) {
    for (std::string_view bad : {"-1", "1e18", "\"12\"", "3.5", "true"}) {
        const auto s = read(
            sse({begin,
                 fmt::format(
                     R"({{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"output_tokens":{}}}}})",
                     bad),
                 stop}),
            true);
        ASSERT_TRUE(s.usage) << bad;
        EXPECT_FALSE(s.usage->sane()) << bad;
        EXPECT_TRUE(s.terminal);
    }
    const auto none = read(sse({begin, R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})", stop}), true);
    EXPECT_FALSE(none.usage);
}

TEST(AnthropicStream, passes_beside_the_message_are_billed_too) {
    const auto s = read(
        sse({begin,
             R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":682,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":1320,"iterations":[{"type":"compaction","input_tokens":60385,"output_tokens":592},{"type":"message","input_tokens":682,"output_tokens":1320}]}})",
             stop}),
        true);
    EXPECT_EQ((*s.usage)[Component::input], 682 + 60385);
    EXPECT_EQ((*s.usage)[Component::output], 1320 + 592);
}

TEST(AnthropicStream, truncated_empty_and_garbage) {
    EXPECT_EQ(read("", true).failed->code(), ErrorCode::upstream_empty);
    EXPECT_EQ(read(" \n", true).failed->code(), ErrorCode::upstream_empty);
    EXPECT_EQ(read(sse({begin}), true).failed->code(), ErrorCode::upstream_truncated);
    EXPECT_EQ(
        read(sse({begin, R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}})"}),
             true)
            .failed->code(),
        ErrorCode::upstream_truncated);
    EXPECT_EQ(read("<html><body>Bad gateway</body></html>", true).failed->code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(read("data: {\"type\":\n\n", true).failed->code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(
        read(sse({begin, R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})"}), true)
            .failed->code(),
        ErrorCode::upstream_garbage);
    // The last blank line may be missing.
    EXPECT_TRUE(read(sse({begin}) + "data: {\"type\":\"message_stop\"}\n", true).terminal);
}

TEST(AnthropicStream, errors_inside) {
    const auto overloaded = R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})";
    auto s = read(sse({overloaded}), true);
    ASSERT_TRUE(s.error);
    EXPECT_EQ(s.error->code(), ErrorCode::upstream_overloaded);
    EXPECT_FALSE(s.terminal);
    s = read(sse({begin, R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}})",
                  overloaded, stop}),
             true);
    EXPECT_EQ(s.log, "started msg_1 claude-x|text:a|error");
    EXPECT_FALSE(s.terminal);
    // A 200 whose body is bare JSON, and a bare JSON tail behind a stream.
    EXPECT_EQ(read(overloaded, true).error->code(), ErrorCode::upstream_overloaded);
    EXPECT_EQ(read(sse({begin}) + overloaded, true).error->code(), ErrorCode::upstream_overloaded);
}

TEST(AnthropicStream, nothing_counts_behind_the_end) {
    const auto s =
        read(sse({begin, R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}})",
                  stop, "[DONE]", begin,
                  R"({"type":"message_delta","delta":{"stop_reason":"refusal"},"usage":{"output_tokens":99}})"}),
             true);
    EXPECT_EQ(s.log, "started msg_1 claude-x|finish end_turn ");
    EXPECT_EQ(s.usage->output_total(), 2);
}

TEST(AnthropicStream, server_blocks_and_citations_are_kept) {
    const auto s = read(
        sse({begin,
             R"({"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"x\"}"}})",
             R"({"type":"content_block_stop","index":0})",
             R"({"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s1","content":[]}})",
             R"({"type":"content_block_stop","index":1})",
             R"({"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"type":"char_location"}}})",
             R"({"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"so"}})",
             R"({"type":"content_block_stop","index":2})",
             R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}})", stop}),
        true, 1);
    EXPECT_EQ(s.log,
              R"(started msg_1 claude-x|text:so|extra citations [{"type":"char_location"}]|)"
              R"(extra content_blocks [{"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"x"}},)"
              R"({"type":"web_search_tool_result","tool_use_id":"s1","content":[]}]|finish end_turn )");
}

TEST(AnthropicStream, the_stand_in_tool_becomes_text_and_stop) {
    const auto s = read(
        sse({begin,
             R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"aig_structured_output","input":{}}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"n\":"}})",
             R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}})",
             R"({"type":"content_block_stop","index":0})",
             R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}})", stop}),
        true);
    EXPECT_EQ(s.log, "started msg_1 claude-x|text:{\"n\":1}|finish tool_use ");
    EXPECT_EQ(s.stop, StopReason::end);
    const auto whole = read(
        R"({"id":"m","model":"c","content":[{"type":"tool_use","id":"t","name":"aig_structured_output","input":{"n":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}})",
        false);
    EXPECT_EQ(whole.log, "started m c|text:{\"n\":1}|finish tool_use ");
    EXPECT_EQ(whole.stop, StopReason::end);
}

TEST(AnthropicWhole, the_same_events_at_once) {
    const auto s = read(
        R"({"id":"m","type":"message","model":"c","content":[{"type":"thinking","thinking":"hm","signature":"S"},{"type":"redacted_thinking","data":"D"},{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"get","input":{"a": 1.0}}],"stop_reason":"stop_sequence","stop_sequence":"END","usage":{"input_tokens":1,"output_tokens":2}})",
        false, 3);
    EXPECT_EQ(s.log,
              "started m c|reasoning:hm|anthropic.signature S|anthropic.redacted_thinking D|text:hi|tool 0 t "
              "get|arguments 0:{\"a\": 1.0}|finish "
              "stop_sequence END");
    EXPECT_TRUE(s.terminal);
    EXPECT_EQ(s.usage->input_total(), 1);
}

TEST(AnthropicWhole, a_refusal_says_why) {
    const auto s = read(
        R"({"id":"m","model":"c","content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","explanation":"cannot"},"usage":{"input_tokens":1,"output_tokens":2}})",
        false);
    EXPECT_EQ(
        s.log,
        R"(started m c|refusal:cannot|extra stop_details {"type":"refusal","explanation":"cannot"}|finish refusal )");
}

TEST(AnthropicWhole, bad_bodies) {
    EXPECT_EQ(read("", false).failed->code(), ErrorCode::upstream_empty);
    EXPECT_EQ(read("{\"id\":\"m\",\"cont", false).failed->code(), ErrorCode::upstream_truncated);
    EXPECT_EQ(read("<html>", false).failed->code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(read("{}", false).failed->code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(read(R"({"type":"error","error":{"type":"api_error","message":"x"}})", false).error->code(),
              ErrorCode::upstream_error);
}

TEST(AnthropicError, by_status_and_type) {
    const auto code = [](int status, std::string_view body) {
        return provider::anthropic_wire().error(status, body).row().name;
    };
    const auto body = [](std::string_view type, std::string_view message) {
        return fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"{}"}},"request_id":"req_1"}})", type,
                           message);
    };
    EXPECT_EQ(code(400, body("invalid_request_error", "temperature: range: 0..1")), "upstream_rejected");
    EXPECT_EQ(code(400, body("invalid_request_error", "prompt is too long: 215000 tokens > 200000 maximum")),
              "context_too_long");
    EXPECT_EQ(code(400, body("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 3")),
              "context_too_long");
    EXPECT_EQ(code(400, body("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")),
              "upstream_spend_limit");
    EXPECT_EQ(code(400, body("invalid_request_error", "Output blocked by content filtering policy")),
              "content_rejected");
    EXPECT_EQ(code(401, body("authentication_error", "invalid x-api-key")), "upstream_auth");
    EXPECT_EQ(code(402, body("billing_error", "pay")), "upstream_spend_limit");
    EXPECT_EQ(code(403, body("permission_error", "no")), "upstream_auth");
    EXPECT_EQ(code(404, body("not_found_error", "model: claude-y")), "upstream_model_missing");
    EXPECT_EQ(code(413, body("request_too_large", "big")), "too_large");
    EXPECT_EQ(code(429, body("rate_limit_error", "slow down")), "upstream_rate_limited");
    EXPECT_EQ(code(429, body("rate_limit_error", "enforced_spend_limit_reached")), "upstream_spend_limit");
    EXPECT_EQ(code(500, body("api_error", "x")), "upstream_error");
    EXPECT_EQ(code(504, body("timeout_error", "x")), "upstream_timeout");
    EXPECT_EQ(code(529, body("overloaded_error", "x")), "upstream_overloaded");
    EXPECT_EQ(code(529, ""), "upstream_overloaded");
    EXPECT_EQ(code(429, ""), "upstream_rate_limited");
    EXPECT_EQ(code(502, "<html>nginx</html>"), "upstream_error");
    EXPECT_EQ(code(503, "<html>nginx</html>"), "upstream_overloaded");
    EXPECT_EQ(code(301, ""), "upstream_garbage");
    EXPECT_EQ(provider::anthropic_wire().error(422, "{}").status(), 422);
}

TEST(AnthropicError, keeps_the_message_but_no_key) {
    const auto e = provider::anthropic_wire().error(
        401,
        R"({"type":"error","error":{"type":"authentication_error","message":"bad key sk-ant-api03-abcdefghijkl"}})");
    EXPECT_EQ(e.message().find("abcdefghijkl"), std::string::npos);
    EXPECT_EQ(e.reason(), "authentication_error");
    EXPECT_EQ(e.message().find("<html>"), std::string::npos);
}
