// Gemini on both sides: every caller's request x target, and replies x ways out. A case is named after the bug it
// guards against.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "golden.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Target {
    const char* name;
    const char* wire;
    Quirks quirks;
};
constexpr Target south[] = {
    {"gemini-2.5", "gemini", {}},
    {"gemini-3 (level, signed calls)", "gemini", {.thinking_level = true, .signed_calls = true}},
    {"old server (OpenAPI schemas)", "gemini", {.openapi_schemas = true}},
};
constexpr Target elsewhere[] = {{"openai", "openai-chat", {}}, {"anthropic", "anthropic", {}}};

std::string one(const Target& t, const Request& request) {
    Losses losses;
    const WireTarget target{"target", 8'192, t.quirks};
    auto r = provider::wire(t.wire)->encode(request, target, losses);
    std::string out = fmt::format("--- {}\n", t.name);
    if (!r)
        return out +
               fmt::format("refused: {} ({}): {}\n", r.error().row().name, r.error().param(), r.error().message());
    for (const auto& loss : losses) out += fmt::format("loss: {}\n", loss);
    return out + r->path + "\n" + golden::pretty(r->body);
}

struct Case {
    const char* name;
    const char* json;
};
constexpr Case callers[] = {
    {"calls_without_ids_find_their_results",
     R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"n":1.50}}},{"functionCall":{"name":"f","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"one"}}},{"functionResponse":{"name":"f","response":{"error":"two"}}}]}],"tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"n":{"type":"NUMBER","nullable":true}}}}]}]})"},
    {"several_allowed_functions_leave_the_others_out",
     R"({"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"},{"name":"h"}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f","h"]}}})"},
    {"schemas_in_capitals_become_json_schema",
     R"({"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"ARRAY","items":{"type":"STRING"},"minItems":"1"}},"required":["a"],"propertyOrdering":["a"]}}})"},
    {"images_and_files_keep_their_types",
     R"({"contents":[{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"iVBO"}},{"fileData":{"mimeType":"application/pdf","fileUri":"https://x/a.pdf"}},{"text":"what?"}]}]})"},
    {"what_only_google_knows_is_named",
     R"({"contents":[{"parts":[{"text":"a"}]}],"safetySettings":[{"category":"c","threshold":"t"}],"labels":{"a":"b"},"generationConfig":{"topK":40,"seed":7,"mediaResolution":"LOW","thinkingConfig":{"thinkingBudget":2048,"includeThoughts":true}}})"},
    {"server_tools_are_refused_by_name", R"({"contents":[{"parts":[{"text":"a"}]}],"tools":[{"googleSearch":{}}]})"},
    {"foreign_state_is_left_out",
     R"({"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"hm","thought":true},{"text":"said","thoughtSignature":"SIG="},{"functionCall":{"id":"c1","name":"f","args":{}},"thoughtSignature":"SIG2"}]},{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"f","response":{"output":"x"}}}]}]})"},
};

std::string chunk(std::string_view parts, std::string_view more = "") {
    return fmt::format(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{}],\"role\":\"model\"}}{}}}],\"usageMetadata\":"
        "{{\"promptTokenCount\":9,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":3,\"thoughtsTokenCount\":2,"
        "\"totalTokenCount\":14}},"
        "\"modelVersion\":\"up-1\",\"responseId\":\"r1\"}}\r\n\r\n",
        parts, more);
}

struct Reply {
    const char* name;
    std::string bytes;
};
std::vector<Reply> replies() {
    const std::string stop = R"(,"finishReason":"STOP")";
    return {
        {"stop_with_function_calls_is_tool_calls",
         chunk(R"({"text":"hm","thought":true})") +
             chunk(
                 R"({"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"S"},{"functionCall":{"name":"g","args":{}}})",
                 stop)},
        {"a_signature_on_an_empty_last_part_is_kept",
         chunk(R"({"text":"Hi"})") + chunk(R"({"text":"","thoughtSignature":"S"})", stop)},
        {"a_blocked_prompt_is_a_refusal",
         "data: "
         "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":9,"
         "\"totalTokenCount\":9},\"modelVersion\":\"up-1\"}\r\n\r\n"},
        {"max_tokens_is_not_a_plain_end", chunk(R"({"text":"Hi"})", R"(,"finishReason":"MAX_TOKENS")")},
        {"citations_count_characters",
         chunk(
             R"({"text":"h\u00e9 web"})",
             stop +
                 R"(,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a","title":"A"}}],"groundingSupports":[{"segment":{"startIndex":4,"endIndex":7},"groundingChunkIndices":[0]}]})")},
    };
}

std::string render(const Dialect& dialect, const Reply& r, bool stream) {
    Envelope envelope;
    envelope.stream = stream;
    envelope.wants_usage = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "public";
    terms.request_id = "req_1";
    terms.created_s = 7;
    const auto decoder = provider::wire("gemini")->decoder(Operation::chat, true);
    const auto renderer = dialect.renderer(terms);
    std::vector<Event> events;
    std::string out;
    Usage usage;
    const auto take = [&](const Status& s) {
        EXPECT_TRUE(s.ok());
        for (const Event& e : events) {
            if (e.kind == Event::Kind::usage) usage = e.usage;
            renderer->event(e, out);
        }
        events.clear();
    };
    take(decoder->feed(r.bytes, events));
    take(decoder->end(events));
    const Receipt receipt = ledger::ReceiptMint::test(1'500);
    return out + renderer->finish({usage, receipt});
}

}  // namespace

TEST(GeminiGolden, requests_of_openais_callers) {
    const std::filesystem::path folder = std::string(AIG_SOURCE_DIR) + "/tests/golden/inputs/anthropic_requests";
    std::vector<std::filesystem::path> files;
    for (const auto& f : std::filesystem::directory_iterator(folder)) files.push_back(f.path());
    std::sort(files.begin(), files.end());
    std::string text;
    for (const auto& file : files) {
        std::ifstream in(file);
        std::ostringstream body;
        body << in.rdbuf();
        auto request = dialect::openai_chat().parse({Operation::chat, body.str()});
        ASSERT_TRUE(request.ok()) << file;
        text += fmt::format("=== {}\n", file.stem().string());
        for (const Target& t : south) text += one(t, *request);
    }
    golden::expect_golden("openai_request_to_gemini", text);
}

TEST(GeminiGolden, requests_of_geminis_callers) {
    std::string text;
    for (const Case& c : callers) {
        const Incoming in{.body = c.json, .model = "m", .stream = false};
        ASSERT_TRUE(dialect::gemini().peek(in).ok()) << c.name;
        auto request = dialect::gemini().parse(in);
        ASSERT_TRUE(request.ok()) << c.name;
        text += fmt::format("=== {}\n", c.name);
        for (const Target& t : elsewhere) text += one(t, *request);
        text += one(south[0], *request);
    }
    golden::expect_golden("gemini_request_elsewhere", text);
}

TEST(GeminiGolden, replies_every_way_out) {
    std::string text;
    for (const Reply& r : replies()) {
        text += fmt::format("=== {}\n", r.name);
        text += "--- openai, streamed\n" + render(dialect::openai_chat(), r, true);
        text += "--- openai, whole\n" + golden::pretty(render(dialect::openai_chat(), r, false));
        text += "--- gemini, streamed\n" + render(dialect::gemini(), r, true);
        text += "--- gemini, whole\n" + golden::pretty(render(dialect::gemini(), r, false));
    }
    golden::expect_golden("gemini_reply", text);
}
