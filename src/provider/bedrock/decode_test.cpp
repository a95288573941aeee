// Converse replies, whole and streamed, and the chunks of InvokeModel: what comes out, and what never passes for whole.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "provider/base64.h"
#include "provider/bedrock/bedrock.h"
#include "provider/testing/event_stream.h"

namespace aig::provider {
namespace {

using namespace canon;
using provider::testing::event;
using provider::testing::exception;

struct Read {
    std::string said;  ///< one line an event
    std::optional<ErrorCode> failure;
    bool terminal = false;
};

void tell(std::string& out, const Event& e) {
    using Kind = Event::Kind;
    switch (e.kind) {
        case Kind::text:
            out += fmt::format("text {}\n", e.text);
            break;
        case Kind::reasoning:
            out += fmt::format("reasoning {}\n", e.text);
            break;
        case Kind::state:
            out += fmt::format("state {} {}\n", e.name, e.text);
            break;
        case Kind::tool_begin:
            out += fmt::format("call {} {} {}\n", e.index, e.id, e.name);
            break;
        case Kind::tool_arguments:
            out += fmt::format("arguments {} {}\n", e.index, e.text);
            break;
        case Kind::media:
            out += fmt::format("media {} {}\n", e.name, e.text);
            break;
        case Kind::block:
        case Kind::extra:
            out += fmt::format("{} {}\n", e.name, e.raw);
            break;
        case Kind::finish:
            out += fmt::format("finish {} {}\n", static_cast<int>(e.stop), e.raw);
            break;
        case Kind::usage:
            out += fmt::format("usage {}/{}/{} {}\n", e.usage[Component::input], e.usage[Component::cached_input],
                               e.usage[Component::cache_write], e.usage.output_total());
            break;
        default:
            break;
    }
}

Read read(const Wire& wire, std::string_view bytes, bool stream, size_t piece = 1 << 20) {
    const auto decoder = wire.decoder(Operation::chat, stream);
    Read r;
    std::vector<Event> events;
    const auto take = [&](const Status& s) {
        for (const Event& e : events) tell(r.said, e);
        events.clear();
        if (!s) r.failure = s.error().code();
        if (decoder->error()) r.failure = decoder->error()->code();
        return !r.failure;
    };
    bool going = true;
    for (size_t at = 0; going && at < bytes.size(); at += piece) {
        const std::string own(bytes.substr(at, piece));
        going = take(decoder->feed(own, events));
    }
    if (going) take(decoder->end(events));
    r.terminal = decoder->terminal();
    return r;
}

const std::string redacted = base64_text("abc");

std::string streamed() {
    return event("messageStart", R"({"role":"assistant"})") +
           event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}})") +
           event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"sig"}}})") +
           event("contentBlockStop", R"({"contentBlockIndex":0})") +
           event("contentBlockDelta", R"({"contentBlockIndex":1,"delta":{"text":"hi"}})") +
           event("contentBlockStop", R"({"contentBlockIndex":1})") +
           event("contentBlockStart", R"({"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"f"}}})") +
           event("contentBlockDelta", R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"a\":"}}})") +
           event("contentBlockDelta", R"({"contentBlockIndex":2,"delta":{"toolUse":{"input":"1}"}}})") +
           event("contentBlockStop", R"({"contentBlockIndex":2})") +
           event("contentBlockStart", R"({"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t2","name":"g"}}})") +
           event("contentBlockStop", R"({"contentBlockIndex":3})") +
           event("contentBlockDelta",
                 R"({"contentBlockIndex":4,"delta":{"reasoningContent":{"redactedContent":")" + redacted + R"("}}})") +
           event("messageStop", R"({"stopReason":"tool_use"})") +
           event("metadata", R"({"usage":{"inputTokens":3,"outputTokens":7,"totalTokens":20,)"
                             R"("cacheReadInputTokens":8,"cacheWriteInputTokens":2},"metrics":{"latencyMs":1}})");
}
const char* const streamed_says =
    "reasoning hm\nstate anthropic.signature sig\ntext hi\ncall 0 t1 f\narguments 0 {\"a\":\narguments 0 1}\n"
    "call 1 t2 g\narguments 1 {}\nstate anthropic.redacted_thinking abc\nfinish 5 tool_use\nusage 3/8/2 7\n";

TEST(BedrockReply, SaysTheSameHoweverItIsCut) {
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{100}, size_t{1} << 20}) {
        const Read r = read(bedrock_wire(), streamed(), true, piece);
        EXPECT_EQ(r.said, streamed_says) << piece;
        EXPECT_TRUE(r.terminal && !r.failure) << piece;
    }
}

TEST(BedrockReply, WholeSaysWhatAStreamSays) {
    const std::string body =
        R"({"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm",)"
        R"("signature":"sig"}}},{"text":"hi"},{"toolUse":{"toolUseId":"t1","name":"f","input":{"a":1}}},)"
        R"({"toolUse":{"toolUseId":"t2","name":"g","input":{},"type":"tool_use"}},)"
        R"({"reasoningContent":{"redactedContent":")" +
        redacted +
        R"("}}]}},"stopReason":"tool_use","usage":{"inputTokens":3,"outputTokens":7,"totalTokens":20,)"
        R"("cacheReadInputTokens":8,"cacheWriteInputTokens":2}})";
    std::string says = streamed_says;
    says.replace(says.find("{\"a\":\narguments 0 1}"), 20, "{\"a\":1}");
    EXPECT_EQ(read(bedrock_wire(), body, false).said, says);
}

