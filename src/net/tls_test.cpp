// TLS on both sides with a certificate made here, and through a forward proxy.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "net/testing/fixture.h"

namespace aig::net::testing {
namespace {

/// A self-signed certificate for localhost and 127.0.0.1 in a folder of its own.
struct Certificate {
    std::filesystem::path folder, cert, key;

    Certificate() {
        char name[] = "/tmp/aig-tls-XXXXXX";
        folder = ::mkdtemp(name);
        cert = folder / "cert.pem";
        key = folder / "key.pem";
        EVP_PKEY* pair = EVP_EC_gen("P-256");
        X509* x = X509_new();
        X509_set_version(x, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        X509_gmtime_adj(X509_getm_notBefore(x), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_set_pubkey(x, pair);
        X509_NAME* subject = X509_get_subject_name(x);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                                   0);
        X509_set_issuer_name(x, subject);
        X509V3_CTX context;
        X509V3_set_ctx(&context, x, x, nullptr, nullptr, 0);
        for (const auto& [what, value] :
             {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"}, {NID_basic_constraints, "CA:TRUE"}}) {
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
            X509_add_ext(x, extension, -1);
            X509_EXTENSION_free(extension);
        }
        X509_sign(x, pair, EVP_sha256());
        write(cert, [&](FILE* f) { PEM_write_X509(f, x); });
        write(key, [&](FILE* f) { PEM_write_PrivateKey(f, pair, nullptr, nullptr, 0, nullptr, nullptr); });
        X509_free(x);
        EVP_PKEY_free(pair);
    }
    ~Certificate() { std::filesystem::remove_all(folder); }

    static void write(const std::filesystem::path& path, const std::function<void(FILE*)>& how) {
        FILE* f = std::fopen(path.c_str(), "w");
        how(f);
        std::fclose(f);
    }
    ServerOptions options() const {
        ServerOptions o;
        o.tls = {cert, key};
        return o;
    }
    std::shared_ptr<Upstream> upstream(uint16_t port) const {
        auto out = std::make_shared<Upstream>();
        out->tls = true;
        out->host = "localhost";
        out->port = port;
        out->proxy = "none";
        out->ca_file = cert;
        return out;
    }
};

rt::Task<> post_and_stream(rt::Loop* loop, std::shared_ptr<const Upstream> upstream, std::vector<Got>* out,
                           size_t* idle) {
    auto client = Client::make(*loop);
    const std::string large(300'000, 'x');
    for (const std::string_view body : {std::string_view("hello"), std::string_view(large)}) {
        ClientRequest request;
        request.target = "/a";
        request.body = Pieces{body.substr(0, 3), body.substr(3)};
        auto got = co_await call(*client, upstream, std::move(request));
        out->push_back(std::move(got));
    }
    ClientRequest stream;
    stream.method = "GET";
    stream.target = "/stream";
    auto got = co_await call(*client, upstream, std::move(stream));
    out->push_back(std::move(got));
    *idle = client->idle_connections();
}

void expect_three_good(const std::vector<Got>& got) {
    ASSERT_EQ(got.size(), 3u);
    for (const Got& g : got) EXPECT_TRUE(g.ok) << g.why;
    EXPECT_EQ(got[0].body, "POST /a 5 hello");
    EXPECT_EQ(got[1].body, "POST /a 300000 " + std::string(300'000, 'x'));
    EXPECT_EQ(got[2].body, "chunk0;chunk1;chunk2;chunk3;chunk4;");
}

TEST(Tls, BothSides) {
    Certificate certificate;
    TestServer server(echo, certificate.options(), 2);
    auto upstream = certificate.upstream(server.server->port());
    std::vector<Got> got;
    size_t idle = 0;
    run_on(server.loops[0], [&] { return post_and_stream(&server.loops[0], upstream, &got, &idle); });
    expect_three_good(got);
    EXPECT_EQ(idle, 1u);
}

TEST(Tls, AnUnknownAuthorityAWrongNameAndAPlainServerAreUnreachable) {
    Certificate certificate, other;
    TestServer server(echo, certificate.options());
    TestServer plain;
    auto stranger = certificate.upstream(server.server->port());
    stranger->ca_file = other.cert;
    auto misnamed = certificate.upstream(server.server->port());
    misnamed->host = "127.0.0.2";
    auto unsafe = certificate.upstream(plain.server->port());
    auto missing = certificate.upstream(server.server->port());
    missing->ca_file = "/nonexistent";
    for (const auto& upstream : {stranger, misnamed, unsafe, missing}) {
        rt::Loops loops(1);
        std::vector<Got> got;
        size_t idle = 0;
        run_on(loops[0], [&] { return post_and_stream(&loops[0], upstream, &got, &idle); });
        EXPECT_FALSE(got[0].ok);
        EXPECT_EQ(got[0].error, ErrorCode::upstream_unreachable) << got[0].why;
    }
}

TEST(Tls, OldVersionsAndOtherProtocolsAreRefused) {
    Certificate certificate;
    TestServer server(echo, certificate.options());
    for (const bool old_version : {true, false}) {
        RawClient raw(server.server->port());
        SSL_CTX* context = SSL_CTX_new(TLS_client_method());
        if (old_version) {
            SSL_CTX_set_security_level(context, 0);
            SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
            SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
        } else {
            SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
        }
        SSL* ssl = SSL_new(context);
        SSL_set_fd(ssl, raw.fd());
        EXPECT_NE(SSL_connect(ssl), 1);
        SSL_free(ssl);
        SSL_CTX_free(context);
    }
}

TEST(Tls, ABadCertificateFileIsAnError) {
    rt::Loops loops(1);
    ServerOptions options;
    options.tls = {"/nonexistent", "/nonexistent"};
    EXPECT_FALSE(Server::start(loops, options, echo).ok());
}

/// Carries bytes both ways until one side ends.
void carry(int a, int b) {
    std::thread back([=] {
        char piece[8192];
        for (ssize_t n; (n = ::recv(b, piece, sizeof piece, 0)) > 0;) write_bytes(a, {piece, static_cast<size_t>(n)});
        ::shutdown(a, SHUT_RDWR);
    });
    char piece[8192];
    for (ssize_t n; (n = ::recv(a, piece, sizeof piece, 0)) > 0;) write_bytes(b, {piece, static_cast<size_t>(n)});
    ::shutdown(b, SHUT_RDWR);
    back.join();
}

TEST(Tls, ThroughAProxy) {
    Certificate certificate;
    TestServer server(echo, certificate.options());
    std::string asked;
    RawServer proxy([&](int fd, int) {
        asked = read_request(fd);
        RawClient onward(server.server->port());
        write_bytes(fd, "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n");
        carry(fd, onward.fd());
    });
    auto upstream = certificate.upstream(server.server->port());
    upstream->proxy = "http://user:secret@127.0.0.1:" + std::to_string(proxy.port());
    std::vector<Got> got;
    size_t idle = 0;
    {
        rt::Loops loops(1);
        run_on(loops[0], [&] { return post_and_stream(&loops[0], upstream, &got, &idle); });
    }
    expect_three_good(got);
    const std::string target = "localhost:" + std::to_string(server.server->port());
    EXPECT_TRUE(asked.starts_with("CONNECT " + target + " HTTP/1.1\r\nhost: " + target + "\r\n")) << asked;
    EXPECT_NE(asked.find("proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), std::string::npos);
}

TEST(Tls, AProxyThatRefusesOrSpeaksTooSoonIsUnreachable) {
    Certificate certificate;
    for (const char* answer : {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nextra",
                               "nonsense\r\n\r\n", ""}) {
        RawServer proxy([&](int fd, int) {
            (void)read_request(fd);
            write_bytes(fd, answer);
        });
        auto upstream = certificate.upstream(9);
        upstream->proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
        rt::Loops loops(1);
        std::vector<Got> got;
        size_t idle = 0;
        run_on(loops[0], [&] { return post_and_stream(&loops[0], upstream, &got, &idle); });
        EXPECT_EQ(got[0].error, ErrorCode::upstream_unreachable) << answer;
    }
}

}  // namespace
}  // namespace aig::net::testing
