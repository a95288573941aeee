#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/openai_responses/openai_responses.h"

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
        switch (e.kind) {
            case K::started:
                return line(fmt::format("started {} {}", e.id, e.name));
            case K::text:
                return piece("text", e);
            case K::reasoning:
                return piece(fmt::format("{} {}", e.name.empty() ? "reasoning" : e.name, e.index), e);
            case K::refusal:
                return piece("refusal", e);
            case K::state:
                return line(fmt::format("{} {}", e.name, e.text));
            case K::tool_begin:
                return line(fmt::format("{} {} {} {}", e.custom ? "custom" : "tool", e.index, e.id, e.name));
            case K::tool_arguments:
                return piece(fmt::format("arguments {}", e.index), e);
            case K::annotation:
                return line(fmt::format("annotation {}", e.raw));
            case K::media:
                return line(fmt::format("media {} {}", e.name, e.text));
            case K::block:
                return line(fmt::format("block {} {}", e.name, e.raw));
            case K::logprobs:
                return line(fmt::format("logprobs {}", e.raw));
            case K::finish:
                seen.stop = e.stop;
                return line(fmt::format("finish {}", e.raw));
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
    void piece(const std::string& kind, const Event& e) {
        if (last_ != kind) seen.log += fmt::format("{}{}:", seen.log.empty() ? "" : "|", kind);
        last_ = kind;
        seen.log += e.text;
    }
    void line(const std::string& text) {
        if (!seen.log.empty()) seen.log += '|';
        seen.log += text;
        last_.clear();
    }
    std::string last_;
};

Seen read(std::string_view bytes, bool stream, size_t piece = 1 << 20) {
    auto decoder = provider::openai_responses_wire().decoder(Operation::chat, stream);
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
    for (const auto e : events) s += fmt::format("event: x\ndata: {}\n\n", e);
    return s;
}
constexpr std::string_view created =
    R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-x","status":"in_progress","output":[]}})";
std::string completed(std::string_view output = "[]", std::string_view status = "completed") {
    return fmt::format(
        R"({{"type":"response.{}","response":{{"id":"resp_1","model":"gpt-x","status":"{}","output":{},"usage":{{"input_tokens":20,"input_tokens_details":{{"cached_tokens":5}},"output_tokens":9,"output_tokens_details":{{"reasoning_tokens":4}}}}}}}})",
        status, status, output);
}
}  // namespace

TEST(ResponsesStream, reasoning_text_and_calls_in_order) {
    const auto bytes = sse(
        {created,
         R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"early"}})",
         R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"first "})",
         R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"thought"})",
         R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"second"})",
         R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"first thought"},{"type":"summary_text","text":"second"}],"encrypted_content":"gAAA+/=="}})",
         R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"msg_1","content":[]}})",
         R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"item_id":"other_each_time","delta":"Hel"})",
         R"({"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"lo"})",
         R"({"type":"response.output_text.annotation.added","output_index":1,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"https://x"}})",
         R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","id":"msg_1","content":[{"type":"output_text","text":"Hello","annotations":[{"type":"url_citation","url":"https://x"},{"type":"url_citation","url":"https://y"}]}]}})",
         R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get","arguments":""}})",
         R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"a\":"})",
         R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"1}"})",
         R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get","arguments":"{\"a\":1}"}})",
         R"({"type":"response.output_item.added","output_index":3,"item":{"type":"custom_tool_call","call_id":"call_2","name":"patch","input":""}})",
         R"({"type":"response.custom_tool_call_input.delta","output_index":3,"delta":"*** x"})",
         R"({"type":"response.output_item.done","output_index":3,"item":{"type":"custom_tool_call","call_id":"call_2","name":"patch","input":"*** x"}})",
         completed()});
    for (const size_t piece : {size_t{1} << 20, size_t{1}, size_t{7}}) {
        const auto s = read(bytes, true, piece);
        EXPECT_EQ(
            s.log,
            "started resp_1 gpt-x|summary 0:first thought|summary 1:second|openai.encrypted_content gAAA+/=="
            R"(|text:Hello|annotation {"type":"url_citation","url":"https://x"}|annotation {"type":"url_citation","url":"https://y"})"
            R"(|tool 0 call_1 get|arguments 0:{"a":1}|custom 1 call_2 patch|arguments 1:*** x|finish completed)");
        EXPECT_EQ(s.stop, StopReason::tool_calls);  // though the final response's output is empty
        EXPECT_TRUE(s.terminal);
        ASSERT_TRUE(s.usage);
        EXPECT_EQ((*s.usage)[Component::input], 15);
        EXPECT_EQ((*s.usage)[Component::cached_input], 5);
        EXPECT_EQ((*s.usage)[Component::reasoning], 4);
    }
}