TEST(BedrockReply, BytesThatAreNoTextStayAsTheyCame) {
    const std::string binary = base64_text("\x01\xff");
    const std::string body = R"({"output":{"message":{"content":[{"reasoningContent":{"redactedContent":")" + binary +
                             R"("}}]}},"stopReason":"end_turn"})";
    EXPECT_EQ(read(bedrock_wire(), body, false).said,
              "state bedrock.redacted_content " + binary + "\nfinish 1 end_turn\n");
}

TEST(BedrockReply, AnswersOfTheReservedToolAreText) {
    const std::string body =
        R"({"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"aig_structured_output",)"
        R"("input":{"a":1}}}]}},"stopReason":"tool_use"})";
    EXPECT_EQ(read(bedrock_wire(), body, false).said, "text {\"a\":1}\nfinish 1 tool_use\n");
}

TEST(BedrockReply, StopWordsHaveAMeaning) {
    const std::pair<const char*, StopReason> words[] = {{"guardrail_intervened", StopReason::content_filter},
                                                        {"content_filtered", StopReason::content_filter},
                                                        {"model_context_window_exceeded", StopReason::context_full},
                                                        {"malformed_tool_use", StopReason::other},
                                                        {"max_tokens", StopReason::length}};
    for (const auto& [word, stop] : words) {
        const auto body = fmt::format(
            R"({{"output":{{"message":{{"content":[{{"text":"x"}}]}}}},"stopReason":"{}","trace":{{"a":1}}}})", word);
        EXPECT_EQ(read(bedrock_wire(), body, false).said,
                  fmt::format("text x\nfinish {} {}\ntrace {{\"a\":1}}\n", static_cast<int>(stop), word));
    }
}

TEST(BedrockReply, ExceptionsEndTheReply) {
    const std::string begun = event("messageStart", R"({"role":"assistant"})") +
                              event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"hi"}})");
    const std::pair<const char*, ErrorCode> kinds[] = {
        {"throttlingException", ErrorCode::upstream_rate_limited},
        {"modelStreamErrorException", ErrorCode::upstream_error},
        {"serviceUnavailableException", ErrorCode::upstream_overloaded},
        {"internalServerException", ErrorCode::upstream_error},
        {"validationException", ErrorCode::upstream_rejected},
    };
    for (const auto& [kind, code] : kinds) {
        const Read r = read(bedrock_wire(), begun + exception(kind, R"({"message":"no"})"), true);
        EXPECT_EQ(r.failure, code) << kind;
        EXPECT_EQ(r.said, "text hi\n");
        EXPECT_FALSE(r.terminal);
    }
}

TEST(BedrockReply, NothingPassesForWholeThatIsNot) {
    const std::string all = streamed();
    const size_t stop = all.find("messageStop");
    EXPECT_EQ(read(bedrock_wire(), all.substr(0, stop - 40), true).failure, ErrorCode::upstream_truncated);
    EXPECT_EQ(read(bedrock_wire(), "", true).failure, ErrorCode::upstream_empty);
    EXPECT_EQ(read(bedrock_wire(), "<html>too long to be a prelude", true).failure, ErrorCode::upstream_garbage);
    EXPECT_EQ(read(bedrock_wire(), "{\"output\":", false).failure, ErrorCode::upstream_truncated);
    EXPECT_EQ(read(bedrock_wire(), "{}", false).failure, ErrorCode::upstream_garbage);
    EXPECT_EQ(read(bedrock_wire(), " ", false).failure, ErrorCode::upstream_empty);
}

std::string chunk(std::string_view json) {
    return event("chunk", fmt::format(R"({{"bytes":"{}"}})", base64_text(json)));
}

TEST(BedrockInvokeReply, UnwrapsTheEventsOfMessages) {
    const std::string all =
        chunk(R"({"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":3}}})") +
        chunk(R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})") +
        chunk(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}})") +
        chunk(R"({"type":"content_block_stop","index":0})") +
        chunk(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}})") +
        chunk(R"({"type":"message_stop"})");
    for (const size_t piece : {size_t{1}, size_t{50}, size_t{1} << 20}) {
        const Read r = read(bedrock_invoke_wire(), all, true, piece);
        EXPECT_EQ(r.said, "text hi\nfinish 1 end_turn\nusage 3/0/0 7\n");
        EXPECT_TRUE(r.terminal);
    }
    const std::string cut = all.substr(0, all.size() / 2);
    EXPECT_EQ(read(bedrock_invoke_wire(), cut + exception("throttlingException", "{}"), true).failure,
              ErrorCode::upstream_garbage)
        << "what follows half a message is no message";
    const std::string half = all.substr(0, all.find(":event-type", all.size() / 2) - 13);
    EXPECT_EQ(read(bedrock_invoke_wire(), half + exception("throttlingException", "{}"), true).failure,
              ErrorCode::upstream_rate_limited);
    EXPECT_EQ(read(bedrock_invoke_wire(), half, true).failure, ErrorCode::upstream_truncated);
}

}  // namespace
}  // namespace aig::provider
