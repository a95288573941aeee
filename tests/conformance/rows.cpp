// Every dialect and every wire of the matrix: a new one is a line here.
#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "dialect/testing/chat_grammar.h"
#include "dialect/testing/gemini_grammar.h"
#include "dialect/testing/responses_grammar.h"
#include "matrix.h"
#include "provider/registry.h"

namespace aig::matrix {
namespace {
namespace testing = dialect::testing;

std::string chat_grammar(std::string_view stream, bool ours) { return testing::judge_chat_stream(stream, ours).fault; }
std::string messages_grammar(std::string_view stream, bool ours) {
    return testing::judge_messages_stream(stream, ours).fault;
}
std::string responses_grammar(std::string_view stream, bool ours) {
    return testing::hear_responses(stream, {ours}).fault;
}
std::string gemini_grammar(std::string_view stream, bool ours) {
    return testing::judge_gemini_stream(stream, ours).fault;
}

canon::Quirks adaptive() {
    canon::Quirks q;
    q.adaptive_thinking = true;
    return q;
}
}  // namespace

std::vector<North> norths() {
    return {
        {"openai_chat", &dialect::openai_chat(), provider::wire("openai-chat"), chat_grammar},
        {"openai_responses", &dialect::openai_responses(), provider::wire("openai-responses"), responses_grammar},
        {"anthropic", &dialect::anthropic_messages(), provider::wire("anthropic"), messages_grammar},
        {"gemini", &dialect::gemini(), provider::wire("gemini"), gemini_grammar, true},
    };
}

std::vector<South> souths() {
    return {
        {"openai-chat", provider::wire("openai-chat"), "/v1", "gpt-5.4"},
        {"openai-responses", provider::wire("openai-responses"), "/v1", "gpt-5.4"},
        {"anthropic", provider::wire("anthropic"), "/v1", "claude-opus-4-7", adaptive()},
        {"gemini", provider::wire("gemini"), "/v1beta", "gemini-2.5-flash"},
        {"bedrock", provider::wire("bedrock"), "", "anthropic.claude-sonnet-4-5", adaptive()},
        {"cohere", provider::wire("cohere"), "/v2", "command-a"},
        {"mistral", provider::wire("mistral"), "/mistral/v1", "mistral-large-latest"},
        {"ollama", provider::wire("ollama"), "", "qwen3"},
    };
}

}  // namespace aig::matrix
