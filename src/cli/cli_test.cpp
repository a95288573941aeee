#include "cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "cli/detail/command.h"

using namespace aig;
using namespace aig::cli;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {
/// Answers from a table and keeps what was asked.
struct Books {
    std::vector<AdminRequest> asked;
    std::vector<AdminReply> replies;
    class Transport final : public AdminTransport {
      public:
        explicit Transport(Books& books) : books_(books) {}
        Result<AdminReply> call(AdminRequest r) override {
            books_.asked.push_back(std::move(r));
            const auto reply = books_.replies.front();
            books_.replies.erase(books_.replies.begin());
            return reply;
        }

      private:
        Books& books_;
    };
};

class CliTest : public ::testing::Test {
  protected:
    CliTest() {
        hooks.version = "1.2.3";
        hooks.schema_version = 10;
        hooks.data_dir = [](const Place&) -> Result<std::string> { return std::string("/nonexistent/data"); };
        hooks.open_in_process = [this](const Place& p) -> Result<std::unique_ptr<AdminTransport>> {
            place = p;
            return std::unique_ptr<AdminTransport>(std::make_unique<Books::Transport>(books));
        };
    }
    int run(std::vector<std::string> arguments) {
        out.str("");
        err.str("");
        const Context context{hooks, in, out, err, [this](const char* name) { return environment[name]; }};
        return cli::run(arguments, context);
    }
    /// One operator command with --config against one reply.
    int operate(std::vector<std::string> arguments, AdminReply reply) {
        books.asked.clear();
        books.replies = {std::move(reply)};
        arguments.insert(arguments.end(), {"--config", "aig.yaml"});
        return run(std::move(arguments));
    }

    CliHooks hooks;
    Books books;
    Place place;
    std::map<std::string, std::string> environment;
    std::istringstream in;
    std::ostringstream out, err;
};

std::string file(const std::string& path) {
    std::ifstream f(std::string(AIG_SOURCE_DIR) + "/" + path, std::ios::binary);
    return {std::istreambuf_iterator<char>(f), {}};
}
constexpr const char* wallet_reply =
    R"({"currency":"USD","balance":"0.010000000","held":"0.000000000","available":"0.010000000"})";
}  // namespace

TEST_F(CliTest, version_says_the_schema_too) {
    EXPECT_EQ(run({"--version"}), exit_ok);
    EXPECT_EQ(out.str(), "aig 1.2.3 (schema 10)\n");
}

TEST_F(CliTest, help_names_every_command_and_every_command_has_help) {
    EXPECT_EQ(run({"--help"}), exit_ok);
    const auto all = out.str();
    EXPECT_LT(std::count(all.begin(), all.end(), '\n'), 100);
    for (const auto& c : commands()) {
        if (c.group != Group::hidden) {
            EXPECT_THAT(all, HasSubstr("\n  " + std::string(c.path) + " "));
        }
        std::vector<std::string> words;
        std::istringstream path{std::string(c.path)};
        for (std::string w; path >> w;) words.push_back(w);
        words.emplace_back("--help");
        EXPECT_EQ(run(words), exit_ok) << c.path;
        EXPECT_EQ(out.str(), help_of(c));
        EXPECT_THAT(out.str(), HasSubstr("usage: aig " + std::string(c.path)));
    }
}

TEST_F(CliTest, the_reference_in_docs_is_what_the_binary_prints) {
    EXPECT_EQ(run({"docs", "cli"}), exit_ok);
    const std::string path = "docs/reference/cli.md";
    if (std::getenv("AIG_UPDATE")) std::ofstream(AIG_SOURCE_DIR "/" + path) << out.str();
    EXPECT_TRUE(out.str() == file(path)) << "run: AIG_UPDATE=1 build-dev/test_cli, or build/aig docs cli > " << path;
}

