// The client commands and both HTTP transports against a real listener on the loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "cli/detail/command.h"
#include "cli/detail/http.h"
#include "net/server.h"

using namespace aig;
using namespace aig::cli;
using ::testing::HasSubstr;

namespace {
struct Seen {
    std::string method, target, authorization, body;
};
struct Answer {
    int status = 200;
    std::string content_type = "application/json", body;
};

/// A gateway that gives fixed answers by path.
class FakeGateway {
  public:
    FakeGateway() {
        auto s = net::Server::start(loops_, {}, [this](net::Exchange& x) { return handle(x); });
        server_ = *std::move(s);
    }
    ~FakeGateway() { server_->close(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
    std::map<std::string, Answer> answers;
    std::vector<Seen> seen() {
        std::lock_guard lock(mutex_);
        return seen_;
    }

  private:
    rt::Task<> handle(net::Exchange& x) {
        auto body = co_await x.read_body(1 << 20);
        const auto path = std::string(x.head().path);
        {
            std::lock_guard lock(mutex_);
            seen_.push_back({x.head().method, x.head().target, std::string(x.head().headers.get("authorization")),
                             body ? body->bytes : "?"});
        }
        const auto at = answers.find(path);
        const Answer answer = at == answers.end()
                                  ? Answer{404, "application/json", R"({"error":{"message":"no such path."}})"}
                                  : at->second;
        net::Headers headers;
        headers.add("content-type", answer.content_type);
        headers.add("x-cost-cents", "0.0042");
        net::Pieces pieces{answer.body};
        const auto done = co_await x.respond(answer.status, std::move(headers), std::move(pieces));
        (void)done;
    }
    std::mutex mutex_;
    std::vector<Seen> seen_;
    rt::Loops loops_{1};
    std::unique_ptr<net::Server> server_;
};

constexpr const char* stream_body =
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"cost\":4.2E-5}}\n\n"
    "data: [DONE]\n\n";

class ClientTest : public ::testing::Test {
  protected:
    ClientTest() {
        char name[] = "/tmp/aig-cli-XXXXXX";
        home = mkdtemp(name);
        environment["HOME"] = home;
        gateway.answers["/v1/models"] = {
            200, "application/json",
            R"({"data":[{"id":"emb","modality":"embedding","context_window":8192,"pricing":{"input_per_million":0.02,"currency":"USD"}},
        {"id":"gpt","modality":"text","context_window":400000,"pricing":{"input_per_million":1.25,"cached_input_per_million":1.25E-1,"output_per_million":10,"request":null,"currency":"USD"}}]})"};
        gateway.answers["/v1/balance"] = {
            200, "application/json",
            R"({"object":"balance","balance":34.999853,"currency":"TMT","balance_cents":999.9958,"wallet_currency":"USD"})"};
        gateway.answers["/v1/usage"] = {
            200, "application/json",
            R"({"data":[{"label":"feature-a","requests":2,"cost_cents":0.0042,"prompt_tokens":20,"completion_tokens":3},
        {"label":"b","requests":1,"cost_cents":1e-7,"prompt_tokens":1,"completion_tokens":1}],"has_more":false,"total_requests":3,"total_cost_cents":0.0042001})"};
        gateway.answers["/v1/usage/recent"] = {
            200, "application/json",
            R"({"data":[{"request_id":"req_2","model":"gpt","status":200,"latency_ms":12,"cost_cents":0.0042,"tag":"feature-a","created_at":"2026-11-21T10:00:01.000Z"},
        {"request_id":"req_1","model":"gpt","status":402,"latency_ms":1,"cost_cents":0,"tag":null,"created_at":"2026-11-21T10:00:00.000Z"}]})"};
        gateway.answers["/v1/chat/completions"] = {200, "text/event-stream", stream_body};
    }
    ~ClientTest() override { std::filesystem::remove_all(home); }
    int run(std::vector<std::string> arguments) {
        out.str("");
        err.str("");
        const Context context{hooks, in, out, err, [this](const char* name) { return environment[name]; }};
        return cli::run(arguments, context);
    }
    void write(const std::string& path, const std::string& text) {
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << text;
    }

    std::string home;
    FakeGateway gateway;
    CliHooks hooks;
    std::map<std::string, std::string> environment;
    std::istringstream in;
    std::ostringstream out, err;
};

TEST_F(ClientTest, UsageIsATableWithTheLedgersFigures) {
    environment["AIG_BASE_URL"] = gateway.url();
    environment["AIG_API_KEY"] = "sk-aig-test";
    EXPECT_EQ(run({"usage", "--by", "tag", "--month", "2026-11"}), 0) << err.str();
    EXPECT_EQ(gateway.seen().back().target, "/v1/usage?group_by=tag&month=2026-11");
    EXPECT_THAT(out.str(), HasSubstr("feature-a"));
    EXPECT_THAT(out.str(), HasSubstr("0.000042000"));
    EXPECT_THAT(out.str(), HasSubstr("0.000000001"));
    EXPECT_THAT(out.str(), HasSubstr("0.000042001"));
    EXPECT_EQ(run({"usage", "--by", "sub-account", "--window", "30d", "--json"}), 0) << err.str();
    EXPECT_EQ(gateway.seen().back().target, "/v1/usage?group_by=sub_account&window=30d");
    EXPECT_THAT(out.str(), HasSubstr("total_cost_cents"));
}

