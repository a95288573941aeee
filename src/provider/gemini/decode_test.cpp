#include <gtest/gtest.h>

#include <fmt/format.h>

#include "provider/gemini/gemini.h"
#include "provider/gemini/partial_args.h"

using namespace aig;
using namespace aig::canon;

namespace {

using K = Event::Kind;

/// What a reply said, in one line per event; pieces of one text are joined, so cuts do not show.
struct Seen {
    std::string log;
    std::optional<Usage> usage;
    std::optional<ErrorCode> failed;
    StopReason stop = StopReason::none;
    bool terminal = false;
};

std::string line(const Event& e) {
    switch (e.kind) {
        case K::started:
            return fmt::format("started {} {}", e.id, e.name);
        case K::state:
            return fmt::format("state {} {} {}", e.name, e.id.empty() ? "-" : "call", e.text);
        case K::tool_begin:
            return fmt::format("tool {} {}", e.index, e.name);
        case K::tool_arguments:
            return fmt::format("arguments {} {}", e.index, e.text);
        case K::media:
            return fmt::format("media {} {}{}", e.name, e.text, e.id);
        case K::block:
            return fmt::format("block {}", e.name);
        case K::annotation:
        case K::logprobs:
            return std::string(e.raw);
        case K::extra:
            return fmt::format("extra {}", e.name);
        case K::finish:
            return fmt::format("finish {}", e.raw);
        case K::embedding:
            return fmt::format("vector {} {}", e.index, e.raw);
        default:
            return "?";
    }
}

Seen read(std::string_view bytes, bool stream, size_t piece = 1 << 20, Operation operation = Operation::chat) {
    auto decoder = provider::gemini_wire().decoder(operation, stream);
    Seen seen;
    std::string last;
    std::vector<Event> out;
    const auto take = [&](Status s) {
        for (const Event& e : out) {
            const std::string_view kind = e.kind == K::text        ? "text "
                                          : e.kind == K::reasoning ? "think "
                                          : e.kind == K::refusal   ? "refusal "
                                                                   : "";
            if (e.kind == K::usage) seen.usage = e.usage;
            if (e.kind == K::finish) seen.stop = e.stop;
            if (e.kind == K::usage || e.kind == K::error) continue;
            if (kind.empty() || last != kind) seen.log += seen.log.empty() ? "" : "|";
            if (!kind.empty()) seen.log.append(last != kind ? kind : "").append(e.text);
            if (kind.empty()) seen.log += line(e);
            last = kind;
        }
        out.clear();
        if (!s) seen.failed = s.error().code();
        if (decoder->error()) seen.failed = decoder->error()->code();
        return !seen.failed;
    };
    bool going = true;
    for (size_t i = 0; going && i < bytes.size(); i += piece) going = take(decoder->feed(bytes.substr(i, piece), out));
    if (going) take(decoder->end(out));
    seen.terminal = decoder->terminal();
    return seen;
}

std::string reply(std::string_view parts, std::string_view more = R"(,"finishReason":"STOP")") {
    return fmt::format(
        R"({{"candidates":[{{"content":{{"parts":[{}],"role":"model"}}{}}}],"modelVersion":"m","responseId":"r"}})",
        parts, more);
}
std::string event(std::string_view json) { return fmt::format("data: {}\r\n\r\n", json); }

}  // namespace

TEST(GeminiDecode, reads_parts_in_order_with_their_signatures) {
    const Seen s = read(
        reply(
            R"({"text":"think","thought":true},{"text":"Hi","thoughtSignature":"A"},{"functionCall":{"name":"f","args":{"a": 1}},"thoughtSignature":"B"},)"
            R"({"functionCall":{"id":"own","name":"g"}},{"inlineData":{"mimeType":"image/png","data":"iVBO"},"thoughtSignature":"C"},)"
            R"({"executableCode":{"language":"PYTHON","code":"x"}},{"text":"","thoughtSignature":"D"},{"fileData":{"mimeType":"video/mp4","fileUri":"gs://x"}})"),
        false);
    EXPECT_EQ(
        s.log,
        "started r m|think think|text Hi|state google.thought_signature - A|tool 0 f|arguments 0 {\"a\": 1}|state "
        "google.thought_signature call B|tool 1 g|arguments 1 {}|media image/png iVBO|state google.thought_signature "
        "- C|block executableCode|state google.thought_signature - D|media video/mp4 gs://x|finish STOP");
    EXPECT_EQ(s.stop, StopReason::tool_calls);
    EXPECT_TRUE(s.terminal);
}

TEST(GeminiDecode, both_forms_of_a_stream_say_the_same_however_they_are_cut) {
    const std::string
        a = reply(R"({"text":"Hé"})", R"(,"index":0)"),
        b = reply(R"({"text":"llo {\"]"})", R"(,"index":0)"),
        c = R"({"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"S"}]},"finishReason":"MAX_TOKENS"}],)"
            R"("usageMetadata":{"promptTokenCount":5,"cachedContentTokenCount":2,"candidatesTokenCount":3,"thoughtsTokenCount":4,"toolUsePromptTokenCount":7,"totalTokenCount":19}})";
    const std::string events = event(a) + ": c\n\n" + event(b) + event(c),
                      array = "[" + a + "\n,\r\n" + b + ",\n" + c + "\n]\n";
    for (const auto& bytes : {events, array})
        for (size_t piece = 1; piece < 40; ++piece) {
            const Seen s = read(bytes, true, piece);
            ASSERT_EQ(s.log, "started r m|text Héllo {\"]|state google.thought_signature - S|finish MAX_TOKENS")
                << piece;
            ASSERT_EQ(s.stop, StopReason::length);
            ASSERT_TRUE(s.terminal);
            ASSERT_EQ((*s.usage)[Component::input], 10);
            ASSERT_EQ((*s.usage)[Component::cached_input], 2);
            ASSERT_EQ((*s.usage)[Component::output], 3);
            ASSERT_EQ((*s.usage)[Component::reasoning], 4);
        }
}