TEST_F(CliTest, nothing_in_a_table_moves_the_cursor) {
    EXPECT_EQ(
        operate(
            {"audit", "list"},
            {200,
             R"({"audit":[{"audit_id":"aud_1","actor":"a\r\n\u001b[31mred\u009b31m","action":"x\u007f","object":"o\u202e",)"
             R"("detail":{"name":"\u001b[2J"}}],"next":null})"}),
        exit_ok);
    const std::string shown = out.str();
    EXPECT_THAT(shown, HasSubstr("a???[31mred?31m"));
    EXPECT_EQ(books.asked[0].query, "limit=100");
    for (const char* bad : {"\x1b", "\r", "\xC2\x9B", "\x7f", "\xE2\x80\xAE"})
        EXPECT_EQ(shown.find(bad), std::string::npos) << bad;
    EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 2);
}

TEST_F(CliTest, wrong_usage_says_where_to_look) {
    EXPECT_EQ(run({}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("usage: aig COMMAND"));
    EXPECT_EQ(run({"acount", "create"}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("did you mean 'aig account create'?"));
    EXPECT_EQ(run({"account"}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("aig account create"));
    EXPECT_EQ(run({"serve"}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("--config"));
    EXPECT_THAT(err.str(), HasSubstr("aig serve --help"));
    EXPECT_EQ(run({"dev", "--port", "70000"}), exit_usage);
    EXPECT_EQ(run({"dev", "--port", "-1"}), exit_usage);
    EXPECT_EQ(run({"dev", "--frobnicate"}), exit_usage);
    EXPECT_EQ(run({"key", "create", "--account", "acc_1", "--rpm", "0"}), exit_usage);
    EXPECT_EQ(run({"key", "create", "--account", "acc_1", "--rpm", "many"}), exit_usage);
    EXPECT_EQ(run({"wallet", "credit", "--account", "acc_1"}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("--amount"));
}

TEST_F(CliTest, gateway_commands_hand_over_what_was_parsed) {
    ServeOptions serve;
    DevOptions dev;
    SimOptions sim;
    std::string checked;
    hooks.serve = [&](const ServeOptions& o) { return serve = o, 7; };
    hooks.dev = [&](const DevOptions& o) { return dev = o, 0; };
    hooks.sim = [&](const SimOptions& o) { return sim = o, 0; };
    hooks.config_check = [&](const std::string& f) { return checked = f, 1; };
    EXPECT_EQ(run({"serve", "--config", "a.yaml", "--ready-file=r.json"}), 7);
    EXPECT_EQ(serve.config_file, "a.yaml");
    EXPECT_EQ(serve.ready_file, "r.json");
    EXPECT_EQ(run({"dev"}), 0);
    EXPECT_EQ(dev.port, 8080);
    EXPECT_EQ(dev.host, "127.0.0.1");
    EXPECT_EQ(run({"dev", "--port", "0", "--data", "d", "--host", "0.0.0.0", "--config", "c", "--ready-file", "r"}), 0);
    EXPECT_EQ(dev.port, 0);
    EXPECT_EQ(dev.data_dir, "d");
    EXPECT_EQ(dev.host, "0.0.0.0");
    EXPECT_EQ(dev.config_file, "c");
    EXPECT_EQ(dev.ready_file, "r");
    EXPECT_EQ(run({"sim", "--port", "9", "--bill", "b", "--script", "s"}), 0);
    EXPECT_EQ(sim.port, 9);
    EXPECT_EQ(sim.bill_file, "b");
    EXPECT_EQ(sim.script_file, "s");
    EXPECT_EQ(run({"config", "check", "a.yaml"}), 1);
    EXPECT_EQ(checked, "a.yaml");
    EXPECT_EQ(run({"config", "check"}), exit_usage);
    hooks.config_schema = [] { return 5; };
    hooks.config_docs = [] { return 6; };
    EXPECT_EQ(run({"config", "schema"}), 5);
    EXPECT_EQ(run({"config", "schema", "a.yaml"}), 5);
    EXPECT_EQ(run({"config", "docs", "a.yaml"}), 6);
}

TEST_F(CliTest, operator_commands_ask_for_exactly_this) {
    struct Case {
        std::vector<std::string> typed;
        std::string method, path, query, body;
    };
    const Case cases[] = {
        {{"account", "create", "--name", "Ada \"A\"", "--email", "a@b"},
         "POST",
         "/admin/accounts",
         "",
         R"({"name":"Ada \"A\"","email":"a@b"})"},
        {{"account", "create", "--name", "B", "--currency", "TMT"},
         "POST",
         "/admin/accounts",
         "",
         R"({"name":"B","currency":"TMT"})"},
        {{"account", "block", "--account", "acc_1"}, "POST", "/admin/accounts/acc_1/block", "", ""},
        {{"account", "unblock", "--account", "acc_1"}, "POST", "/admin/accounts/acc_1/unblock", "", ""},
        {{"key", "create", "--account", "acc_1"},
         "POST",
         "/admin/keys",
         "",
         R"({"account_id":"acc_1","prefix":"sk-aig-"})"},
        {{"key",           "create", "--account",       "acc_1", "--prefix",       "none",
          "--name",        "n",      "--rpm",           "1",     "--tpm",          "2",
          "--concurrency", "3",      "--spend-cap-usd", "0.5",   "--spend-period", "day",
          "--models",      "a,b",    "--tag",           "t",     "--dialect",      "openai"},
         "POST",
         "/admin/keys",
         "",
         R"({"account_id":"acc_1","prefix":"none","name":"n","spend_cap_usd":"0.5","spend_period":"day","dialect":"openai","tag":"t","rpm":1,"tpm":2,"concurrency":3,"models":["a","b"]})"},
        {{"key", "revoke", "--key-id", "key_1"}, "POST", "/admin/keys/key_1/revoke", "", ""},
        {{"key", "revoke", "--key-id", "../x y"}, "POST", "/admin/keys/..%2Fx%20y/revoke", "", ""},
        {{"wallet", "credit", "--account", "acc_1", "--amount", "0.01", "--ref", "r", "--memo", "m"},
         "POST",
         "/admin/accounts/acc_1/credit",
         "",
         R"({"amount":"0.01","ref":"r","memo":"m"})"},
        {{"wallet", "show", "--account", "acc_1"}, "GET", "/admin/accounts/acc_1/wallet", "", ""},
        {{"ledger", "verify"}, "GET", "/admin/ledger/verify", "", ""},
        {{"prices", "list"}, "GET", "/admin/price-lists", "", ""},
        {{"prices", "set", "--name", "friends", "--percent-off", "12.5"},
         "POST",
         "/admin/price-lists",
         "",
         R"({"name":"friends","percent_off":"12.5"})"},
        {{"prices", "remove", "--name", "a b"}, "POST", "/admin/price-lists/a%20b/remove", "", ""},
        {{"prices", "assign", "--account", "acc_1", "--name", "friends"},
         "POST",
         "/admin/accounts/acc_1/price-list",
         "",
         R"({"price_list":"friends"})"},
        {{"prices", "assign", "--account", "acc_1"},
         "POST",
         "/admin/accounts/acc_1/price-list",
         "",
         R"({"price_list":""})"},
        {{"prices", "show", "--account", "acc_1"}, "GET", "/admin/accounts/acc_1/price-list", "", ""},
        {{"account", "list"}, "GET", "/admin/accounts", "limit=1000", ""},
        {{"key", "list", "--account", "acc_1", "--status", "active"},
         "GET",
         "/admin/keys",
         "limit=1000&account=acc_1&status=active",
         ""},
    };
    for (const auto& c : cases) {
        operate(c.typed, {200, "{}"});
        ASSERT_EQ(books.asked.size(), 1u) << c.path;
        EXPECT_EQ(books.asked[0].method, c.method) << c.path;
        EXPECT_EQ(books.asked[0].path, c.path);
        EXPECT_EQ(books.asked[0].query, c.query) << c.path;
        EXPECT_EQ(books.asked[0].body, c.body) << c.path;
        EXPECT_EQ(place.config_file, "aig.yaml");
    }
}

TEST_F(CliTest, json_output_is_the_contracts) {
    EXPECT_EQ(operate({"account", "create", "--name", "A", "--json"}, {201, R"({"account_id":"acc_1"})"}), exit_ok);
    EXPECT_EQ(out.str(), "{\"account_id\":\"acc_1\"}\n");
    EXPECT_EQ(
        operate({"key", "create", "--account", "acc_1", "--json"}, {201, R"({"key_id":"key_1","key":"sk-aig-x"})"}),
        exit_ok);
    EXPECT_EQ(out.str(), "{\"key_id\":\"key_1\",\"key\":\"sk-aig-x\"}\n");
    EXPECT_EQ(operate({"wallet", "show", "--account", "acc_1", "--json"}, {200, wallet_reply}), exit_ok);
    EXPECT_EQ(out.str(), std::string(wallet_reply) + "\n");
    EXPECT_EQ(err.str(), "");
}

TEST_F(CliTest, output_for_people) {
    operate({"key", "create", "--account", "acc_1"}, {201, R"({"key_id":"key_1","key":"sk-aig-x"})"});
    EXPECT_EQ(out.str(), "sk-aig-x\n");
    EXPECT_THAT(err.str(), HasSubstr("key_1"));
    operate({"wallet", "show", "--account", "acc_1"}, {200, wallet_reply});
    EXPECT_EQ(out.str(), "balance    0.010000000 USD\nheld       0.000000000\navailable  0.010000000\n");
}

TEST_F(CliTest, lists_follow_their_pages) {
    const auto two_pages = [&] {
        books.asked.clear();
        books.replies = {
            {200,
             R"({"accounts":[{"account_id":"acc_1","name":"A","email":"","status":"active","created_at":"T"}],"next":"acc_1"})"},
            {200,
             R"({"accounts":[{"account_id":"acc_2","name":"Long name","email":"e@f","status":"blocked","created_at":"T"}],"next":null})"}};
    };
    two_pages();
    EXPECT_EQ(run({"account", "list", "--data", "d"}), exit_ok);
    EXPECT_EQ(books.asked[1].query, "limit=1000&after=acc_1");
    EXPECT_EQ(out.str(),
              "account_id  name       email  status   created_at\n"
              "acc_1       A          -      active   T\n"
              "acc_2       Long name  e@f    blocked  T\n");
    two_pages();
    EXPECT_EQ(run({"account", "list", "--data", "d", "--json"}), exit_ok);
    EXPECT_THAT(out.str(), StartsWith(R"({"accounts":[{"account_id":"acc_1",)"));
    EXPECT_THAT(out.str(), HasSubstr(R"(},{"account_id":"acc_2",)"));
}

TEST_F(CliTest, verify_ends_with_one_on_a_fault) {
    EXPECT_EQ(operate({"ledger", "verify"}, {200, R"({"ok":true,"faults":[],"entries":5,"wallets":2,"open_holds":0})"}),
              exit_ok);
    EXPECT_EQ(out.str(), "ok: 5 entries, 2 wallets, 0 open holds, 0 faults\n");
    const AdminReply broken{200, R"({"ok":false,"faults":["chain: entry 3"],"entries":5,"wallets":2,"open_holds":0})"};
    EXPECT_EQ(operate({"ledger", "verify"}, broken), exit_failed);
    EXPECT_EQ(out.str(), "chain: entry 3\nNOT OK: 5 entries, 2 wallets, 0 open holds, 1 faults\n");
    EXPECT_EQ(operate({"ledger", "verify", "--json"}, broken), exit_failed);
    EXPECT_EQ(out.str(), broken.json + "\n");
}

TEST_F(CliTest, refusals_speak_the_admin_apis_words) {
    EXPECT_EQ(
        operate(
            {"wallet", "credit", "--account", "acc_1", "--amount", "0.0000000001"},
            {400,
             R"({"error":{"code":"bad_param","message":"amount: has more than 9 decimal places","param":"amount","next_step":"x"}})"}),
        exit_failed);
    EXPECT_EQ(err.str(), "aig: amount: has more than 9 decimal places\n");
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(operate({"wallet", "show", "--account", "acc_1"}, {500, "not json"}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("The admin API answered 500."));
}

TEST_F(CliTest, it_must_be_said_whose_books) {
    EXPECT_EQ(run({"account", "list", "--url", "http://127.0.0.1:1"}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("--admin-token"));
    EXPECT_EQ(run({"account", "list", "--config", "a", "--data", "b"}), exit_usage);
    hooks.open_in_process = [](const Place&) -> Result<std::unique_ptr<AdminTransport>> {
        return Error(ErrorCode::conflict, "locked");
    };
    EXPECT_EQ(run({"account", "list", "--data", "d"}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("Another process holds d"));
    EXPECT_EQ(run({"account", "list", "--url", "http://127.0.0.1:1", "--admin-token", "t"}), exit_unreachable);
    EXPECT_THAT(err.str(), HasSubstr("aig serve --config FILE"));
}

TEST_F(CliTest, a_client_command_without_a_gateway_says_how_to_start_one) {
    EXPECT_EQ(run({"call", "hi"}), exit_usage);
    EXPECT_THAT(err.str(), HasSubstr("aig dev"));
    EXPECT_EQ(run({"models", "--url", "http://127.0.0.1:1"}), exit_unreachable);
    EXPECT_THAT(err.str(), HasSubstr("aig dev"));
    EXPECT_EQ(run({"models", "--url", "ftp://x"}), exit_usage);
    EXPECT_EQ(run({"call", "hi", "--url", "http://127.0.0.1:1"}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("AIG_API_KEY"));
}
