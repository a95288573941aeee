// Hostile framings: each must be refused by the parsing layer whatever the pieces it arrives in, answered 400 (414,
// 431) and closed by the server, and never lead to a second request that the first one smuggled.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "net/testing/drive.h"
#include "net/testing/fixture.h"

namespace aig::net::testing {
namespace {

struct Shape {
    char kind;  // q request, r reply
    std::string name, bytes;
};

const std::string kPost = "POST /a HTTP/1.1\r\nHost: h\r\n";
const std::string kNext = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\n";

std::string named(std::string_view bytes) {
    std::string out;
    for (const char c : bytes.substr(0, 60)) {
        char hex[8];
        std::snprintf(hex, sizeof hex, c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", static_cast<unsigned char>(c));
        out += hex;
    }
    return out;
}

/// Every string here is the odd part alone; the rest of the message is put around it.
std::vector<Shape> hostile_table() {
    using namespace std::string_literals;
    std::vector<Shape> out;
    auto add = [&](char kind, const std::string& what, std::string bytes) {
        out.push_back(
            {kind, what + " " + named(bytes.substr(bytes.size() > 400 ? bytes.size() : 0)), std::move(bytes)});
    };
    for (const auto& line : {
             "Content-Length: +5"s,
             "Content-Length: -5"s,
             "Content-Length: 05"s,
             "Content-Length: 5 "s,
             "Content-Length: 5\t"s,
             "Content-Length: 5,5"s,
             "Content-Length: 5, 6"s,
             "Content-Length: 0x5"s,
             "Content-Length: 5.0"s,
             "Content-Length:"s,
             "Content-Length:  "s,
             "Content-Length: 5 5"s,
             "Content-Length: 9223372036854775807"s,
             "Content-Length: 9999999999999999"s,
             "Content-Length: 18446744073709551621"s,
             "Content-Length: \"5\""s,
             "Content-Length:\t5"s,
             "Content-Length : 5"s,
             "Content-Length: 5\r\nContent-Length: 5"s,
             "Content-Length: 5\r\ncontent-length: 6"s,
             "Content_Length: 5"s,
             "Content-Length: 5\r\nTransfer-Encoding: chunked"s,
             "Transfer-Encoding: chunked\r\nContent-Length: 5"s,
             "Content-Length: 0\r\nTransfer-Encoding: chunked"s,
             "Content-Length:\r\n 5"s,
             "Content-Length: 1\r\n 2"s,
             " Content-Length: 5"s,
             "\tContent-Length: 5"s,
             "Content-Length\0: 5"s,
             "Content-Length: 5\0"s,
             "Content-Length: 5\x0b"s,
         }) {
        add('q', "length", kPost + line + "\r\n\r\nhello" + kNext);
        add('r', "length", kOk + line + "\r\n\r\nhello" + kOk + "Content-Length: 0\r\n\r\n");
    }
    for (const auto& value : {
             "identity"s,
             "identity, chunked"s,
             "chunked, identity"s,
             "gzip, chunked"s,
             "chunked, chunked"s,
             "chunked;q=1"s,
             "xchunked"s,
             "chunkedx"s,
             "\"chunked\""s,
             ""s,
             "chunked,"s,
             ",chunked"s,
             "chunked chunked"s,
             "cow"s,
             "chunk ed"s,
             "\x0b"
             "chunked"s,
             "\x0c"
             "chunked"s,
             "chunked \t"s,
             "chunked\0"s,
             "chunked\r\nTransfer-Encoding: chunked"s,
             "chunked\r\nTransfer-Encoding: cow"s,
             "identity\r\nTransfer-Encoding: chunked"s,
             "\r\n chunked"s,
             "chunked\r\n "s,
             "deflate"s,
         }) {
        add('q', "transfer-encoding",
            kPost + "Transfer-Encoding: " + value + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + kNext);
        add('r', "transfer-encoding",
            kOk + "Transfer-Encoding: " + value + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + kOk + "\r\n");
    }
    add('q', "capital letters", kPost + "Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    add('q', "underscore", kPost + "Transfer_Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    add('q', "1.0 chunked", "POST /a HTTP/1.0\r\nHost: h\r\n" + kChunked + "\r\n5\r\nhello\r\n0\r\n\r\n");
    for (const auto& body : {
             "0x5\r\nhello\r\n0\r\n\r\n"s,
             "+5\r\nhello\r\n0\r\n\r\n"s,
             " 5\r\nhello\r\n0\r\n\r\n"s,
             "5 \r\nhello\r\n0\r\n\r\n"s,
             "5\nhello\r\n0\r\n\r\n"s,
             "5\rxhello\r\n0\r\n\r\n"s,
             "5\r\r\nhello\r\n0\r\n\r\n"s,
             "5\r\nhello\n0\r\n\r\n"s,
             "5\r\nhello0\r\n\r\n"s,
             "5\r\nhelloXX0\r\n\r\n"s,
             "5\r\nhello\rX0\r\n\r\n"s,
             "5\r\nhello\r\n0\n\r\n"s,
             "5\r\nhello\r\n0\r\n\n"s,
             "5\r\nhello\r\n0\r\n\rX"s,
             "5;\r\nhello\r\n0\r\n\r\n"s,
             "5; a\r\nhello\r\n0\r\n\r\n"s,
             "5;a\nhello\r\n0\r\n\r\n"s,
             "5;a=\r\nhello\r\n0\r\n\r\n"s,
             "5;a=\"x\r\n\"\r\nhello\r\n0\r\n\r\n"s,
             "5;a\0\r\nhello\r\n0\r\n\r\n"s,
             "\r\nhello\r\n0\r\n\r\n"s,
             "G\r\nhello\r\n0\r\n\r\n"s,
             "10000000000000005\r\nhello\r\n0\r\n\r\n"s,
             "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"s,
             "00000000000000005\r\nhello\r\n0\r\n\r\n"s,
             "4\r\nhello\r\n0\r\n\r\n"s,
             "5;" + std::string(1100, 'a') + "\r\nhello\r\n0\r\n\r\n",
             "0\r\nContent-Length: 5\r\n\r\n"s,
             "0\r\nHost: evil\r\n\r\n"s,
             "0\r\nTransfer-Encoding: chunked\r\n\r\n"s,
             "0\r\nAuthorization: x\r\n\r\n"s,
             "0\r\nX: y\n\r\n"s,
             "0\r\nX: y\r\n z\r\n\r\n"s,
             "0\r\nX : y\r\n\r\n"s,
             "0\r\n: y\r\n\r\n"s,
             "0\r\nX\r\n\r\n"s,
             "0\r\nX: \x01\r\n\r\n"s,
             "0\r\n" + std::string(9000, 'x') + ": y\r\n\r\n",
         }) {
        add('q', "chunks", kPost + kChunked + "\r\n" + body + kNext);
        add('r', "chunks", kOk + kChunked + "\r\n" + body + kOk + "\r\n");
    }
    for (const auto& line : {
             "GET  /a HTTP/1.1"s,
             "GET /a  HTTP/1.1"s,
             "GET\t/a HTTP/1.1"s,
             "GET /a\tHTTP/1.1"s,
             " GET /a HTTP/1.1"s,
             "get /a HTTP/1.1"s,
             "GET /a HTTP/1.2"s,
             "GET /a HTTP/2.0"s,
             "GET /a HTTP/0.9"s,
             "GET /a HTTP/1.10"s,
             "GET /a HTTP/01.1"s,
             "GET /a http/1.1"s,
             "GET /a"s,
             "GET /a HTTP/1.1 "s,
             "GET  HTTP/1.1"s,
             "GET a HTTP/1.1"s,
             "GET * HTTP/1.1"s,
             "GET http://evil/a HTTP/1.1"s,
             "GET http://u@h/a HTTP/1.1"s,
             "GET http://h HTTP/1.1"s,
             "GET ftp://h/a HTTP/1.1"s,
             "GET evil:80 HTTP/1.1"s,
             "CONNECT h:80 HTTP/1.1"s,
             "GET /a RTSP/1.0"s,
             "SOURCE /a ICE/1.0"s,
             "PRI * HTTP/2.0"s,
             "FOO /a HTTP/1.1"s,
             "G\0T /a HTTP/1.1"s,
             "GET /%zz HTTP/1.1"s,
             "GET /%0 HTTP/1.1"s,
             "GET /%00 HTTP/1.1"s,
             "GET /a#b HTTP/1.1"s,
             "GET /a\"b HTTP/1.1"s,
             "GET /a<b HTTP/1.1"s,
             "GET /a\\b HTTP/1.1"s,
             "GET /a^b HTTP/1.1"s,
             "GET /a`b HTTP/1.1"s,
             "GET /a{b HTTP/1.1"s,
             "GET /a|b HTTP/1.1"s,
             "GET /a\x80"
             "b HTTP/1.1"s,
             "GET /a\x7f"
             "b HTTP/1.1"s,
             "GET /a\0b HTTP/1.1"s,
             "GET /a\rb HTTP/1.1"s,
             "GET /a\nb HTTP/1.1"s,
             "\x16\x03\x01\x02"s,
         }) {
        add('q', "request line", line + "\r\nHost: h\r\n\r\n" + kNext);
    }
    for (const auto& lines : {
             ""s,
             "Host: a\r\nHost: a\r\n"s,
             "Host:\r\n"s,
             "Host: a,b\r\n"s,
             "Host: a/b\r\n"s,
             "Host: a@b\r\n"s,
             "Host: a b\r\n"s,
             "Host: h:x\r\n"s,
             "Host: h\xe9\r\n"s,
             "Host: h\r\nX: a\r\n b\r\n"s,
             "Host: h\r\nX: a\r\n\tb\r\n"s,
             "Host: h\r\n: v\r\n"s,
             "Host: h\r\nFoo\r\n"s,
             "Host: h\r\nFoo bar: v\r\n"s,
             "Host: h\r\nX(: v\r\n"s,
             "Host: h\r\nX\xff: v\r\n"s,
             "Host: h\r\nX : v\r\n"s,
             "Host: h\r\nX\t: v\r\n"s,
             "Host: h\r\nX: a\0b\r\n"s,
             "Host: h\r\nX: a\x01"
             "b\r\n"s,
             "Host: h\r\nX: a\x1b"
             "b\r\n"s,
             "Host: h\r\nX: a\x7f"
             "b\r\n"s,
             "Host: h\nX: y\r\n"s,
             "Host: h\rX: y\r\n"s,
             "Host: h\r\r\n"s,
             "Host: h\r\nX:\rxA: b\r\n"s,
             "Host: h\r\nX: \rxA: b\r\n"s,
             "Host: h\r\nExpect: 200-maybe\r\n"s,
             "Host: h\r\nExpect: 100-continue, x\r\n"s,
             "Host: h\r\nX_API_Key: k\r\n"s,
             "Host: h\r\nX_AIG_Route: k\r\n"s,
         }) {
        add('q', "head", "GET /a HTTP/1.1\r\n" + lines + "\r\n" + kNext);
    }
    add('q', "LF LF", "GET /a HTTP/1.1\nHost: h\n\n" + kNext);
    add('q', "CR CR", "GET /a HTTP/1.1\rHost: h\r\r" + kNext);
    add('q', "blank line LF", "GET /a HTTP/1.1\r\nHost: h\r\n\n" + kNext);
    add('q', "blank line CR x", "GET /a HTTP/1.1\r\nHost: h\r\n\rx" + kNext);
    add('q', "leading LF", "\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    add('q', "leading CR", "\rGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    add('q', "blank line between", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n\r\n" + kNext);
    add('q', "long header", kPost + "X: " + std::string(1 << 20, 'a') + "\r\n\r\n");
    add('q', "long target", "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string many = kPost;
    for (int i = 0; i < 10'000; ++i) many += "X: y\r\n";
    add('q', "many headers", many + "\r\n");
    for (const auto& line : {
             "HTTP/1.1 20 OK"s,         "HTTP/1.1 2000 OK"s,
             "HTTP/1.1 099 OK"s,        "HTTP/1.1 600 OK"s,
             "HTTP/1.1 2x0 OK"s,        "HTTP/1.1  200 OK"s,
             "HTTP/1.2 200 OK"s,        "HTTP/2.0 200 OK"s,
             "HTTP/0.9 200 OK"s,        "ICY 200 OK"s,
             "http/1.1 200 OK"s,        "HTTP/1.1 200OK"s,
             "HTTP/1.1 200 O\0K"s,      "HTTP/1.1 200 O\rK"s,
             "HTTP/1.1 101 Switching"s, "<html>"s,
             "\r\nHTTP/1.1 200 OK"s,    "HTTP/1.1 204 No Content"s,
             "HTTP/1.1 100 Continue"s,
         }) {
        add('r', "status line", line + "\r\nContent-Length: 5\r\n\r\nhello");
    }
    add('r', "204 chunked", "HTTP/1.1 204 No\r\n" + kChunked + "\r\n0\r\n\r\n");
    add('r', "1.0 chunked", "HTTP/1.0 200 OK\r\n" + kChunked + "\r\n0\r\n\r\n");
    add('r', "second reply", kOk + "Content-Length: 0\r\n\r\n" + kOk + "Content-Length: 0\r\n\r\n");
    add('r', "too much", kOk + "Content-Length: 5\r\n\r\nhello!");
    return out;
}

Verdict drive(const Shape& shape, size_t piece) {
    return shape.kind == 'q' ? drive_requests(shape.bytes, piece) : drive_reply(shape.bytes, piece);
}

bool smuggled(const Verdict& v) {
    return std::any_of(v.messages.begin(), v.messages.end(),
                       [](const Message& m) { return m.start.find("smuggled") != std::string::npos; });
}

TEST(Framing, EveryHostileShapeIsRefusedInWhateverPieces) {
    const auto table = hostile_table();
    ASSERT_GE(table.size(), 200u);
    for (const Shape& shape : table) {
        const Verdict whole = drive(shape, shape.bytes.size());
        EXPECT_NE(whole.refused, "") << shape.kind << " " << shape.name;
        EXPECT_FALSE(smuggled(whole)) << shape.name;
        if (shape.bytes.size() > 40'000) continue;
        for (const size_t piece : {1, 2, 3, 7})
            EXPECT_EQ(whole, drive(shape, piece)) << shape.name << " in pieces of " << piece;
    }
}

struct Seen {
    std::mutex mutex;
    std::vector<std::string> paths;
};

Handler recording(std::shared_ptr<Seen> seen) {
    return [seen](Exchange& exchange) -> rt::Task<> {
        {
            std::lock_guard lock(seen->mutex);
            seen->paths.emplace_back(exchange.head().path);
        }
        return echo(exchange);
    };
}

/// What the server says to the bytes, and which paths its handler saw.
std::string ask_server(const TestServer& server, Seen& seen, const std::string& bytes) {
    seen.paths.clear();
    RawClient client(server.server->port());
    client.send(bytes);
    client.half_close();
    return client.receive();
}

int last_status(const std::string& replies) {
    const size_t at = replies.rfind("HTTP/1.1 ");
    return at == std::string::npos ? 0 : std::atoi(replies.c_str() + at + 9);
}

void expect_refusal(const TestServer& server, Seen& seen, const Shape& shape) {
    const std::string replies = ask_server(server, seen, shape.bytes);
    const int status = last_status(replies);
    EXPECT_TRUE(status == 400 || status == 414 || status == 431) << shape.name << ": " << replies.substr(0, 200);
    EXPECT_NE(replies.find("connection: close\r\n"), std::string::npos) << shape.name;
    std::lock_guard lock(seen.mutex);
    EXPECT_EQ(std::count(seen.paths.begin(), seen.paths.end(), "/smuggled"), 0) << shape.name;
}

TEST(Framing, TheServerAnswersHostileRequestsWith400AndCloses) {
    auto seen = std::make_shared<Seen>();
    TestServer server(recording(seen));
    for (const Shape& shape : hostile_table()) {
        if (shape.kind == 'q') expect_refusal(server, *seen, shape);
    }
}

TEST(Framing, GoodShapesAreAccepted) {
    const std::pair<std::string, Message> good[] = {
        {"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /a?b=c", ""}},
        {"\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /a", ""}},
        {"GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", {"GET /a", ""}},
        {"GET /a HTTP/1.0\r\n\r\n", {"GET /a", ""}},
        {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", {"OPTIONS *", ""}},
        {kPost + "Content-Length:5\r\n\r\nhello", {"POST /a", "hello"}},
        {kPost + "X: caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n", {"POST /a", ""}},
        {kPost + "Host-Like: [::1]\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", {"POST /a", "x"}},
        {"POST /a HTTP/1.1\r\nHost: [::1]:8080\r\n" + kChunked +
             "\r\n5;c=\"de\"\r\nhello\r\nA\r\n0123456789\r\n0;x\r\nX-Sum: 1\r\n\r\n",
         {"POST /a", "hello0123456789"}},
    };
    for (const auto& [bytes, message] : good) {
        for (const size_t piece : {size_t{1}, size_t{5}, bytes.size()}) {
            const Verdict v = drive_requests(bytes, piece);
            EXPECT_EQ(v.refused, "") << bytes;
            ASSERT_EQ(v.messages.size(), 1u) << bytes;
            EXPECT_EQ(v.messages[0], message) << bytes;
        }
    }
    const Verdict reply = drive_reply(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\nHTTP/1.1 200\r\n\r\nuntil the end", 3);
    ASSERT_EQ(reply.messages.size(), 1u) << reply.refused;
    EXPECT_EQ(reply.messages[0].body, "until the end");
    EXPECT_TRUE(reply.closes);
}

// --- shapes kept outside the product: "{'q',"group","name",std::string("\101...",3)+std::string(9,'a')+rep("X",2)}," a
// line

std::string take_quoted(const char*& p) {
    std::string out;
    for (++p; *p != '"'; ++p) {
        if (*p != '\\') {
            out += *p;
        } else if (p[1] >= '0' && p[1] <= '3') {
            out += static_cast<char>((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
            p += 3;
        } else {
            ++p;
            out += *p == 'r' ? '\r' : *p == 'n' ? '\n' : *p;
        }
    }
    ++p;
    return out;
}

Shape parse_shape(const char* p) {
    Shape out{p[2], "", ""};
    p += 5;
    out.name = take_quoted(p) + ": ";
    out.name += take_quoted(++p);
    while (*++p != '}') {
        if (*p == '+') ++p;
        const bool repeat = p[0] == 'r';
        p += repeat ? 4 : 12;
        if (*p == '"') {
            const std::string text = take_quoted(p);
            const long n = std::strtol(p + 1, const_cast<char**>(&p), 10);
            for (long i = 0; i < (repeat ? n : 1); ++i) out.bytes += text;
        } else {
            const long n = std::strtol(p, const_cast<char**>(&p), 10);
            out.bytes.append(static_cast<size_t>(n), p[2]);
            p += 4;
        }
    }
    return out;
}

std::vector<Shape> outside_shapes(const std::string& script) {
    std::vector<Shape> out;
    FILE* pipe = ::popen(("python3 '" + script + "'").c_str(), "r");
    char* line = nullptr;
    size_t size = 0;
    while (pipe && ::getline(&line, &size, pipe) > 0) {
        if (line[0] == '{') out.push_back(parse_shape(line));
    }
    std::free(line);
    if (pipe) ::pclose(pipe);
    return out;
}

/// Shapes of that collection which are lawful, or whose oddness is not in the framing; each is then served as one
/// message.
bool lawful(std::string_view name) {
    static constexpr std::string_view kLawful[] = {
        "folds, blanks: no blank",
        "characters: 0x80 in value",
        "characters: 0xff in value",
        "length: GET with a body",
        "length: GET chunked",
        "length: body after Connection: close",
        "length: request after HTTP/1.0 request",
        "chunks: last chunk 000",
        "chunks: last chunk with extension",
        "request line: OPTIONS *",
        "request line: //evil/a",
        "request line: dot segments",
        "Host, upgrade: Upgrade with body",
        "Host, upgrade: Upgrade: h2c",
        "Host, upgrade: Upgrade, chunked",
        "Host, upgrade: Connection: close, upgrade then data",
        "responses: until EOF",
        "responses: 100 then 200",
        "responses: 103 then 200",
    };
    return name.starts_with("ok: ") || std::find(std::begin(kLawful), std::end(kLawful), name) != std::end(kLawful);
}

TEST(Framing, TheOutsideCollectionOfShapes) {
    const char* path = std::getenv("AIG_HTTP_SHAPES");
    const std::string script = path ? path : std::string(AIG_SOURCE_DIR) + "/../shared/tools/http-shapes.py";
    if (!std::filesystem::exists(script)) GTEST_SKIP() << "no collection of shapes (AIG_HTTP_SHAPES)";
    const auto shapes = outside_shapes(script);
    if (shapes.empty()) GTEST_SKIP() << "python3 is not installed";
    ASSERT_GE(shapes.size(), 280u);
    auto seen = std::make_shared<Seen>();
    TestServer server(recording(seen));
    for (const Shape& shape : shapes) {
        const Verdict verdict = drive(shape, shape.bytes.size());
        const bool fine = verdict.refused.empty() || (shape.name == "ok: 204" && verdict.messages.size() == 1);
        if (shape.name.starts_with("responses: cut")) {
            EXPECT_TRUE(verdict.open) << shape.name;
            continue;
        }
        EXPECT_EQ(fine, lawful(shape.name)) << shape.name << " " << verdict.refused;
        if (!fine && shape.kind == 'q') expect_refusal(server, *seen, shape);
        if (fine && shape.kind == 'q') {
            EXPECT_EQ(last_status(ask_server(server, *seen, shape.bytes)), 200) << shape.name;
        }
    }
}

}  // namespace
}  // namespace aig::net::testing