TEST_F(ClientTest, TailPrintsTheOldestFirst) {
    environment["AIG_BASE_URL"] = gateway.url();
    environment["AIG_API_KEY"] = "sk-aig-test";
    EXPECT_EQ(run({"tail", "--no-follow", "--lines", "5"}), 0) << err.str();
    EXPECT_EQ(gateway.seen().back().target, "/v1/usage/recent?limit=5");
    const auto text = out.str();
    EXPECT_LT(text.find("req_1"), text.find("req_2"));
    EXPECT_THAT(text, HasSubstr("402"));
    EXPECT_THAT(text, HasSubstr("feature-a"));
}
}  // namespace

TEST_F(ClientTest, a_streamed_call_prints_text_then_cost_and_balance) {
    EXPECT_EQ(run({"call", "say", "hi", "--url", gateway.url() + "/v1/", "--key", "sk-aig-k", "--max-tokens", "9"}),
              exit_ok)
        << err.str();
    EXPECT_EQ(out.str(), "Hello\n");
    EXPECT_EQ(err.str(), "gpt  cost 0.000042  balance 9.999958 USD\n");
    const auto seen = gateway.seen();
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[1].target, "/v1/chat/completions");
    EXPECT_EQ(seen[1].authorization, "Bearer sk-aig-k");
    EXPECT_EQ(
        seen[1].body,
        R"({"model":"gpt","messages":[{"role":"user","content":"say hi"}],"max_tokens":9,"stream":true,"stream_options":{"include_usage":true}})");
}

TEST_F(ClientTest, a_whole_call_reads_standard_input) {
    gateway.answers["/v1/chat/completions"] = {
        200, "application/json", R"({"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":1}})"};
    in.str("from a pipe");
    EXPECT_EQ(run({"call", "--no-stream", "--model", "m", "--url", gateway.url(), "--key", "k"}), exit_ok) << err.str();
    EXPECT_EQ(out.str(), "Hi\n");
    EXPECT_THAT(err.str(), HasSubstr("m  cost 0.000042  balance"));
    EXPECT_EQ(gateway.seen()[0].body, R"({"model":"m","messages":[{"role":"user","content":"from a pipe"}]})");
    EXPECT_EQ(run({"call", "x", "--no-stream", "--no-show-cost", "--model", "m", "--url", gateway.url(), "--key", "k"}),
              exit_ok);
    EXPECT_EQ(err.str(), "");
}

TEST_F(ClientTest, refusals_and_broken_streams_are_failures) {
    gateway.answers["/v1/chat/completions"] = {402, "application/json",
                                               R"({"error":{"message":"not enough money","code":"no_money"}})"};
    EXPECT_EQ(run({"call", "x", "--model", "m", "--url", gateway.url(), "--key", "k"}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("aig: not enough money (402)\n"));
    EXPECT_EQ(out.str(), "");
    gateway.answers["/v1/chat/completions"] = {200, "text/event-stream",
                                               "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n"};
    EXPECT_EQ(run({"call", "x", "--model", "m", "--url", gateway.url(), "--key", "k"}), exit_failed);
    EXPECT_EQ(out.str(), "Hel\n");
    EXPECT_THAT(err.str(), HasSubstr("broke off"));
    gateway.answers["/v1/chat/completions"] = {200, "text/event-stream",
                                               "data: {\"error\":{\"message\":\"upstream died\"}}\n\ndata: [DONE]\n\n"};
    EXPECT_EQ(run({"call", "x", "--model", "m", "--url", gateway.url(), "--key", "k"}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("upstream died"));
}

TEST_F(ClientTest, models_as_a_table_and_as_they_came) {
    EXPECT_EQ(run({"models", "--url", gateway.url()}), exit_ok);
    EXPECT_EQ(out.str(),
              "model  modality   context  input/M  cached/M  output/M  request  currency\n"
              "emb    embedding  8192     0.02     -         -         -        USD\n"
              "gpt    text       400000   1.25     0.125     10        -        USD\n");
    EXPECT_EQ(run({"models", "--json", "--modality", "text", "--url", gateway.url()}), exit_ok);
    EXPECT_EQ(out.str(), gateway.answers["/v1/models"].body + "\n");
    EXPECT_EQ(gateway.seen()[1].target, "/v1/models?modality=text");
    EXPECT_EQ(gateway.seen()[0].authorization, "");
}

TEST_F(ClientTest, url_and_key_are_found_by_flag_then_environment_then_file_then_dev) {
    const auto key_used = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"call", "x", "--model", "m"});
        EXPECT_EQ(run(std::move(arguments)), exit_ok) << err.str();
        return gateway.seen().back().authorization;
    };
    write(home + "/.local/state/aig/dev.json", "{\"url\":\"" + gateway.url() + "\",\"keys\":{\"sk-aig-\":\"of-dev\"}}");
    EXPECT_EQ(key_used({}), "Bearer of-dev");
    write(home + "/.config/aig/config.json", "{\"url\":\"" + gateway.url() + "\",\"key\":\"of-file\"}");
    EXPECT_EQ(key_used({}), "Bearer of-file");
    environment["AIG_BASE_URL"] = gateway.url();
    environment["AIG_API_KEY"] = "of-env";
    EXPECT_EQ(key_used({}), "Bearer of-env");
    EXPECT_EQ(key_used({"--key", "of-flag"}), "Bearer of-flag");
}

