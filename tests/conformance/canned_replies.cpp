#include "canned_replies.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "provider/base64.h"
#include "provider/testing/event_stream.h"

namespace aig::conformance {
namespace {

using provider::testing::event;

std::string sse(std::initializer_list<std::string_view> events) {
    std::string out;
    for (const auto e : events) out += fmt::format("data: {}\n\n", e);
    return out;
}

Canned openai_chat() {
    return {
        R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"t","type":"function","function":{"name":"get","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}})",
        sse({R"({"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"h"}}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{"content":"i"}}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"get","arguments":"{\"a\""}}]}}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]})",
             R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
             R"({"id":"c","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}})",
             "[DONE]"})};
}

constexpr std::string_view messages_events[] = {
    R"({"type":"message_start","message":{"id":"m","role":"assistant","model":"c","content":[],"usage":{"input_tokens":12,"output_tokens":1}}})",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}})",
    R"({"type":"content_block_stop","index":0})",
    R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"get","input":{}}})",
    R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}})",
    R"({"type":"content_block_stop","index":1})",
    R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":34}})",
    R"({"type":"message_stop"})"};

std::string messages_whole() {
    return R"({"id":"m","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"get","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":12,"output_tokens":34}})";
}
Canned anthropic() {
    std::string stream;
    for (const auto e : messages_events) stream += fmt::format("event: x\ndata: {}\n\n", e);
    return {messages_whole(), stream};
}
Canned bedrock_invoke() {
    std::string stream;
    for (const auto e : messages_events)
        stream += event("chunk", fmt::format(R"({{"bytes":"{}","p":"abc"}})", provider::base64_text(e)));
    return {messages_whole(), stream};
}

Canned bedrock() {
    return {
        R"({"output":{"message":{"role":"assistant","content":[{"text":"hi"},{"toolUse":{"toolUseId":"t","name":"get","input":{"a":1}}}]}},"stopReason":"tool_use","usage":{"inputTokens":12,"outputTokens":34,"totalTokens":46},"metrics":{"latencyMs":1}})",
        event("messageStart", R"({"role":"assistant"})") +
            event("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"hi"}})") +
            event("contentBlockStop", R"({"contentBlockIndex":0})") +
            event("contentBlockStart",
                  R"({"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"get"}}})") +
            event("contentBlockDelta", R"({"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":1}"}}})") +
            event("contentBlockStop", R"({"contentBlockIndex":1})") +
            event("messageStop", R"({"stopReason":"tool_use"})") +
            event("metadata",
                  R"({"usage":{"inputTokens":12,"outputTokens":34,"totalTokens":46},"metrics":{"latencyMs":1}})")};
}

Canned cohere() {
    return {
        R"({"id":"c","finish_reason":"TOOL_CALL","message":{"role":"assistant","content":[{"type":"text","text":"hi"}],"tool_calls":[{"id":"t","type":"function","function":{"name":"get","arguments":"{\"a\":1}"}}]},"usage":{"billed_units":{"input_tokens":12,"output_tokens":34},"tokens":{"input_tokens":50,"output_tokens":40}}})",
        sse({R"({"id":"c","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}})",
             R"({"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}})",
             R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"hi"}}}})",
             R"({"type":"content-end","index":0})",
             R"({"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t","type":"function","function":{"name":"get","arguments":""}}}}})",
             R"({"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"a\":1}"}}}}})",
             R"({"type":"tool-call-end","index":0})",
             R"({"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":12,"output_tokens":34},"tokens":{"input_tokens":50,"output_tokens":40}}}})"})};
}

Canned ollama() {
    return {
        R"({"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"hi","tool_calls":[{"function":{"name":"get","arguments":{"a":1}}}]},"done":true,"done_reason":"stop","prompt_eval_count":12,"eval_count":34})",
        R"({"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"hi"},"done":false})"
        "\n"
        R"({"model":"m","created_at":"2026-01-01T00:00:01Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get","arguments":{"a":1}}}]},"done":false})"
        "\n"
        R"({"model":"m","created_at":"2026-01-01T00:00:02Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":12,"eval_count":34})"
        "\n"};
}

Canned gemini() {
    return {
        R"({"candidates":[{"content":{"parts":[{"text":"hi"},{"functionCall":{"id":"t","name":"get","args":{"a":1}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":30,"thoughtsTokenCount":4,"totalTokenCount":46},"modelVersion":"m"})",
        sse({R"({"candidates":[{"content":{"parts":[{"text":"h"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"totalTokenCount":12}})",
             R"({"candidates":[{"content":{"parts":[{"text":"i"}],"role":"model"},"index":0}]})",
             R"({"candidates":[{"content":{"parts":[{"functionCall":{"id":"t","name":"get","args":{"a":1}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":30,"thoughtsTokenCount":4,"totalTokenCount":46}})"})};
}

}  // namespace

const Canned* replies_of(std::string_view wire) {
    static const std::map<std::string, Canned, std::less<>> all = {
        {"openai-chat", openai_chat()}, {"mistral", openai_chat()},
        {"anthropic", anthropic()},     {"vertex-anthropic", anthropic()},
        {"bedrock", bedrock()},         {"bedrock-invoke", bedrock_invoke()},
        {"gemini", gemini()},           {"vertex", gemini()},
        {"cohere", cohere()},           {"ollama", ollama()},
    };
    const auto at = all.find(wire);
    return at == all.end() ? nullptr : &at->second;
}

}  // namespace aig::conformance
