// The simulator on a socket: framing, connections, invoice, counters, departures.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "sim/sim.h"
#include "sim/testing/raw_client.h"

namespace aig::sim {
namespace {

using namespace testing;

const std::string greeting = R"({"model":"m","messages":[{"role":"user","content":"Say hi"}]})";

class Server : public ::testing::Test {
  protected:
    rt::Loops loops{2};
    std::unique_ptr<Simulator> sim;
    void start(SimOptions options = {}) {
        auto started = Simulator::start(loops, std::move(options));
        ASSERT_TRUE(started.ok()) << started.error().message();
        sim = *std::move(started);
    }
    void TearDown() override {
        sim.reset();
        loops.stop_and_join();
    }
    /// Waits for something that happens soon; how soon does not matter.
    template <class F>
    static bool eventually(F f) {
        for (int i = 0; i < 1'000; ++i) {
            if (f()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
};

std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string temporary_file(const char* name) {
    return ::testing::TempDir() + "aig_sim_" + std::to_string(::getpid()) + "_" + name;
}

TEST_F(Server, AnswersManyRequestsOnOneConnection) {
    start();
    RawClient c(sim->port());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(c.send(post("/v1/chat/completions", greeting)));
        const RawReply r = c.read();
        ASSERT_TRUE(r.http.whole) << r.http.fault;
        EXPECT_TRUE(understand_openai(r.http, false).correct);
    }
    EXPECT_EQ(sim->calls(), 3);
    EXPECT_EQ(sim->calls("m"), 3);
    EXPECT_EQ(sim->calls("other"), 0);
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
    start();
    RawClient c(sim->port());
    std::string all;
    for (const char* word : {"one", "two", "three"})
        all += post("/v1/chat/completions",
                    std::string(R"({"model":"m","messages":[{"role":"user","content":")") + word + "\"}]}");
    ASSERT_TRUE(c.send(all));
    for (const char* word : {"one", "two", "three"})
        EXPECT_EQ(understand_openai(c.read().http, false).text, std::string("You said: ") + word);
}

TEST_F(Server, ReadsChunkedBodiesByteByByteAndAnswersExpect) {
    start();
    RawClient c(sim->port());
    ASSERT_TRUE(
        c.send("POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer x\r\nContent-Type: "
               "application/json\r\nExpect: 100-continue\r\n"
               "Transfer-Encoding: chunked\r\n\r\n"));
    ASSERT_TRUE(c.read_until("100 Continue\r\n\r\n"));
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", greeting.size());
    for (const char byte : size + greeting + "\r\n0\r\n\r\n") ASSERT_TRUE(c.send({&byte, 1}));
    EXPECT_TRUE(understand_openai(c.read().http, false).correct);
}

TEST_F(Server, RefusesBrokenRequests) {
    start();
    for (const std::string bad :
         {"nonsense\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
          "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
          "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "POST / HTTP/1.1\r\nbad header : x\r\n\r\n"}) {
        RawClient c(sim->port());
        ASSERT_TRUE(c.send(bad));
        EXPECT_EQ(c.read().http.status, 400) << bad;
    }
}

TEST_F(Server, ClosesWhenAskedTo) {
    start();
    RawClient c(sim->port());
    ASSERT_TRUE(c.send(post("/v1/chat/completions", greeting, "connection: close\r\n")));
    EXPECT_TRUE(c.read().http.whole);
    EXPECT_EQ(c.read().closing, Closing::fin);
}

TEST_F(Server, WritesAnInvoiceLineForEveryCall) {
    const std::string file = temporary_file("bill.jsonl");
    SimOptions options;
    options.bill_file = file;
    start(options);
    RawClient c(sim->port());
    ASSERT_TRUE(c.send(post("/v1/chat/completions", greeting, "x-aig-request-id: req_7\r\n")));
    ASSERT_TRUE(c.read().http.whole);
    ASSERT_TRUE(c.send(
        post("/v1/messages", R"({"model":"fault/529","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})")));
    ASSERT_EQ(c.read().http.status, 529);
    ASSERT_TRUE(eventually([&] { return lines_of(file).size() == 2; }));
    const auto lines = lines_of(file);
    const auto first = JsonDoc::parse(lines[0]), second = JsonDoc::parse(lines[1]);
    ASSERT_TRUE(first.ok() && second.ok());
    const JsonRef a = first->root(), b = second->root();
    EXPECT_EQ(a["request_id"].text(), "req_7");
    EXPECT_TRUE(a["call"].text().starts_with("chatcmpl-"));
    EXPECT_EQ(a["wire"].text(), "openai");
    EXPECT_EQ(a["output_tokens"].integer(), 7);
    EXPECT_GT(a["input_tokens"].integer().value_or(0), 0);
    EXPECT_TRUE(a["completed"].boolean());
    EXPECT_TRUE(a["client_gone_after_tokens"].is_null());
    EXPECT_EQ(a["status"].integer(), 200);
    EXPECT_EQ(b["wire"].text(), "anthropic");
    EXPECT_EQ(b["status"].integer(), 529);
    EXPECT_FALSE(b["completed"].boolean());
    EXPECT_EQ(b["input_tokens"].integer(), 0);
    std::remove(file.c_str());
}

TEST_F(Server, NoticesAClientThatLeavesInTheMiddle) {
    const std::string file = temporary_file("gone.jsonl");
    SimOptions options;
    options.bill_file = file;
    start(options);
    {
        RawClient c(sim->port());
        ASSERT_TRUE(c.send(post(
            "/v1/chat/completions",
            R"({"model":"fault/slow@30","stream":true,"messages":[{"role":"user","content":"Write 5000 words"}]})")));
        ASSERT_TRUE(c.read_until("\"content\":\" 3\""));
    }
    ASSERT_TRUE(eventually([&] { return sim->disconnects() == 1; }));
    ASSERT_TRUE(eventually([&] { return sim->open_connections() == 0; }));
    ASSERT_TRUE(eventually([&] { return lines_of(file).size() == 1; }));
    const auto doc = JsonDoc::parse(lines_of(file)[0]);
    ASSERT_TRUE(doc.ok());
    const int64_t gone = doc->root()["client_gone_after_tokens"].integer().value_or(-1);
    EXPECT_GE(gone, 3);
    EXPECT_LT(gone, 5'000);
    EXPECT_FALSE(doc->root()["completed"].boolean());
    std::remove(file.c_str());
}

TEST_F(Server, CountsAndResets) {
    start();
    RawClient c(sim->port());
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(c.send(post("/v1/chat/completions",
                                R"({"model":"fault/fail_times@1","messages":[{"role":"user","content":"Say hi"}]})")));
        EXPECT_EQ(c.read().http.status, i == 0 ? 500 : 200);
    }
    ASSERT_TRUE(c.send("GET /sim/stats HTTP/1.1\r\n\r\n"));
    const auto stats = JsonDoc::parse(c.read().http.body);
    ASSERT_TRUE(stats.ok());
    EXPECT_EQ(stats->root()["calls"].integer(), 2);
    EXPECT_EQ(stats->root()["models"]["fault/fail_times@1"].integer(), 2);
    EXPECT_EQ(stats->root()["statuses"]["500"].integer(), 1);
    EXPECT_EQ(stats->root()["open_connections"].integer(), 1);
    ASSERT_TRUE(c.send("POST /sim/reset HTTP/1.1\r\ncontent-length: 0\r\n\r\n"));
    EXPECT_EQ(c.read().http.status, 200);
    EXPECT_EQ(sim->calls(), 0);
    ASSERT_TRUE(c.send(post("/v1/chat/completions",
                            R"({"model":"fault/fail_times@1","messages":[{"role":"user","content":"Say hi"}]})")));
    EXPECT_EQ(c.read().http.status, 500) << "fail_times begins anew";
}

TEST_F(Server, ListsModelsOnBothWires) {
    start();
    RawClient c(sim->port());
    ASSERT_TRUE(c.send("GET /v1/models HTTP/1.1\r\nauthorization: Bearer x\r\n\r\n"));
    EXPECT_NE(c.read().http.body.find("\"object\":\"list\""), std::string::npos);
    ASSERT_TRUE(c.send("GET /v1/models HTTP/1.1\r\nx-api-key: x\r\nanthropic-version: 2023-06-01\r\n\r\n"));
    EXPECT_NE(c.read().http.body.find("\"has_more\":false"), std::string::npos);
    ASSERT_TRUE(c.send("GET /v1/models HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(c.read().http.status, 401);
    ASSERT_TRUE(c.send("GET /v1/nothing HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(c.read().http.status, 404);
}

TEST_F(Server, PlaysCannedReplies) {
    const std::string file = temporary_file("script.jsonl");
    std::ofstream(file) << R"({"model":"canned","status":418,"headers":{"x-a":"b"},"body":{"odd":true}})"
                        << "\n\n"
                        << R"({"model":"events","events":["data: 1","data: [DONE]"]})"
                        << "\n";
    SimOptions options;
    options.script_file = file;
    start(options);
    RawClient c(sim->port());
    ASSERT_TRUE(c.send(post("/v1/chat/completions", R"({"model":"canned"})")));
    const RawReply r = c.read();
    EXPECT_EQ(r.http.status, 418);
    EXPECT_EQ(r.http.body, R"({"odd":true})");
    EXPECT_EQ(r.http.headers.at("x-a"), "b");
    ASSERT_TRUE(c.send(post("/v1/chat/completions", R"({"model":"events"})")));
    EXPECT_EQ(c.read().http.body, "data: 1\n\ndata: [DONE]\n\n");
    std::remove(file.c_str());
}

TEST_F(Server, SaysWhyItCannotStart) {
    start();
    SimOptions taken;
    taken.port = sim->port();
    EXPECT_FALSE(Simulator::start(loops, taken).ok());
    SimOptions no_bill;
    no_bill.bill_file = "/nonexistent/bill";
    EXPECT_FALSE(Simulator::start(loops, no_bill).ok());
    SimOptions no_script;
    no_script.script_file = "/nonexistent/script";
    EXPECT_FALSE(Simulator::start(loops, no_script).ok());
    SimOptions no_host;
    no_host.host = "no address";
    EXPECT_FALSE(Simulator::start(loops, no_host).ok());
}

TEST_F(Server, StopsWhileCallersWait) {
    start();
    RawClient silent(sim->port()), idle(sim->port());
    ASSERT_TRUE(
        silent.send(post("/v1/chat/completions",
                         R"({"model":"fault/stall_after_headers","messages":[{"role":"user","content":"Say hi"}]})")));
    ASSERT_TRUE(silent.read_until("\r\n\r\n"));
    sim->stop();
    EXPECT_NE(silent.read().closing, Closing::open);
    EXPECT_NE(idle.read().closing, Closing::open);
    EXPECT_EQ(sim->disconnects(), 0) << "we left, not they";
}

}  // namespace
}  // namespace aig::sim
