// Every fault, on both wires, streamed and whole, ends as the table says.
#include "sim/detail/faults.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "sim/sim.h"
#include "sim/testing/raw_client.h"

namespace aig::sim {
namespace {

using namespace testing;

/// Sizes and times that a test can afford.
std::string affordable(std::string_view name) {
    for (const std::string_view big : {"huge_body", "long_line", "gzip_bomb", "drip", "slow", "slow_first_byte"})
        if (name == big) return fmt::format("fault/{}@2", name);
    if (name == "sse_comments_only")
        return "fault/sse_comments_only@2000";  // so far apart that the reader finds it quiet
    return fmt::format("fault/{}", name);
}

std::string request_for(std::string_view name, bool anthropic, bool stream) {
    const std::string body = fmt::format(
        R"({{"model":"{}","stream":{},{}"messages":[{{"role":"user","content":"Say hi"}}]}})", affordable(name), stream,
        anthropic ? "\"max_tokens\":99,"
        : stream  ? R"("stream_options":{"include_usage":true,"include_obfuscation":false},)"
                  : "");
    return post(anthropic ? "/v1/messages" : "/v1/chat/completions", body);
}

class EveryFault : public ::testing::TestWithParam<std::tuple<bool, bool>> {
  protected:
    bool anthropic = std::get<0>(GetParam()), stream = std::get<1>(GetParam());
    rt::Loops loops{2};
    std::unique_ptr<Simulator> sim;
    void SetUp() override {
        auto started = Simulator::start(loops, {});
        ASSERT_TRUE(started.ok());
        sim = *std::move(started);
    }
    void TearDown() override {
        sim.reset();
        loops.stop_and_join();
    }
    Understood understand(const HttpReply& http) const {
        return anthropic ? understand_anthropic(http, stream) : understand_openai(http, stream);
    }
};

INSTANTIATE_TEST_SUITE_P(Sim, EveryFault, ::testing::Combine(::testing::Bool(), ::testing::Bool()), [](const auto& i) {
    return std::string(std::get<0>(i.param) ? "anthropic" : "openai") + (std::get<1>(i.param) ? "_streamed" : "_whole");
});

TEST_P(EveryFault, EndsAsTheTableSays) {
    for (const Fault& fault : faults()) {
        SCOPED_TRACE(fault.name);
        if (stream && fault.name == "drip") continue;  // thousands of bytes; whole replies show it on both wires
        const Ends ends = stream ? fault.streamed : fault.whole;
        RawClient c(sim->port());
        ASSERT_TRUE(c.send(request_for(fault.name, anthropic, stream)));
        const RawReply r = c.read(ends == Ends::silent ? 150 : 10'000);
        // Bytes beyond the promised length are as broken as bytes that are missing.
        const bool more = r.http.whole && ends == Ends::broken && !c.read(100).bytes.empty();
        const Understood u = understand(r.http);
        switch (ends) {
            case Ends::fine:
                EXPECT_TRUE(r.http.whole) << r.http.fault;
                EXPECT_TRUE(u.correct || fault.name == "long_line") << u.fault;
                if (fault.name != "long_line") {
                    EXPECT_EQ(u.text, "Hello! How can I help you today?");
                }
                break;
            case Ends::odd:
                EXPECT_TRUE(r.http.whole) << r.http.fault;
                EXPECT_EQ(r.http.status, 200);
                EXPECT_FALSE(u.correct);
                break;
            case Ends::error:
                EXPECT_TRUE(r.http.whole) << r.http.fault;
                EXPECT_GE(r.http.status, 300);
                break;
            case Ends::broken:
                EXPECT_TRUE(!r.http.whole || more) << r.bytes.substr(0, 400);
                break;
            case Ends::silent:
                EXPECT_FALSE(r.http.whole);
                EXPECT_EQ(r.closing, Closing::open);
                break;
        }
    }
}

TEST_P(EveryFault, ClosesInTheWayItIsNamedFor) {
    auto closing = [&](std::string_view name) {
        RawClient c(sim->port());
        EXPECT_TRUE(c.send(request_for(name, anthropic, stream)));
        return c.read();
    };
    EXPECT_EQ(closing("accept_close").closing, Closing::fin);
    EXPECT_EQ(closing("accept_close").bytes, "");
    EXPECT_EQ(closing("rst_before_reply").closing, Closing::reset);
    EXPECT_EQ(closing("rst_in_status").bytes, "HTTP/1.1 2");
    EXPECT_EQ(closing("rst_in_status").closing, Closing::reset);
    EXPECT_EQ(closing("rst_in_headers").closing, Closing::reset);
    const RawReply mid = closing("rst_mid_body");
    EXPECT_EQ(mid.closing, Closing::reset);
    EXPECT_NE(mid.bytes.find("\r\n\r\n"), std::string::npos);
    EXPECT_EQ(closing("cl_too_long").closing, Closing::fin);
}

TEST_P(EveryFault, UsageFaultsWriteTheNumberTheyPromise) {
    for (const auto& [name, number] : {std::pair{"usage_negative", "-5"},
                                       {"usage_huge", "1000000000000000000"},
                                       {"usage_float", "12.5"},
                                       {"usage_string", "\"12\""}}) {
        RawClient c(sim->port());
        ASSERT_TRUE(c.send(request_for(name, anthropic, stream)));
        const std::string field = fmt::format("\"{}\":{}", anthropic ? "output_tokens" : "completion_tokens", number);
        EXPECT_NE(c.read().http.body.find(field), std::string::npos) << name;
    }
    RawClient c(sim->port());
    ASSERT_TRUE(c.send(request_for("usage_missing", anthropic, stream)));
    EXPECT_EQ(understand(c.read().http).usages, 0u);
    ASSERT_TRUE(c.send(request_for("usage_twice", anthropic, stream)));
    const Understood twice = understand(c.read().http);
    EXPECT_EQ(twice.output_tokens, 7);
    EXPECT_EQ(twice.usages, stream ? (anthropic ? 3u : 2u) : 1u);
}

TEST(Faults, AreNamedOnceAndNumerousEnough) {
    const auto names = fault_names();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    EXPECT_GE(names.size(), 40u);
    for (const Fault& f : faults()) {
        EXPECT_FALSE(f.text.empty());
        EXPECT_EQ((f.bend != nullptr) + (f.edit != nullptr) + (f.play != nullptr), 1) << f.name;
    }
}

TEST(Faults, AreDocumented) {
    std::ifstream in(AIG_SOURCE_DIR "/docs/reference/simulator.md");
    std::stringstream text;
    text << in.rdbuf();
    EXPECT_NE(text.str().find(fault_table()), std::string::npos) << "replace the table by:\n" << fault_table();
}

TEST(Faults, AreChosenByModelName) {
    EXPECT_FALSE(fault_of("gpt-5.4").named);
    EXPECT_FALSE(fault_of("default/x").named);
    EXPECT_EQ(fault_of("fault/slow").k, 100);
    EXPECT_EQ(fault_of("fault/slow@7").k, 7);
    EXPECT_EQ(fault_of("second/fault/slow@7").fault, fault_of("fault/slow").fault);
    for (const std::string_view bad :
         {"fault/", "fault/nonsense", "fault/slow@", "fault/slow@x", "fault/slow@-1", "fault/slow@1x"}) {
        EXPECT_TRUE(fault_of(bad).named) << bad;
        EXPECT_EQ(fault_of(bad).fault, nullptr) << bad;
    }
}

TEST(Faults, SplitToolArgumentsAtEveryCharacter) {
    rt::Loops loops(1);
    auto sim = Simulator::start(loops, {});
    ASSERT_TRUE(sim.ok());
    const std::string prompt = R"("messages":[{"role":"user","content":"weather in Zürich?"}])";
    RawClient c((*sim)->port());
    ASSERT_TRUE(c.send(post(
        "/v1/chat/completions",
        R"({"model":"fault/split_tool_arguments","stream":true,)" + prompt +
            R"(,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]})")));
    const Understood openai = understand_openai(c.read().http, true);
    ASSERT_EQ(openai.calls.size(), 1u);
    EXPECT_EQ(openai.calls[0].arguments, R"({"city":"Zürich"})");
    EXPECT_EQ(openai.calls[0].fragments, 1 + 17u);
    ASSERT_TRUE(c.send(post(
        "/v1/messages",
        R"({"model":"fault/split_tool_arguments","stream":true,"max_tokens":99,)" + prompt +
            R"(,"tools":[{"name":"weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}]})")));
    const Understood anthropic = understand_anthropic(c.read().http, true);
    ASSERT_EQ(anthropic.calls.size(), 1u);
    EXPECT_EQ(anthropic.calls[0].arguments, R"({"city":"Zürich"})");
    sim->reset();
}

TEST(Faults, RetryAfterComesInBothForms) {
    rt::Loops loops(1);
    auto sim = Simulator::start(loops, {});
    ASSERT_TRUE(sim.ok());
    RawClient c((*sim)->port());
    auto header = [&](std::string_view name) {
        EXPECT_TRUE(
            c.send(post("/v1/chat/completions",
                        fmt::format(R"({{"model":"fault/{}","messages":[{{"role":"user","content":"hi"}}]}})", name))));
        return c.read().http.headers["retry-after"];
    };
    EXPECT_EQ(header("429_seconds@17"), "17");
    EXPECT_TRUE(header("429_date").ends_with(" GMT"));
    EXPECT_EQ(header("429_plain"), "");
    sim->reset();
}

TEST(Faults, ShowWhoFollowsARedirect) {
    rt::Loops loops(1);
    auto sim = Simulator::start(loops, {});
    ASSERT_TRUE(sim.ok());
    RawClient c((*sim)->port());
    ASSERT_TRUE(c.send(
        post("/v1/chat/completions", R"({"model":"fault/redirect_307","messages":[{"role":"user","content":"hi"}]})")));
    EXPECT_EQ(c.read().http.headers["location"], fmt::format("http://127.0.0.1:{}/sim/redirected", (*sim)->port()));
    EXPECT_NE((*sim)->stats_json().find("\"redirects_followed\":0"), std::string::npos);
    ASSERT_TRUE(c.send(post("/sim/redirected", "{}")));
    EXPECT_EQ(c.read().http.status, 200);
    EXPECT_NE((*sim)->stats_json().find("\"redirects_followed\":1"), std::string::npos);
    sim->reset();
}

}  // namespace
}  // namespace aig::sim