TEST(ResponsesStream, what_no_piece_gave_comes_from_the_item_or_the_end) {
    const auto from_item = read(
        sse({created,
             R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"whole"}]}})",
             R"({"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}})",
             completed()}),
        true);
    EXPECT_EQ(from_item.log, "started resp_1 gpt-x|text:whole|tool 0 c f|arguments 0:{}|finish completed");
    const auto from_end = read(
        sse({created, completed(R"([{"type":"message","content":[{"type":"output_text","text":"late"}]}])")}), true);
    EXPECT_EQ(from_end.log, "started resp_1 gpt-x|text:late|finish completed");
    EXPECT_EQ(from_end.stop, StopReason::end);
}

TEST(ResponsesStream, nothing_is_said_twice) {
    const auto s =
        read(sse({created,
                  R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}})",
                  R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"once"})",
                  completed(R"([{"type":"message","content":[{"type":"output_text","text":"once"}]}])")}),
             true);
    EXPECT_EQ(s.log, "started resp_1 gpt-x|text:once|finish completed");
}

TEST(ResponsesStream, reasoning_and_a_summary_of_it_are_one) {
    const auto s = read(
        sse({created,
             R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","summary":[]}})",
             R"({"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"raw"})",
             R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"short"})",
             R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","summary":[{"type":"summary_text","text":"short"}],"content":[{"type":"reasoning_text","text":"raw"}]}})",
             completed()}),
        true);
    EXPECT_EQ(s.log, "started resp_1 gpt-x|reasoning 0:raw|finish completed");
}

TEST(ResponsesStream, refusals_log_probabilities_and_unknown_events) {
    const auto s = read(
        sse({created, R"({"type":"keepalive"})", R"({"type":"response.new_thing","output_index":9})",
             R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}})",
             R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a","logprobs":[{"token":"a","logprob":-0.10}]})",
             R"({"type":"response.refusal.delta","output_index":0,"content_index":1,"delta":"I can't"})",
             completed()}) +
            "data: [DONE]\n\n",
        true);
    EXPECT_EQ(
        s.log,
        R"(started resp_1 gpt-x|text:a|logprobs {"content":[{"token":"a","logprob":-0.10}]}|refusal:I can't|finish completed)");
    EXPECT_EQ(s.stop, StopReason::end);
}

TEST(ResponsesStream, server_tools_are_blocks_and_their_images_media) {
    const auto s = read(
        sse({created,
             R"({"type":"response.output_item.added","output_index":0,"item":{"type":"web_search_call","id":"ws_1","status":"in_progress"}})",
             R"({"type":"response.web_search_call.searching","output_index":0})",
             R"({"type":"response.output_item.done","output_index":0,"item":{"type":"web_search_call","id":"ws_1","status":"completed"}})",
             R"({"type":"response.output_item.done","output_index":1,"item":{"type":"image_generation_call","output_format":"webp","result":"AAAA"}})",
             R"({"type":"response.output_item.done","output_index":2,"item":{"type":"mcp_call","arguments":"{}"}})",
             completed()}),
        true);
    EXPECT_EQ(
        s.log,
        R"(started resp_1 gpt-x|block web_search_call {"type":"web_search_call","id":"ws_1","status":"completed"}|media image/webp AAAA|block mcp_call {"type":"mcp_call","arguments":"{}"}|finish completed)");
}

TEST(ResponsesStream, how_it_ends) {
    auto s = read(
        sse({created,
             R"({"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}})"}),
        true);
    EXPECT_EQ(s.stop, StopReason::length);
    EXPECT_EQ(s.log, "started resp_1 gpt-x|finish max_output_tokens");
    s = read(
        sse({created,
             R"({"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}})"}),
        true);
    EXPECT_EQ(s.stop, StopReason::content_filter);
    s = read(
        sse({created,
             R"({"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"too many"},"output":[]}})"}),
        true);
    ASSERT_TRUE(s.error);
    EXPECT_EQ(s.error->code(), ErrorCode::upstream_rate_limited);
    EXPECT_FALSE(s.terminal);
    s = read(sse({created, R"({"type":"error","code":"server_error","message":"boom"})", completed()}), true);
    ASSERT_TRUE(s.error);
    EXPECT_EQ(s.error->code(), ErrorCode::upstream_error);
    EXPECT_EQ(s.log, "started resp_1 gpt-x|error");
    s = read(sse({created}), true);
    ASSERT_TRUE(s.failed);
    EXPECT_EQ(s.failed->code(), ErrorCode::upstream_truncated);
}

