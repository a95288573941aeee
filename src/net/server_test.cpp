// The server's limits, timeouts and bad moments, over loopback. Timeouts are shortened by options; the sweep that
// enforces them runs every 100 ms.
#include <gtest/gtest.h>
#include <zlib.h>

#include <thread>

#include "base/time.h"
#include "net/testing/fixture.h"

namespace aig::net::testing {
namespace {

std::string gzip(std::string_view text) {
    z_stream z{};
    EXPECT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&z, text.size()) + 64, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

std::string post(const std::string& headers, std::string_view body, const std::string& path = "/a") {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

std::string ask(const TestServer& server, const std::string& bytes) {
    RawClient client(server.server->port());
    client.send(bytes);
    client.half_close();
    return client.receive();
}

ServerOptions quick() {
    ServerOptions o;
    o.head_timeout_ms = o.idle_timeout_ms = o.write_timeout_ms = o.body_grace_ms = 200;
    return o;
}

bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1'000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return holds();
}

TEST(ServerLimits, LongRequestLineHeadAndManyHeaders) {
    TestServer server;
    EXPECT_TRUE(
        ask(server, "GET /" + std::string(8'100, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(
        ask(server, "GET /" + std::string(8'300, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 414 "));
    EXPECT_TRUE(ask(server, "GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(33'000, 'a') + "\r\n\r\n")
                    .starts_with("HTTP/1.1 431 "));
    std::string lines;
    for (int i = 0; i < 99; ++i) lines += "X: y\r\n";
    EXPECT_TRUE(ask(server, "GET /a HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask(server, "GET /a HTTP/1.1\r\nHost: h\r\n" + lines + "X: y\r\n\r\n").starts_with("HTTP/1.1 431 "));
}

TEST(ServerLimits, BodyTooLargeIsRefusedBeforeItIsRead) {
    TestServer server;  // echo reads at most 1 MiB
    const std::string reply = ask(server, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\nx");
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 413 ")) << reply;
    EXPECT_NE(reply.find("connection: close"), std::string::npos);
    std::string chunks = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 17; ++i) chunks += "10000\r\n" + std::string(65'536, 'x') + "\r\n";
    EXPECT_TRUE(ask(server, chunks + "0\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST(ServerLimits, AnUnreadSmallBodyKeepsTheConnection) {
    TestServer server([](Exchange& exchange) -> rt::Task<> {
        return [](Exchange* e) -> rt::Task<> {
            Headers headers;
            Pieces body;
            auto sent = co_await e->respond(401, std::move(headers), std::move(body));
            (void)sent;
        }(&exchange);
    });
    RawClient client(server.server->port());
    client.send(post("", "hello") +
                "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" +
                "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
    const std::string all = client.receive();
    size_t replies = 0;
    for (size_t at = 0; (at = all.find("HTTP/1.1 401 ", at)) != std::string::npos; ++at) ++replies;
    EXPECT_EQ(replies, 3u) << all;
    EXPECT_EQ(all.find("connection: close"), all.rfind("connection: close")) << "only the third";
    EXPECT_NE(all.find("connection: close"), std::string::npos);
}

TEST(ServerLimits, TheGlobalBudgetRefusesBeforeReadingAndIsGivenBack) {
    ServerOptions options;
    options.bodies = std::make_shared<ByteBudget>(100'000);
    auto budget = options.bodies;
    TestServer server(echo, std::move(options));
    const std::string refused = ask(server, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
    EXPECT_TRUE(ask(server, post("", std::string(90'000, 'x'))).starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(eventually([&] { return budget->left() == 100'000; }));
}

TEST(ServerBodies, GzipIsUndoneAndBombsAreRefused) {
    TestServer server;
    const std::string reply = ask(server, post("Content-Encoding: gzip\r\n", gzip("hello")));
    EXPECT_NE(reply.find("POST /a 5 hello"), std::string::npos) << reply;
    EXPECT_TRUE(
        ask(server, post("Content-Encoding: gzip\r\n", gzip(std::string(2 << 20, 'a')))).starts_with("HTTP/1.1 413 "));
    const std::string packed = gzip(std::string(1'000, 'b'));
    EXPECT_TRUE(ask(server, post("Content-Encoding: gzip\r\n", packed.substr(0, packed.size() - 9)))
                    .starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(ask(server, post("Content-Encoding: gzip\r\n", "not gzip")).starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(ask(server, post("Content-Encoding: br\r\n", "x")).starts_with("HTTP/1.1 415 "));
    EXPECT_TRUE(
        ask(server, post("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "x")).starts_with("HTTP/1.1 415 "));
    std::string noise(200'000, '\0');  // hardly packs: takes the way through the blocking pool
    for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>((i * 2'654'435'761u) >> 13);
    EXPECT_NE(ask(server, post("Content-Encoding: gzip\r\n", gzip(noise))).find("POST /a 200000 "), std::string::npos);
}

TEST(ServerBodies, ExpectContinueIsAnsweredWhenTheBodyIsWanted) {
    TestServer server;
    RawClient client(server.server->port());
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_NE(client.receive_until("hello").find("HTTP/1.1 200 "), std::string::npos);
}

TEST(ServerBodies, LargeBodiesBothWays) {
    TestServer server;
    const std::string body(1 << 20, 'z');
    RawClient client(server.server->port());
    std::thread sender([&] { client.send(post("Connection: close\r\n", body)); });
    const std::string reply = client.receive();
    sender.join();
    EXPECT_NE(reply.find("POST /a 1048576 zzz"), std::string::npos);
    EXPECT_TRUE(reply.ends_with(body.substr(0, 1'000)));
    EXPECT_GT(reply.size(), body.size());
}

TEST(ServerTimeouts, SlowHeadIs408IdleIsClosedSlowBodyIs408) {
    TestServer server(echo, quick());
    RawClient slow(server.server->port());
    slow.send("GET /a HTTP/1.1\r\nHo");
    EXPECT_TRUE(slow.receive().starts_with("HTTP/1.1 408 "));
    RawClient idle(server.server->port());
    idle.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(idle.receive_until("GET /a 0 "), "");
    EXPECT_TRUE(idle.closed_by_peer(5'000));
    RawClient body(server.server->port());
    body.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_TRUE(body.receive().starts_with("HTTP/1.1 408 "));
}

struct Flags {
    std::atomic<bool> stopped{false}, write_failed{false}, ended{false};
    rt::Stop::Listener listener;
};

/// Streams 64 KiB pieces until the client does not take them any more.
rt::Task<> pour(Exchange* exchange, std::shared_ptr<Flags> flags) {
    Headers headers;
    auto begun = co_await exchange->begin(200, std::move(headers));
    const std::string piece(65'536, 'p');
    for (int i = 0; begun.ok() && i < 2'000; ++i) {
        Pieces pieces{piece};
        auto wrote = co_await exchange->write(std::move(pieces));
        if (wrote.ok()) continue;
        flags->write_failed = true;
        break;
    }
    flags->stopped = exchange->stop().stopped();
    flags->ended = true;
}

TEST(ServerTimeouts, AClientThatDoesNotReadHoldsTheWriterAndIsCut) {
    auto flags = std::make_shared<Flags>();
    TestServer server([flags](Exchange& e) { return pour(&e, flags); }, quick());
    RawClient client(server.server->port());
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return flags->ended.load(); }));
    EXPECT_TRUE(flags->write_failed) << "128 MiB must not fit anywhere";
    EXPECT_TRUE(flags->stopped);
}

rt::Task<> wait_for_stop(Exchange* exchange, std::shared_ptr<Flags> flags) {
    auto wait = [exchange, flags](std::function<void()> resume) {
        exchange->stop().tell(flags->listener, [resume, f = flags.get()] {
            f->stopped = true;
            resume();
        });
    };
    co_await rt::suspend(wait);
    flags->ended = true;
}

TEST(ServerStop, FiresWhenTheClientLeavesWhileTheHandlerWorks) {
    for (const bool half : {false, true}) {
        auto flags = std::make_shared<Flags>();
        TestServer server([flags](Exchange& e) { return wait_for_stop(&e, flags); });
        RawClient client(server.server->port());
        client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_TRUE(eventually([&] { return server.server->in_flight() == 1; }));
        EXPECT_FALSE(flags->stopped);
        half ? client.half_close() : client.close();
        EXPECT_TRUE(eventually([&] { return flags->ended.load(); }));
    }
}

TEST(ServerLife, AbortBreaksTheReplyVisibly) {
    TestServer server([](Exchange& exchange) -> rt::Task<> {
        return [](Exchange* e) -> rt::Task<> {
            Headers headers;
            auto begun = co_await e->begin(200, std::move(headers));
            (void)begun;
            Pieces pieces{"half"};
            auto wrote = co_await e->write(std::move(pieces));
            (void)wrote;
            e->abort();
        }(&exchange);
    });
    RawClient client(server.server->port());
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string all = client.receive();
    EXPECT_NE(all.find("4\r\nhalf\r\n"), std::string::npos) << all;
    EXPECT_EQ(all.find("0\r\n\r\n"), std::string::npos) << all;
}

TEST(ServerLife, HeadAndHttp10) {
    TestServer server;
    const std::string head = ask(server, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(head.find("content-length: 10\r\n"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    const std::string old = ask(server, "GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.find("chunked"), std::string::npos);
    EXPECT_TRUE(old.ends_with("chunk0;chunk1;chunk2;chunk3;chunk4;")) << old;
    RawClient kept(server.server->port());
    kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(kept.receive_until("GET /a 0 ").find("connection: keep-alive\r\n"), std::string::npos);
}

TEST(ServerLife, DrainFinishesWhatRunsAndClosesWhatIsIdle) {
    auto flags = std::make_shared<Flags>();
    TestServer server([flags](Exchange& exchange) -> rt::Task<> {
        return [](Exchange* e, std::shared_ptr<Flags> f) -> rt::Task<> {
            while (!f->stopped) co_await e->loop().sleep_ms(5);
            Pieces pieces{"done"};
            Headers headers;
            auto sent = co_await e->respond(200, std::move(headers), std::move(pieces));
            (void)sent;
        }(&exchange, flags);
    });
    RawClient running(server.server->port()), idle(server.server->port());
    running.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return server.server->in_flight() == 1 && server.server->connections() == 2; }));
    server.server->drain();
    EXPECT_TRUE(idle.closed_by_peer(5'000));
    flags->stopped = true;
    const std::string reply = running.receive();
    EXPECT_NE(reply.find("connection: close\r\n"), std::string::npos) << reply;
    EXPECT_TRUE(reply.ends_with("done"));
    EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
}

TEST(ServerLife, CloseCutsHandlersThatListen) {
    auto flags = std::make_shared<Flags>();
    TestServer server([flags](Exchange& e) { return wait_for_stop(&e, flags); }, {}, 2);
    RawClient one(server.server->port()), two(server.server->port());
    for (RawClient* c : {&one, &two}) c->send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return server.server->in_flight() == 2; }));
    server.server->close();
    EXPECT_EQ(server.server->connections(), 0);
    EXPECT_TRUE(one.closed_by_peer(1'000));
}

TEST(ServerLife, ATakenPortAndABadHostAreErrors) {
    TestServer server;
    rt::Loops loops(1);
    ServerOptions options;
    options.port = server.server->port();
    EXPECT_FALSE(Server::start(loops, options, echo).ok());
    options.host = "no.such.host";
    EXPECT_FALSE(Server::start(loops, options, echo).ok());
}

TEST(ServerLife, TooManyConnectionsAreTurnedAway) {
    ServerOptions options;
    options.max_connections = 1;
    TestServer server(echo, options);
    RawClient first(server.server->port());
    first.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(first.receive_until("GET /a 0 "), "");
    RawClient second(server.server->port());
    EXPECT_TRUE(second.receive().starts_with("HTTP/1.1 503 "));
}

TEST(ServerLife, RepliesCannotCarryForeignLines) {
    TestServer server([](Exchange& exchange) -> rt::Task<> {
        return [](Exchange* e) -> rt::Task<> {
            Headers headers;
            headers.add("x-bad", "a\r\nset-cookie: b");
            headers.add("x-good", "c");
            headers.add_named("content-length", "99");
            Pieces body;
            auto sent = co_await e->respond(200, std::move(headers), std::move(body));
            (void)sent;
        }(&exchange);
    });
    const std::string reply = ask(server, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(reply.find("set-cookie"), std::string::npos);
    EXPECT_EQ(reply.find("99"), std::string::npos);
    EXPECT_NE(reply.find("x-good: c\r\n"), std::string::npos);
}

}  // namespace
}  // namespace aig::net::testing
