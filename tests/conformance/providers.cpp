// The battery that runs for every row of data/providers.json, by itself: the row makes a provider, its wire says a
// standard set of requests or refuses them by name, and reads a reply of its own form, whole and streamed. What a wire
// does not support is declared below, not skipped: a refusal that is not declared fails, and so does a declared one
// that no longer happens.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/json.h"
#include "canned_replies.h"
#include "catalogue/build.h"
#include "catalogue/data.h"
#include "dialect/openai_chat/openai_chat.h"
#include "net/client.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Ask {
    std::string_view name, body;
};
/// As OpenAI's chat says them; `"model":"m"` is put in front.
const Ask asks[] = {
    {"plain", R"("messages":[{"role":"user","content":"hi"}])"},
    {"stream", R"("messages":[{"role":"user","content":"hi"}],"stream":true)"},
    {"system and developer",
     R"("messages":[{"role":"system","content":"be brief"},{"role":"developer","content":"be kind"},{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},{"role":"system","content":"now shout"},{"role":"user","content":"again"}])"},
    {"sampling",
     R"("messages":[{"role":"user","content":"hi"}],"max_tokens":20,"temperature":0.5,"top_p":0.9,"stop":["END"])"},
    {"decorations",
     R"("messages":[{"role":"user","content":"hi"}],"seed":7,"user":"u1","logit_bias":{"50256":-100},"presence_penalty":0.5,"metadata":{"a":"b"})"},
    {"logprobs", R"("messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":3)"},
    {"effort", R"("messages":[{"role":"user","content":"hi"}],"reasoning_effort":"high")"},
    {"tools",
     R"("messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"get","description":"gets","parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}],"tool_choice":"auto","parallel_tool_calls":false)"},
    {"forced tool",
     R"("messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"get"}}],"tool_choice":"required")"},
    {"named tool",
     R"("messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"get"}}],"tool_choice":{"type":"function","function":{"name":"get"}})"},
    {"forbidden tools",
     R"("messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"get"}}],"tool_choice":"none")"},
    {"tool loop",
     R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get","arguments":"{\"a\":1}"}},{"id":"call_2","type":"function","function":{"name":"get","arguments":""}}]},{"role":"tool","tool_call_id":"call_1","content":"one"},{"role":"tool","tool_call_id":"call_2","content":"two"}],"tools":[{"type":"function","function":{"name":"get"}}])"},
    {"image data",
     R"("messages":[{"role":"user","content":[{"type":"text","text":"what"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}])"},
    {"image url",
     R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"text","text":"what"}]}])"},
    {"pdf",
     R"("messages":[{"role":"user","content":[{"type":"text","text":"read"},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}])"},
    {"audio in",
     R"("messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}])"},
    {"json schema",
     R"("messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"city","strict":true,"schema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}}})"},
    {"json object", R"("messages":[{"role":"user","content":"say json"}],"response_format":{"type":"json_object"})"},
    {"two choices", R"("messages":[{"role":"user","content":"hi"}],"n":2)"},
    {"custom tool",
     R"("messages":[{"role":"user","content":"hi"}],"tools":[{"type":"custom","custom":{"name":"sh"}}])"},
    {"cache mark",
     R"("messages":[{"role":"user","content":[{"type":"text","text":"long","cache_control":{"type":"ephemeral"}}]}])"},
};

using Refused = std::set<std::string, std::less<>>;
const Refused anthropic_refuses{"audio in", "json object", "two choices", "custom tool"};
const std::map<std::string, Refused, std::less<>> declared = {
    {"openai-chat", {}},
    {"anthropic", anthropic_refuses},
    {"vertex-anthropic", anthropic_refuses},
    {"bedrock-invoke", anthropic_refuses},
    {"bedrock", {"audio in", "json object", "two choices", "custom tool", "image url"}},
    {"cohere", {"audio in", "pdf", "two choices", "custom tool"}},
    {"gemini", {"custom tool"}},
    {"vertex", {"custom tool"}},
    {"mistral", {"custom tool"}},
    {"ollama", {"forced tool", "named tool", "image url", "pdf", "audio in", "two choices", "custom tool"}},
};
/// Wires that serve no embeddings.
const std::set<std::string, std::less<>> no_embeddings = {"anthropic", "vertex-anthropic", "bedrock", "bedrock-invoke"};