TEST(ResponsesStream, garbage) {
    const auto code = [](std::string_view bytes) {
        const auto s = read(bytes, true);
        return s.failed ? s.failed->code() : ErrorCode::internal;
    };
    EXPECT_EQ(code(""), ErrorCode::upstream_empty);
    EXPECT_EQ(code("<html>"), ErrorCode::upstream_garbage);
    EXPECT_EQ(code("data: {\n\n"), ErrorCode::upstream_garbage);
    EXPECT_EQ(code(sse({created, R"({"type":"response.output_text.delta","output_index":-1,"delta":"x"})"})),
              ErrorCode::upstream_garbage);
    EXPECT_EQ(code(sse({created,
                        R"({"type":"response.output_text.delta","output_index":0,"content_index":-1,"delta":"x"})"})),
              ErrorCode::upstream_garbage);
}

TEST(ResponsesStream, a_whole_reply_where_a_stream_was_due) {
    const auto s = read(
        R"({"id":"r","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}]})",
        true);
    EXPECT_EQ(s.log, "started r |text:hi|finish completed");
    EXPECT_TRUE(s.terminal);
    const auto e = read(R"({"error":{"message":"no","type":"invalid_request_error"}})", true);
    EXPECT_TRUE(e.error);
}

TEST(ResponsesWhole, one_reply) {
    const auto s = read(R"({"id":"r","model":"m","object":"response","status":"completed","error":null,"output":[
        {"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"why"}],"encrypted_content":"gZZ="},
        {"type":"message","content":[{"type":"output_text","text":"so","annotations":[],"logprobs":[{"token":"so"}]},{"type":"refusal","refusal":"no"}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{\"x\":1.0}"}],
        "usage":{"input_tokens":3,"output_tokens":4}})",
                        false);
    EXPECT_EQ(
        s.log,
        R"(started r m|summary 0:why|openai.encrypted_content gZZ=|text:so|logprobs {"content":[{"token":"so"}]}|refusal:no|tool 0 c f|arguments 0:{"x":1.0}|finish completed)");
    EXPECT_EQ(s.stop, StopReason::tool_calls);
    EXPECT_EQ(s.usage->output_total(), 4);
}

TEST(ResponsesWhole, failures) {
    const auto failure = [](std::string_view body) {
        const auto s = read(body, false);
        return s.error ? s.error->code() : s.failed ? s.failed->code() : ErrorCode::internal;
    };
    EXPECT_EQ(failure(R"({"status":"failed","error":{"code":"server_error","message":"x"},"output":[]})"),
              ErrorCode::upstream_error);
    EXPECT_EQ(failure(R"({"status":"cancelled","output":[]})"), ErrorCode::upstream_error);
    EXPECT_EQ(failure(R"({"status":"queued","output":[]})"), ErrorCode::upstream_garbage);
    EXPECT_EQ(failure(R"({"status":"completed"})"), ErrorCode::upstream_garbage);
    EXPECT_EQ(failure(R"({"status":"comp)"), ErrorCode::upstream_truncated);
    EXPECT_EQ(failure(" "), ErrorCode::upstream_empty);
    EXPECT_EQ(failure("<html>"), ErrorCode::upstream_garbage);
}

TEST(ResponsesWire, errors_and_features) {
    const auto& wire = provider::openai_responses_wire();
    EXPECT_EQ(
        wire.error(
                400,
                R"({"error":{"message":"Your input exceeds the context window of this model.","code":"context_length_exceeded","param":"input"}})")
            .code(),
        ErrorCode::context_too_long);
    EXPECT_TRUE(wire.lacks(Operation::chat) & feature_stop);
    EXPECT_FALSE(wire.lacks(Operation::chat) & feature_custom_tools);
    EXPECT_EQ(wire.head(Operation::chat, {"m", 0, {}, false}, true).path, "/responses");
    EXPECT_TRUE(wire.carries(Family::openai_responses, {}));
    EXPECT_FALSE(wire.carries(Family::openai_chat, {}));
}