TEST_F(ClientTest, a_key_of_one_gateway_is_never_sent_to_another) {
    write(home + "/.config/aig/config.json", R"({"url":"http://elsewhere.example","key":"secret"})");
    EXPECT_EQ(run({"call", "x", "--url", gateway.url()}), exit_failed);
    EXPECT_TRUE(gateway.seen().empty());
    EXPECT_THAT(err.str(), HasSubstr("No API key is known"));
    EXPECT_EQ(err.str().find("secret"), std::string::npos);
}

TEST_F(ClientTest, init_keeps_what_the_gateway_accepted) {
    const auto file = home + "/.config/aig/config.json";
    gateway.answers["/v1/models"].status = 401;
    EXPECT_EQ(run({"init", "--url", gateway.url(), "--key", "bad"}), exit_failed);
    EXPECT_FALSE(std::filesystem::exists(file));
    gateway.answers["/v1/models"].status = 200;
    EXPECT_EQ(run({"init", "--url", gateway.url()}), exit_usage);
    EXPECT_EQ(run({"init", "--url", gateway.url(), "--key", "good"}), exit_ok) << err.str();
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(file).permissions(), perms::owner_read | perms::owner_write);
    EXPECT_EQ(run({"call", "x"}), exit_ok) << err.str();
    EXPECT_EQ(gateway.seen().back().authorization, "Bearer good");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home + "/.config/aig"),
                            std::filesystem::directory_iterator()),
              1);
}

TEST_F(ClientTest, the_admin_api_over_a_url) {
    gateway.answers["/admin/accounts"] = {201, "application/json", R"({"account_id":"acc_7"})"};
    EXPECT_EQ(run({"account", "create", "--name", "A", "--json", "--url", gateway.url(), "--admin-token", "tok"}),
              exit_ok)
        << err.str();
    EXPECT_EQ(out.str(), "{\"account_id\":\"acc_7\"}\n");
    EXPECT_EQ(gateway.seen()[0].authorization, "Bearer tok");
    environment["AIG_ADMIN_TOKEN"] = "tok2";
    EXPECT_EQ(run({"account", "create", "--name", "A", "--url", gateway.url()}), exit_ok);
    EXPECT_EQ(gateway.seen()[1].authorization, "Bearer tok2");
    gateway.answers["/admin/accounts"] = {401, "application/json", R"({"error":{"message":"bad token"}})"};
    EXPECT_EQ(run({"account", "create", "--name", "A", "--url", gateway.url()}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("admin token is missing or wrong"));
}

TEST_F(ClientTest, a_url_that_is_not_the_admin_listeners_is_guessed) {
    EXPECT_EQ(run({"account", "list", "--url", gateway.url(), "--admin-token", "t"}), exit_failed);
    EXPECT_EQ(err.str(), "aig: no such path. Is --url the admin listener's address?\n");
}

TEST_F(ClientTest, the_admin_api_over_the_socket_of_a_running_gateway) {
    const auto path = home + "/admin.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    std::string asked;
    std::thread server([&] {
        const int fd = ::accept(listener, nullptr, nullptr);
        char buffer[4096];
        while (asked.find("\r\n\r\n") == std::string::npos)
            asked.append(buffer, static_cast<size_t>(::recv(fd, buffer, sizeof buffer, 0)));
        const std::string body = R"({"ok":true,"faults":[]})";
        const auto reply =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        ::send(fd, reply.data(), 10, MSG_NOSIGNAL);  // a reply may come in pieces
        ::send(fd, reply.data() + 10, reply.size() - 10, MSG_NOSIGNAL);
        ::close(fd);
    });
    auto reply = http_over_socket(
        path, {.method = "GET", .base_url = "", .target = "/admin/ledger/verify", .bearer = "", .body = ""});
    server.join();
    ::close(listener);
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->headers.get("content-type"), "application/json");
    EXPECT_EQ(reply->body, R"({"ok":true,"faults":[]})");
    EXPECT_THAT(asked, ::testing::StartsWith("GET /admin/ledger/verify HTTP/1.1\r\n"));
    EXPECT_EQ(http_over_socket(home + "/none.sock", {}).error().code(), ErrorCode::upstream_unreachable);
}