class Conformance : public ::testing::TestWithParam<std::string> {
  protected:
    const catalogue::ProviderFacts& facts() const { return catalogue::embedded_data()->providers.at(GetParam()); }
    const Wire& wire() const { return *provider::wire(facts().wire); }

    /// The row as an operator would use it: with a key, and whatever its address asks for.
    catalogue::ProviderPtr made() const {
        catalogue::Config c;
        c.providers.resize(1);
        auto& p = c.providers[0];
        p.name = GetParam();
        if (facts().auth != "none") p.keys = {{"key", 1}};
        p.region = "us-east-1";
        p.account = "acct";
        p.project = "proj";
        catalogue::ModelConfig m;
        m.id = "m";
        m.targets = {{p.name, "the-model", 0, 1, {}}};
        m.price = {{"input_per_million", "1"}, {"output_per_million", "1"}};
        c.models = {m};
        const auto built = catalogue::build(c, provider::wire);
        for (const auto& f : built.faults) ADD_FAILURE() << f.path << ": " << f.message;
        return built.snapshot ? (*built.snapshot->resolve("m"))->targets[0].provider : nullptr;
    }
    WireTarget target(const catalogue::Provider& p) const { return {"the-model", 8192, p.quirks}; }
};

std::vector<std::string> names() {
    std::vector<std::string> out;
    const auto& data = catalogue::embedded_data();
    EXPECT_TRUE(data.ok());
    for (const auto& [name, row] : data->providers) out.push_back(name);
    return out;
}
std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
    std::string out = info.param;
    for (char& c : out)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return out;
}

/// Strings and numbers of a reply, one line.
std::string said(const Wire& wire, Operation operation, bool stream, const std::string& bytes, size_t piece) {
    const auto decoder = wire.decoder(operation, stream);
    std::string text, arguments, name;
    std::vector<Event> events;
    int64_t in = -1, out = -1;
    StopReason stop = StopReason::none;
    const auto take = [&](const Status& s) {
        for (const Event& e : events) {
            if (e.kind == Event::Kind::text) text += e.text;
            if (e.kind == Event::Kind::tool_begin) name = e.name;
            if (e.kind == Event::Kind::tool_arguments) arguments += e.text;
            if (e.kind == Event::Kind::finish) stop = e.stop;
            if (e.kind == Event::Kind::usage) in = e.usage.input_total(), out = e.usage.output_total();
        }
        events.clear();
        return s ? std::string() : s.error().message();
    };
    for (size_t at = 0; at < bytes.size(); at += piece) {
        const std::string own = bytes.substr(at, piece);
        if (auto failed = take(decoder->feed(own, events)); !failed.empty()) return failed;
    }
    if (auto failed = take(decoder->end(events)); !failed.empty()) return failed;
    if (!decoder->terminal()) return "not whole";
    return fmt::format("{}|{}{}|{}|{}/{}", text, name, arguments, static_cast<int>(stop), in, out);
}

}  // namespace

TEST_P(Conformance, the_row_makes_a_provider) {
    ASSERT_TRUE(provider::wire(facts().wire)) << "there is no wire " << facts().wire;
    const auto p = made();
    ASSERT_TRUE(p);
    const auto upstream = net::parse_upstream(p->base_url);
    ASSERT_TRUE(upstream.ok()) << p->base_url;
    const bool local = upstream->host == "127.0.0.1";
    EXPECT_EQ(upstream->tls, !local) << "keys go over TLS only, except to this machine";
    EXPECT_EQ(p->base_url.find('{'), std::string::npos) << p->base_url;
    EXPECT_EQ(facts().auth == "none", facts().env.empty()) << "a row with a key names its variable";
}

