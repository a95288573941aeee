// The simulator's replies have the shape of the vendors' recorded ones: every JSON path it writes was recorded with
// that kind of value, and every path that nearly all recordings have is written. Needs the recordings beside the
// repository.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "sim/testing/asked.h"

namespace aig::sim {
namespace {

using namespace testing;
using Paths = std::set<std::string>;

std::string recordings() { return AIG_SOURCE_DIR "/../shared/recordings/"; }

std::string kind_of(JsonRef v) {
    static constexpr const char* names[] = {"null", "boolean", "number", "string", "array", "object"};
    return names[static_cast<size_t>(v.kind())];
}

/// Leaves as path:kind. What a caller's own schema shapes (tool inputs) is one leaf.
void collect(JsonRef v, const std::string& path, Paths& out) {
    if (path.ends_with("[].input") || path.ends_with("content_block.input")) return void(out.insert(path));
    if (v.is_object() || v.is_array()) {
        for (JsonRef child : v) collect(child, v.is_array() ? path + "[]" : path + "." + std::string(child.key()), out);
        return;
    }
    out.insert(path + ":" + kind_of(v));
}

Paths paths_of_body(std::string_view body, bool stream) {
    Paths out;
    std::vector<std::string> documents;
    if (stream)
        documents = sse_data(body);
    else
        documents.emplace_back(body);
    for (const std::string& d : documents) {
        const auto doc = JsonDoc::parse(d);
        if (doc) collect(doc->root(), std::string(doc->root()["type"].text()), out);
    }
    return out;
}

struct Recorded {
    std::map<std::string, int> seen;
    int interactions = 0;
    /// Kinds of one path differ between recordings (content is text or null), so presence is asked without the kind.
    Paths nearly_always() const {
        std::map<std::string, int> bare;
        for (const auto& [p, n] : seen) bare[p.substr(0, p.rfind(':'))] += n;
        Paths out;
        for (const auto& [p, n] : bare)
            if (n >= interactions * 95 / 100) out.insert(p);
        return out;
    }
};

void add_recordings(const std::string& file, const std::string& provider, bool stream, Recorded& into) {
    std::ifstream in(recordings() + file);
    constexpr int enough = 400;  // more of the same kind teach nothing new and cost seconds under the sanitizers
    for (std::string line; into.interactions < enough && std::getline(in, line);) {
        if (line.find("\"provider\": \"" + provider) == std::string::npos) continue;
        const auto doc = JsonDoc::parse(line);
        ASSERT_TRUE(doc.ok());
        const JsonRef r = doc->root();
        if (r["provider"].text() != provider || r["status"].integer() != 200 || r["stream"].boolean() != stream)
            continue;
        if (r["response_body_b64"].boolean() || r["method"].text() != "POST") continue;
        ++into.interactions;
        for (const std::string& p : paths_of_body(r["response_body"].text(), stream)) ++into.seen[p];
    }
}

/// One ask of the simulator and the paths of its reply.
Paths simulated(const std::string& path, const std::string& body, bool stream) {
    const auto brain = make_brain();
    const HttpReply r = ask(*brain, path, body);
    EXPECT_EQ(r.status, 200) << r.body;
    return paths_of_body(r.body, stream);
}

void expect_like_recorded(const Recorded& recorded, const std::vector<Paths>& replies) {
    ASSERT_GT(recorded.interactions, 10);
    for (const Paths& reply : replies)
        for (const std::string& p : reply) EXPECT_TRUE(recorded.seen.count(p)) << "never recorded: " << p;
    Paths bare;
    for (const std::string& p : replies.front()) bare.insert(p.substr(0, p.rfind(':')));
    for (const std::string& p : recorded.nearly_always())
        EXPECT_TRUE(bare.count(p)) << "nearly always recorded, not written: " << p;
}

class Recordings : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(recordings())) GTEST_SKIP() << "no recordings beside the repository";
    }
};

const std::string openai_tools =
    R"(,"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}])";
const std::string anthropic_tools =
    R"(,"tools":[{"name":"get_weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}])";

std::vector<std::string> openai_bodies(const std::string& stream) {
    auto said = [&](const char* prompt) {
        return R"({"model":"m")" + stream + R"(,"messages":[{"role":"user","content":")" + prompt + "\"}]";
    };
    return {said("Say hi") + "}", said("weather in Paris and Tokyo") + openai_tools + "}",
            said("Say hi") + R"(,"reasoning_effort":"low"})",
            said("Say hi") + R"(,"logprobs":true,"top_logprobs":2,"n":2})",
            said("Write 50 words") + R"(,"max_tokens":3})"};
}

TEST_F(Recordings, OpenaiWhole) {
    Recorded recorded;
    add_recordings("openai_chat.jsonl", "openai", false, recorded);
    Recorded reasoning = recorded;
    add_recordings("deepseek_chat.jsonl", "deepseek", false, reasoning);
    recorded.seen = reasoning.seen;  // reasoning_content is not OpenAI's
    std::vector<Paths> replies;
    for (const std::string& body : openai_bodies("")) replies.push_back(simulated("/v1/chat/completions", body, false));
    expect_like_recorded(recorded, replies);
}

TEST_F(Recordings, OpenaiStreamed) {
    Recorded recorded, reasoning;
    add_recordings("openai_chat.jsonl", "openai", true, recorded);
    add_recordings("deepseek_chat.jsonl", "deepseek", true, reasoning);
    for (const auto& [p, n] : reasoning.seen) recorded.seen.emplace(p, 0);
    std::vector<Paths> replies;
    for (const std::string& body : openai_bodies(R"(,"stream":true,"stream_options":{"include_usage":true})"))
        replies.push_back(simulated("/v1/chat/completions", body, true));
    expect_like_recorded(recorded, replies);
}

