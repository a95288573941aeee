// Server and client against each other: the plain good cases.
#include <gtest/gtest.h>

#include "net/testing/fixture.h"

namespace aig::net::testing {
namespace {

rt::Task<> two_calls(rt::Loop* loop, std::shared_ptr<const Upstream> upstream, std::vector<Got>* out, size_t* idle) {
    auto client = Client::make(*loop);
    for (int i = 0; i < 2; ++i) {
        const std::string body = "hello";
        ClientRequest request;
        request.target = "/a?b=c";
        request.headers.add("x-test", "1");
        request.body = Pieces{body, " there"};
        auto got = co_await call(*client, upstream, std::move(request));
        out->push_back(std::move(got));
    }
    *idle = client->idle_connections();
}

TEST(Net, TwoCallsShareOneConnection) {
    TestServer server;
    std::vector<Got> got;
    size_t idle = 0;
    auto upstream = server.upstream();
    run_on(server.loops[0], [&] { return two_calls(&server.loops[0], upstream, &got, &idle); });
    ASSERT_EQ(got.size(), 2u);
    for (const Got& g : got) {
        EXPECT_TRUE(g.ok) << g.why;
        EXPECT_EQ(g.status, 200);
        EXPECT_EQ(g.body, "POST /a?b=c 11 hello there");
        EXPECT_EQ(g.headers.get("Content-Type"), "text/plain");
    }
    EXPECT_EQ(idle, 1u);
}

TEST(Net, PipelinedRequestsAreAnsweredInOrder) {
    TestServer server;
    RawClient client(server.server->port());
    client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
        "GET /stream HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string all = client.receive();
    const size_t one = all.find("GET /1 0 "), two = all.find("POST /2 3 abc"), three = all.find("chunk4;"),
                 four = all.find("GET /4 0 ");
    EXPECT_NE(one, std::string::npos);
    EXPECT_LT(one, two);
    EXPECT_LT(two, three);
    EXPECT_LT(three, four);
    EXPECT_NE(four, std::string::npos) << all;
}

TEST(Net, StreamsAreChunkedAndComeWithTheirHead) {
    TestServer server;
    RawClient client(server.server->port());
    client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string all = client.receive_until("0\r\n\r\n");
    EXPECT_NE(all.find("transfer-encoding: chunked\r\n"), std::string::npos) << all;
    EXPECT_NE(all.find("\r\n\r\n7\r\nchunk0;\r\n7\r\nchunk1;\r\n"), std::string::npos) << all;
}

TEST(Net, AHandlerThatThrowsOrForgetsIsA500) {
    TestServer server;
    for (const char* path : {"/boom", "/silent"}) {
        RawClient client(server.server->port());
        client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_TRUE(client.receive().starts_with("HTTP/1.1 500 ")) << path;
    }
}

}  // namespace
}  // namespace aig::net::testing