TEST_P(Conformance, says_or_refuses_every_request_by_name) {
    const auto known = declared.find(facts().wire);
    ASSERT_NE(known, declared.end()) << "declare what the wire " << facts().wire << " refuses";
    const auto p = made();
    ASSERT_TRUE(p);
    Refused refused;
    for (const Ask& a : asks) {
        SCOPED_TRACE(a.name);
        const std::string body = fmt::format(R"({{"model":"m",{}}})", a.body);
        const auto chat = dialect::openai::OpenAiChat().parse({Operation::chat, body});
        ASSERT_TRUE(chat.ok()) << chat.error().message();
        Losses losses;
        const auto sent = wire().encode(*chat, target(*p), losses);
        if (!sent) {
            EXPECT_EQ(sent.error().code(), ErrorCode::unsupported_feature) << sent.error().message();
            EXPECT_FALSE(sent.error().param().empty()) << sent.error().message();
            refused.insert(std::string(a.name));
            continue;
        }
        EXPECT_TRUE(JsonDoc::parse(sent->body).ok()) << sent->body;
        EXPECT_TRUE(sent->path.starts_with("/")) << sent->path;
        for (const auto& loss : losses) EXPECT_FALSE(loss.empty());
    }
    EXPECT_EQ(refused, known->second);
}

TEST_P(Conformance, makes_embeddings_or_says_that_it_does_not) {
    Embedding ask;
    ask.model = "m";
    ask.texts = {"one", "two"};
    Losses losses;
    const auto sent = wire().encode(ask, {"the-model", 0, {}}, losses);
    EXPECT_EQ(!sent.ok(), no_embeddings.contains(facts().wire));
    if (!sent) {
        EXPECT_EQ(sent.error().code(), ErrorCode::unsupported_feature);
        EXPECT_NE(wire().lacks(Operation::embedding), 0u);
    } else {
        EXPECT_TRUE(JsonDoc::parse(sent->body).ok()) << sent->body;
    }
}

TEST_P(Conformance, reads_its_own_replies) {
    const auto* canned = conformance::replies_of(facts().wire);
    ASSERT_TRUE(canned) << "there is no reply of the wire " << facts().wire << " in canned_replies.h";
    for (const size_t piece : {size_t{1}, size_t{1} << 20}) {
        EXPECT_EQ(said(wire(), Operation::chat, false, canned->whole, piece), conformance::says);
        EXPECT_EQ(said(wire(), Operation::chat, true, canned->stream, piece), conformance::says);
    }
    EXPECT_NE(said(wire(), Operation::chat, true, canned->stream.substr(0, canned->stream.size() / 2), 1 << 20),
              conformance::says);
}

TEST_P(Conformance, knows_what_a_refusal_means) {
    const std::pair<int, ErrorCode> statuses[] = {{401, ErrorCode::upstream_auth},
                                                  {404, ErrorCode::upstream_model_missing},
                                                  {429, ErrorCode::upstream_rate_limited},
                                                  {500, ErrorCode::upstream_error},
                                                  {503, ErrorCode::upstream_overloaded}};
    for (const auto& [status, code] : statuses) {
        EXPECT_EQ(wire().error(status, "").code(), code) << status;
        EXPECT_EQ(wire().error(status, "<html>no</html>").code(), code) << status;
    }
    const Error leaky = wire().error(
        400, R"({"error":{"message":"bad key sk-abcdefghijklmnopqrstuvwx"},"message":"sk-abcdefghijklmnopqrstuvwx"})");
    EXPECT_EQ(leaky.message().find("sk-abcdefgh"), std::string::npos) << leaky.message();
}

INSTANTIATE_TEST_SUITE_P(Providers, Conformance, ::testing::ValuesIn(names()), test_name);