std::vector<std::string> anthropic_bodies(const std::string& stream) {
    auto said = [&](const char* prompt) {
        return R"({"model":"claude","max_tokens":2000)" + stream + R"(,"messages":[{"role":"user","content":")" +
               prompt + "\"}]";
    };
    return {said("Say hi") + "}", said("weather in Paris and Tokyo") + anthropic_tools + "}",
            said("Say hi") + R"(,"thinking":{"type":"enabled","budget_tokens":1024}})",
            said("Please count to 9") + R"(,"stop_sequences":["4"]})"};
}

TEST_F(Recordings, AnthropicWhole) {
    Recorded recorded;
    add_recordings("anthropic_messages.jsonl", "anthropic", false, recorded);
    recorded.seen["message.stop_sequence:string"] += 1;  // recorded streamed only
    std::vector<Paths> replies;
    for (const std::string& body : anthropic_bodies("")) replies.push_back(simulated("/v1/messages", body, false));
    expect_like_recorded(recorded, replies);
}

TEST_F(Recordings, AnthropicStreamed) {
    Recorded recorded;
    add_recordings("anthropic_messages.jsonl", "anthropic", true, recorded);
    std::vector<Paths> replies;
    for (const std::string& body : anthropic_bodies(R"(,"stream":true)"))
        replies.push_back(simulated("/v1/messages", body, true));
    expect_like_recorded(recorded, replies);
}

std::vector<std::string> responses_bodies(const std::string& stream) {
    auto said = [&](const char* prompt) {
        return R"({"model":"m")" + stream + R"(,"input":[{"role":"user","content":")" + prompt + "\"}]";
    };
    return {
        said("Say hi") + "}",
        said("weather in Paris and Tokyo") +
            R"(,"tools":[{"type":"function","name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]})",
        said("Say hi") + R"(,"reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"]})",
        said("Write 50 words") + R"(,"max_output_tokens":16})"};
}

TEST_F(Recordings, ResponsesWhole) {
    Recorded recorded;
    add_recordings("openai_responses.jsonl", "openai", false, recorded);
    std::vector<Paths> replies;
    for (const std::string& body : responses_bodies("")) replies.push_back(simulated("/v1/responses", body, false));
    expect_like_recorded(recorded, replies);
}

TEST_F(Recordings, ResponsesStreamed) {
    Recorded recorded;
    add_recordings("openai_responses.jsonl", "openai", true, recorded);
    std::vector<Paths> replies;
    for (const std::string& body : responses_bodies(R"(,"stream":true)"))
        replies.push_back(simulated("/v1/responses", body, true));
    expect_like_recorded(recorded, replies);
}

TEST_F(Recordings, Completions) {
    Recorded whole, streamed;
    add_recordings("openai_completions.jsonl", "openai", false, whole);
    expect_like_recorded(whole, {simulated("/v1/completions", R"({"model":"m","prompt":"Say hi"})", false)});
    add_recordings("openai_completions.jsonl", "openai", true, streamed);
    streamed.interactions = std::max(streamed.interactions, 11);
    for (const std::string& p : simulated("/v1/completions", R"({"model":"m","prompt":"Say hi","stream":true})", true))
        EXPECT_TRUE(streamed.seen.count(p)) << "never recorded: " << p;
}

TEST_F(Recordings, Embeddings) {
    Recorded recorded;
    add_recordings("embeddings.jsonl", "openai", false, recorded);
    expect_like_recorded(recorded,
                         {simulated("/v1/embeddings", R"({"model":"m","dimensions":8,"input":["a","b"]})", false)});
    const Paths base64 =
        simulated("/v1/embeddings", R"({"model":"m","dimensions":8,"encoding_format":"base64","input":"a"})", false);
    for (const std::string& p : base64) EXPECT_TRUE(recorded.seen.count(p)) << p;
}

TEST_F(Recordings, ErrorEnvelopes) {
    Paths openai, anthropic;
    for (const auto& [file, provider, into] :
         {std::tuple{"openai_chat.jsonl", "openai", &openai}, {"anthropic_messages.jsonl", "anthropic", &anthropic}}) {
        std::ifstream in(recordings() + file);
        for (std::string line; std::getline(in, line);) {
            const auto doc = JsonDoc::parse(line);
            ASSERT_TRUE(doc.ok());
            if (doc->root()["status"].integer().value_or(0) < 400 || doc->root()["provider"].text() != provider)
                continue;
            into->merge(paths_of_body(doc->root()["response_body"].text(), false));
        }
    }
    for (const Fault& fault : faults()) {
        if (fault.whole != Ends::error || fault.name == "html_error") continue;
        const std::string name(fault.name);
        const std::string model =
            R"({"model":"fault/)" + name + R"(","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})";
        const auto brain = make_brain();
        for (const auto& [path, allowed] : {std::pair{"/v1/chat/completions", &openai}, {"/v1/messages", &anthropic}}) {
            const HttpReply r = ask(*brain, path, model);
            if (r.status < 400) continue;  // redirects
            for (const std::string& p : paths_of_body(r.body, false))
                EXPECT_TRUE(allowed->count(p)) << name << " " << path << " " << p;
        }
    }
}

}  // namespace
}  // namespace aig::sim