TEST(GeminiDecode, a_blocked_prompt_is_a_refusal) {
    const Seen s = read(
        R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}})",
        false);
    EXPECT_EQ(s.log, "started  |refusal The prompt was blocked: SAFETY|extra promptFeedback|finish SAFETY");
    EXPECT_EQ(s.stop, StopReason::refusal);
    EXPECT_TRUE(read(event(R"({"promptFeedback":{"blockReason":"OTHER","blockReasonMessage":"No."}})"), true).terminal);
}

TEST(GeminiDecode, finish_reasons_keep_their_meaning) {
    const auto stop = [](std::string_view word) {
        return read(reply(R"({"text":"x"})", fmt::format(",\"finishReason\":{}", word)), false).stop;
    };
    EXPECT_EQ(stop("\"STOP\""), StopReason::end);
    EXPECT_EQ(stop("1"), StopReason::end) << "enum-encoding=int";
    EXPECT_EQ(stop("2"), StopReason::length);
    for (const auto word :
         {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"})
        EXPECT_EQ(stop(fmt::format("\"{}\"", word)), StopReason::content_filter) << word;
    EXPECT_EQ(stop("\"LANGUAGE\""), StopReason::other);
    EXPECT_EQ(stop("\"SOMETHING_NEW\""), StopReason::other);
    EXPECT_EQ(stop("\"MALFORMED_FUNCTION_CALL\""), StopReason::other);
    EXPECT_EQ(read(reply("", R"(,"finishReason":"MALFORMED_FUNCTION_CALL")"), false).failed, ErrorCode::upstream_error)
        << "nothing but a call that nobody can read";
}

TEST(GeminiDecode, tells_a_broken_stream_from_a_whole_one) {
    const std::string a = event(reply(R"({"text":"x"})", ""));
    EXPECT_EQ(read(a, true).failed, ErrorCode::upstream_truncated);
    EXPECT_EQ(read("", true).failed, ErrorCode::upstream_empty);
    EXPECT_EQ(read("[" + reply(R"({"text":"x"})"), true).failed, ErrorCode::upstream_truncated) << "the array is open";
    EXPECT_EQ(read(a + "data: {\"cand", true).failed, ErrorCode::upstream_truncated);
    EXPECT_EQ(read("data: {x}\n\n", true).failed, ErrorCode::upstream_garbage);
    const std::string error =
        R"({"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"7.2s"}]}})";
    for (const auto& bytes : {a + event(error), a + error, "[" + error + "]"})
        EXPECT_EQ(read(bytes, true).failed, ErrorCode::upstream_rate_limited) << bytes;
    EXPECT_EQ(read(error, false).failed, ErrorCode::upstream_rate_limited);
    EXPECT_EQ(read("{\"candidates\":[", false).failed, ErrorCode::upstream_truncated);
    EXPECT_EQ(read("<html>", false).failed, ErrorCode::upstream_garbage);
    EXPECT_EQ(read("{}", false).failed, ErrorCode::upstream_garbage);
    EXPECT_EQ(read(R"({"candidates":[]})", false).failed, ErrorCode::upstream_empty);
}

TEST(GeminiDecode, counts_citations_in_characters) {
    const Seen s = read(
        reply(
            R"({"text":"é€ cited"})",
            R"(,"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a","title":"A"}}],)"
            R"("groundingSupports":[{"segment":{"startIndex":6,"endIndex":11},"groundingChunkIndices":[0,9]}]},)"
            R"("citationMetadata":{"citationSources":[{"startIndex":2,"endIndex":5,"uri":"https://b"}]})"),
        false);
    EXPECT_NE(s.log.find(R"({"type":"url_citation","start_index":3,"end_index":8,"url":"https://a","title":"A"})"),
              std::string::npos)
        << s.log;
    EXPECT_NE(
        s.log.find(R"({"type":"url_citation","start_index":1,"end_index":2,"url":"https://b","title":"https://b"})"),
        std::string::npos)
        << s.log;
    EXPECT_NE(s.log.find("extra groundingMetadata"), std::string::npos);
}

TEST(GeminiDecode, reads_log_probabilities) {
    const Seen s = read(
        reply(
            R"({"text":"Hi"})",
            R"(,"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"Hi","logProbability":-0.5}],)"
            R"("topCandidates":[{"candidates":[{"token":"Hi","logProbability":-0.5},{"token":"Ho","logProbability":-1e-05}]}]})"),
        false);
    EXPECT_NE(
        s.log.find(
            R"({"content":[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5,"bytes":[72,105]},{"token":"Ho","logprob":-1e-05,"bytes":[72,111]}]}],"refusal":null})"),
        std::string::npos)
        << s.log;
}

TEST(GeminiDecode, builds_arguments_that_come_in_pieces) {
    const auto piece = [](std::string_view call) {
        return event(reply(fmt::format(R"({{"functionCall":{}}})", call), ""));
    };
    const std::string stream =
        piece(R"({"name":"plan","willContinue":true})") +
        piece(
            R"({"partialArgs":[{"jsonPath":"$.stops[0].at","stringValue":"Bos","willContinue":true}],"willContinue":true})") +
        piece(
            R"({"partialArgs":[{"jsonPath":"$.stops[0].at","stringValue":"ton"},{"jsonPath":"$.stops[1].n","numberValue":7}],"willContinue":true})") +
        piece(
            R"({"partialArgs":[{"jsonPath":"$.ok","boolValue":true},{"jsonPath":"$.no","nullValue":"NULL_VALUE"}]})") +
        event(reply("", R"(,"finishReason":"STOP")"));
    EXPECT_EQ(
        read(stream, true).log,
        R"(started r m|tool 0 plan|arguments 0 {"stops":[{"at":"Boston"},{"n":7}],"ok":true,"no":null}|finish STOP)");
}

TEST(GeminiDecode, reads_embeddings_in_their_three_forms) {
    const auto vectors = [](std::string_view body) { return read(body, false, 1 << 20, Operation::embedding); };
    EXPECT_EQ(vectors(R"({"embedding":{"values":[0.10,-2]}})").log, "started  |vector 0 [0.10,-2]");
    const Seen batch =
        vectors(R"({"embeddings":[{"values":[1]},{"values":[2]}],"usageMetadata":{"promptTokenCount":8}})");
    EXPECT_EQ(batch.log, "started  |vector 0 [1]|vector 1 [2]");
    EXPECT_EQ(batch.usage->input_total(), 8);
    const Seen vertex = vectors(R"({"predictions":[{"embeddings":{"values":[3],"statistics":{"token_count":4}}}]})");
    EXPECT_EQ(vertex.log, "started  |vector 0 [3]");
    EXPECT_EQ(vertex.usage->input_total(), 4);
    EXPECT_EQ(vectors("{}").failed, ErrorCode::upstream_empty);
    EXPECT_EQ(vectors(R"({"embedding":{}})").failed, ErrorCode::upstream_garbage);
}

TEST(GeminiErrors, say_what_routing_must_know) {
    const auto code = [](int status, std::string_view body) {
        return provider::gemini_wire().error(status, body).code();
    };
    EXPECT_EQ(
        code(
            400,
            R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})"),
        ErrorCode::upstream_auth);
    EXPECT_EQ(
        code(
            400,
            R"({"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}})"),
        ErrorCode::context_too_long);
    EXPECT_EQ(code(400, R"({"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}})"),
              ErrorCode::upstream_rejected);
    EXPECT_EQ(code(404, R"({"error":{"code":404,"message":"no","status":"NOT_FOUND"}})"),
              ErrorCode::upstream_model_missing);
    EXPECT_EQ(code(503, R"([{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}])"),
              ErrorCode::upstream_overloaded);
    EXPECT_EQ(code(429, "<html>"), ErrorCode::upstream_rate_limited);
    EXPECT_EQ(code(502, ""), ErrorCode::upstream_error);
    const Error e = provider::gemini_wire().error(
        429,
        R"({"error":{"code":429,"message":"key AIzaSyA1234567890123456789012345678901 is slow","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"31s"}]}})");
    EXPECT_EQ(e.retry_after_ms(), 31'000);
    EXPECT_EQ(e.message().find("AIzaSy"), std::string::npos) << "a key in an error";
}
