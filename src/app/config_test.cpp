#include "app/config.h"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/commands_config.h"
#include "base/json.h"
#include "catalogue/testing/fake_wire.h"

namespace aig::app {
namespace {
using catalogue::testing::fake_wires;
using ::testing::HasSubstr;
using ::testing::Not;

Sources test_sources() {
    return {[](const std::string& name) -> std::optional<std::string> {
                if (name == "OPENAI_API_KEY") return "sk-from-env";
                if (name == "VLLM_KEY") return "vllm-from-env";
                if (name == "FEE") return "7.5";
                if (name == "EMPTY") return "";
                if (name == "TWO_LINES") return "a\r\nx-evil: 1";
                return std::nullopt;
            },
            [](const std::string& path) -> Result<std::string> {
                if (path == "/run/secret") return std::string("sk-from-file\n");
                if (path == "/run/empty") return std::string("\n");
                return Error(ErrorCode::config_invalid, "cannot be read");
            }};
}

Loaded load(std::string_view yaml) { return parse_config(yaml, test_sources(), fake_wires); }
std::string faults_of(std::string_view yaml) {
    const auto loaded = load(yaml);
    EXPECT_EQ(loaded.config == nullptr, !loaded.faults.empty());
    return render_faults("aig.yaml", loaded.faults);
}

/// The example of the configuration contract, as it is printed there.
constexpr std::string_view contract = R"yaml(
server:   {listen: 127.0.0.1:8080, admin_listen: 127.0.0.1:8081, admin_token: null, threads: auto, public_url: http://127.0.0.1:8080, media_url: null,
           tls: {cert: null, key: null}, trusted_proxies: []}       # no admin_token: made once into data_dir/admin.token (0600), path logged
log:      {format: auto, level: info, requests: true}               # JSON lines; text on a tty; never prompts
data_dir: ./data                     # SQLite file, job files, cache
database: sqlite                     # or postgres://user:pass@host/db
redis:    null                       # or redis://host:6379/0
files:    local                      # or {s3: {endpoint, bucket, region, access_key, secret_key}}
billing:  {currency: USD, rate_per_usd: "1", fee_percent: "5", cache_hit_percent: "10", display: {gw_: {currency: TMT, rate_per_usd: "3.5"}}}
security: {key_in_url: true}
providers:
  openai:                            # a name in data/providers.json needs only its key
    api_key: ${env:OPENAI_API_KEY}
  my-vllm:                           # any other name says its wire
    wire: openai-chat                # openai-chat | openai-responses | anthropic | gemini | bedrock | cohere | …
    base_url: http://127.0.0.1:8000/v1
    api_keys: [{key: "${env:VLLM_KEY}", weight: 1}]                  # or one api_key
    timeouts: {connect: 2s, first_byte: 60s, total: 600s}
    proxy: null                                                     # default: HTTPS_PROXY / NO_PROXY
    ca_file: null
models:                              # the public catalogue; without this section: data/models.json for the providers configured
  openai/gpt-5.4:
    modality: text
    context: 400000
    max_output: 128000
    targets:
      - {provider: openai, model: gpt-5.4, priority: 0, weight: 1}
      - {provider: my-vllm, model: gpt-oss-120b, priority: 1, cost: {input_per_million: "0.10", output_per_million: "0.40"}}   # the operator's own cost, optional
    price: {input_per_million: "1.25", cached_input_per_million: "0.125", output_per_million: "10"}   # USD, decimal strings
aliases: {gpt-5.4: openai/gpt-5.4}
)yaml";

TEST(Config, ReadsTheContractsExample) {
    const auto loaded = load(contract);
    ASSERT_TRUE(loaded.config) << render_faults("aig.yaml", loaded.faults);
    const auto& c = *loaded.config;
    EXPECT_EQ(c.server.listen.host, "127.0.0.1");
    EXPECT_EQ(c.server.listen.port, 8080);
    EXPECT_EQ(c.server.admin_listen.port, 8081);
    EXPECT_EQ(c.server.admin_token, "");
    EXPECT_EQ(c.server.threads, 0u);
    EXPECT_EQ(c.server.public_url, "http://127.0.0.1:8080");
    EXPECT_EQ(c.server.body_memory, 256 << 20);
    EXPECT_EQ(c.data_dir, "./data");
    EXPECT_TRUE(c.log.requests);
    EXPECT_EQ(c.billing.currency, "USD");
    EXPECT_EQ(c.billing.fee, (Ratio{21, 20}));
    EXPECT_EQ(c.billing.rate_per_usd, (Ratio{1, 1}));
    EXPECT_EQ(c.billing.display.at("gw_").currency, "TMT");
    EXPECT_EQ(c.billing.display.at("gw_").rate_per_usd, (Ratio{7, 2}));
    EXPECT_TRUE(c.security.key_in_url);
    const auto built = catalogue::build(c.catalogue, fake_wires);
    ASSERT_TRUE(built.snapshot);
    const auto model = *built.snapshot->resolve("gpt-5.4");
    EXPECT_EQ(model->id, "openai/gpt-5.4");
    EXPECT_EQ(model->context, 400'000);
    EXPECT_EQ(model->targets[0].provider->keys[0].secret, "sk-from-env");
    EXPECT_EQ(model->targets[1].provider->keys[0].secret, "vllm-from-env");
    EXPECT_EQ(model->targets[1].provider->total_ms, 600'000);
    EXPECT_EQ(model->price[canon::Component::cached_input], 125'000);
}

TEST(Config, DefaultsAreTheContracts) {
    const auto small = load("providers: {openai: {api_key: k}}\n"), whole = load(contract);
    ASSERT_TRUE(small.config && whole.config);
    EXPECT_EQ(small.config->server.listen.port, whole.config->server.listen.port);
    EXPECT_EQ(small.config->server.admin_listen.port, whole.config->server.admin_listen.port);
    EXPECT_EQ(small.config->data_dir, whole.config->data_dir);
    EXPECT_EQ(small.config->billing.fee, whole.config->billing.fee);
    EXPECT_EQ(small.config->security.key_in_url, whole.config->security.key_in_url);
    const auto built = catalogue::build(small.config->catalogue, fake_wires);
    EXPECT_GT(built.snapshot->models.size(), 10u) << "data/models.json for the provider configured";
    EXPECT_EQ(built.snapshot->providers[0]->connect_ms, 2'000);
    EXPECT_EQ(built.snapshot->providers[0]->first_byte_ms, 60'000);
}

TEST(Config, SubstitutesFromEnvironmentAndFiles) {
    const auto loaded = load(
        "data_dir: /srv/${env:OPENAI_API_KEY}/x\n"
        "billing: {fee_percent: \"${env:FEE}\"}\n"
        "providers: {openai: {api_key: \"${file:/run/secret}\"}, v: {wire: openai-chat, base_url: http://h/v1, "
        "api_key: \"a$${b}\"}}\n");
    ASSERT_TRUE(loaded.config) << render_faults("aig.yaml", loaded.faults);
    EXPECT_EQ(loaded.config->data_dir, "/srv/sk-from-env/x");
    EXPECT_EQ(loaded.config->billing.fee, (Ratio{43, 40}));
    EXPECT_EQ(loaded.config->catalogue.providers[0].keys[0].secret, "sk-from-file");
    EXPECT_EQ(loaded.config->catalogue.providers[1].keys[0].secret, "a${b}");
}

TEST(Config, ReportsEveryFaultWithLineAndRemedy) {
    const auto all = faults_of(
        "server:\n"
        "  lisen: 127.0.0.1:8080\n"
        "  threads: many\n"
        "redis: redis://h:6379/0\n"
        "log: {level: verbose}\n"
        "providers:\n"
        "  openai:\n"
        "    api_key: ${env:NOT_SET}\n"
        "    timeouts: {connect: 2}\n");
    EXPECT_EQ(all,
              "aig.yaml:2: server.lisen: unknown key 'lisen'; did you mean 'listen'?\n"
              "aig.yaml:3: server.threads: must be a whole number from 1 to 1024 or 'auto', not 'many'\n"
              "aig.yaml:4: redis: not in this version: remove it\n"
              "aig.yaml:5: log.level: must be one of debug, info, warn, error, not 'verbose'\n"
              "aig.yaml:8: providers.openai.api_key: the environment variable NOT_SET is not set\n"
              "aig.yaml:9: providers.openai.timeouts.connect: must be a time with its unit, like 500ms, 2s, 10m, 1h or "
              "7d, not '2'\n");
}

TEST(Config, FaultsBetweenSectionsHaveTheirLines) {
    const auto all = faults_of(
        "providers:\n"
        "  openai: {api_key: k}\n"
        "models:\n"
        "  a/b:\n"
        "    targets:\n"
        "      - provider: openia\n"
        "        model: x\n"
        "    price:\n"
        "      input_per_million: \"0.0000001\"\n"
        "      output_per_million: \"1\"\n"
        "aliases:\n"
        "  c: a/d\n");
    EXPECT_THAT(
        all,
        HasSubstr(
            "aig.yaml:6: models.a/b.targets[0].provider: no provider 'openia' is configured; did you mean 'openai'?"));
    EXPECT_THAT(all, HasSubstr("aig.yaml:9: models.a/b.price.input_per_million:"));
    EXPECT_THAT(all, HasSubstr("exact at 10^-12 USD per unit"));
    EXPECT_THAT(all, HasSubstr("aig.yaml:12: aliases.c: there is no model 'a/d'; did you mean 'a/b'?"));
}

TEST(Config, KnowsWhatAReloadCannotChange) {
    const auto changed = [&](std::string_view before, std::string_view after) {
        const auto a = load(before), b = load(after);
        EXPECT_TRUE(a.config && b.config);
        return needs_restart(*a.config, *b.config);
    };
    const std::string_view base = "server: {listen: 127.0.0.1:80}\nlog: {level: info}\n";
    EXPECT_THAT(changed(base, base), ::testing::IsEmpty());
    EXPECT_THAT(changed(base, "server: {listen: 127.0.0.1:80}\nlog: {level: debug}\nbilling: {fee_percent: 6}\n"),
                ::testing::IsEmpty());
    EXPECT_THAT(changed(base, "server: {listen: 127.0.0.1:81, tls: {cert: a, key: b}}\ndata_dir: /x\n"),
                ::testing::ElementsAre("data_dir", "server.listen", "server.tls.cert", "server.tls.key"));
    EXPECT_THAT(changed("data_dir: ./data", base), ::testing::ElementsAre("server.listen"));
    const auto callback = [&](int n) {
        return fmt::format("{}topups: {{callbacks: {{mypay: {{secret: a-secret-of-enough-bytes-{}}}}}}}\n", base, n);
    };
    EXPECT_THAT(changed(callback(1), callback(1)), ::testing::IsEmpty());
    EXPECT_THAT(changed(callback(1), callback(2)), ::testing::ElementsAre("topups"));
    const auto free = [&](int n) {
        return fmt::format("{}billing: {{free_tier: [{{model: a/b, requests_per_day: {}}}]}}\n", base, n);
    };
    EXPECT_THAT(changed(free(1), free(2)), ::testing::IsEmpty());
}

TEST(Config, NeverShowsASecret) {
    for (const char* yaml :
         {"providers: {openai: {api_key: \"${env:TWO_LINES}\"}}", "server: {admin_token: \"${env:VLLM_KEY}\"}",
          "server: {listen: \"${env:OPENAI_API_KEY}\"}", "billing: {fee_percent: \"${env:OPENAI_API_KEY}\"}",
          "server: {threads: \"${env:OPENAI_API_KEY}\"}", "log: {level: \"${env:OPENAI_API_KEY}\"}",
          "providers: {openai: {api_key: [sk-in-a-list]}}", "database: postgres://user:hunter2@h/db",
          "providers: {x: {wire: openai-chat, base_url: \"${env:OPENAI_API_KEY}\"}}"}) {
        const auto all = faults_of(yaml);
        EXPECT_NE(all, "") << yaml;
        for (const char* secret : {"from-env", "x-evil", "sk-in-a-list", "hunter2"})
            EXPECT_THAT(all, Not(HasSubstr(secret))) << yaml;
    }
}

std::string many(int n, const std::function<std::string(int)>& line) {
    std::string s;
    for (int i = 0; i < n; ++i) s += line(i);
    return s;
}

/// G2: whatever is in the file, it is refused with a message that helps, and the process lives.
TEST(Config, RefusesBrokenFilesWithAMessage) {
    const std::string p = "providers: {openai: {api_key: k}}\n", t = "targets: [{provider: openai, model: m}]",
                      price = "price: {input_per_million: 1, output_per_million: 1}";
    const auto model = [&](const std::string& body) { return p + "models: {a/b: {" + body + "}}\n"; };
    const struct {
        std::string yaml, says;
    } cases[] = {
        {"", "the file is empty"},
        {"\n\n   \n", "the file is empty"},
        {"# only a comment\n", "the file is empty"},
        {"---\n", "the file is empty"},
        {"null", "the file is empty"},
        {"just words", "must be a map of settings"},
        {"- a\n- b\n", "must be a map of settings"},
        {"42", "must be a map of settings"},
        {"\xff\xfe\x00\x41", "not UTF-8"},
        {std::string("a: b\0c: d\n", 10), "control character"},
        {"data_dir: x\x04\nredis: evil\n", "control character"},
        {"server: {listen: 127.0.0.1:8080", "not YAML"},
        {"server:\n\tlisten: x\n", "not YAML"},
        {"a: b: c\n", "not YAML"},
        {"server: [}", "not YAML"},
        {"\"unterminated", "never closed"},
        {"data_dir: 'x\n", "never closed"},
        {"data_dir: \"x\nproviders: {}\n", ""},
        {"data_dir: &a x\n", "anchors"},
        {"data_dir: *a\n", ""},
        {"a: &a [x]\nb: [*a, *a]\n", "anchors"},
        {"data_dir: !!binary aGk=\n", "tags"},
        {"data_dir: !custom x\n", "tags"},
        {"<<: {data_dir: x}\n", "unknown key '<<'"},
        {"data_dir: x\n---\ndata_dir: y\n", "more than one document"},
        {"data_dir: x\ndata_dir: y\n", "'data_dir' stands here twice"},
        {p + "models:\n  a/b: {" + t + ", " + price + "}\n  a/b: {" + t + ", " + price + "}\n",
         "'a/b' stands here twice"},
        {"? [a, b]\n: c\n", "a key must be a plain word"},
        {"{a: 1}: b\n", ""},
        {"\"\": x\n", "a key must be a plain word"},
        {std::string(300, 'k') + ": x\n", ""},
        {"data_dir: \"" + std::string(70'000, 'x') + "\"\n", "longer than 64 KiB"},
        {"data_dir: \"" + std::string(5'000, 'x') + "\"\n", "longer than 4096"},
        {std::string(5 << 20, '#'), "larger than 4 MiB"},
        {"a: " + std::string(5'000, '['), ""},
        {"a: " + many(30, [](int) { return "{a: "; }) + "1" + std::string(30, '}'), "levels deep"},
        {many(50'100, [](int i) { return "k" + std::to_string(i) + ": x\n"; }), "more than 100000 values"},
        {many(300, [](int i) { return "k" + std::to_string(i) + ": x\n"; }), "unknown key 'k0'"},
        {"server:\n", "server: is blank"},
        {"server: {listen: }\n", "server.listen: is blank"},
        {"providers:\n", "providers: is blank"},
        {"models:\n", "models: is blank"},
        {"providers: {openai: }\n", "providers.openai: is blank"},
        {"providers: {openai: {api_key: }}\n", "has no key: set api_key: ${env:OPENAI_API_KEY}"},
        {"providers: {openai: {}}\n", "has no key"},
        {"providers: {openai: {api_key: \"\"}}\n", "is empty"},
        {"providers: {openai: {api_key: [a]}}\n", "must be a single value, not a list"},
        {"providers: {openai: {api_keys: []}}\n", "has no key"},
        {"providers: {openai: {api_keys: [k]}}\n", "must be a map, not a single value"},
        {"providers: {openai: {api_keys: [{weight: 1}]}}\n", "key: is missing"},
        {"providers: {openai: {api_keys: [{key: k, weight: 0}]}}\n", "must be a whole number from 1 to 1000"},
        {"providers: [openai]\n", "must be a map, not a list"},
        {"providers: openai\n", "must be a map, not a single value"},
        {"providers: {\"a b\": {wire: openai-chat, base_url: http://h}}\n", "without spaces"},
        {"providers: {opneai: {api_key: k}}\n", "did you mean 'openai'?"},
        {"providers: {openai: {api_key: k, base_ulr: x}}\n", "did you mean 'base_url'?"},
        {"providers: {x: {base_url: http://h/v1}}\n", "needs `wire` and `base_url`"},
        {"providers: {x: {wire: openai-chat}}\n", "base_url: is missing"},
        {"providers: {openai: {api_key: k, timeouts: {total: 0s}}}\n", "must be from 1000"},
        {"providers: {openai: {api_key: k, timeouts: {total: 99999999999999999999s}}}\n", "must be a time"},
        {"providers: {openai: {api_key: k, max_concurrency: 0}}\n", "from 1 to 1000000"},
        {"providers: {openai: {api_key: k, headers: {x: \"a\\nb\"}}}\n", "is not a header"},
        {"providers: {openai: {api_key: \"${env:NOPE}\"}}\n", "NOPE is not set"},
        {"providers: {openai: {api_key: \"${env:EMPTY}\"}}\n", "EMPTY is empty"},
        {"providers: {openai: {api_key: \"${file:/nope}\"}}\n", "/nope: cannot be read"},
        {"providers: {openai: {api_key: \"${file:/run/empty}\"}}\n", "/run/empty is empty"},
        {"providers: {openai: {api_key: \"${OPENAI_API_KEY}\"}}\n", "neither ${env:NAME} nor ${file:PATH}"},
        {"providers: {openai: {api_key: \"${env:A\"}}\n", "'${' without its '}'"},
        {"providers: {openai: {api_key: \"${env:}\"}}\n", "needs a name"},
        {model(t), "price: is missing"},
        {model(price), "targets: is missing"},
        {model(t + ", price: {}"), "has no price"},
        {model(t + ", price: {input_per_million: 1}"), "output_per_million is missing"},
        {model(t + ", price: {input_per_million: -1, output_per_million: 1}"), "zero or more"},
        {model(t + ", price: {input_per_million: free, output_per_million: 1}"), "decimal number"},
        {model(t + ", price: {input_per_million: 0.0000001, output_per_million: 1}"), "exact at 10^-12"},
        {model(t + ", price: {per_request: 1e-13}"), "more than 12 decimal places"},
        {model(t + ", price: {per_image: 1}"), "input_per_million is missing"},
        {model(t + ", price: {input: 1}"), "unknown key 'input'; "},
        {model("targets: [], " + price), "at least one is needed"},
        {model("targets: [{provider: openai}], " + price), "model: is missing"},
        {model("targets: [{provider: nobody, model: m}], " + price), "no provider 'nobody'"},
        {model(t + ", " + price + ", modality: video"), "'video' is not in this version"},
        {model(t + ", " + price + ", context: -1"), "whole number from 0"},
        {model(t + ", " + price + ", context: 10, max_output: 20"), "larger than context"},
        {p + "aliases: {x: y}\n", "there is no model 'y'"},
        {p + "aliases: {x: }\n", "is blank"},
        {"database: postgres://u:p@h/db\n", "only sqlite is"},
        {"files: {s3: {bucket: b}}\n", "only local is"},
        {"redis: redis://h\n", "not in this version"},
        {"server: {trusted_proxies: [10.0.0.1/8]}\n", "bits set behind"},
        {"server: {trusted_proxies: [proxy.local]}\n", "no IP address or block"},
        {"server: {media_url: http://h}\n", "not in this version"},
        {"server: {listen: 8080}\n", "must be an address and a port"},
        {"server: {listen: \"127.0.0.1:99999\"}\n", "must be an address and a port"},
        {"server: {listen: \"::1:80\"}\n", "must be an address and a port"},
        {"server: {listen: \"127.0.0.1:8081\"}\n", "the same as server.listen"},
        {"server: {admin_token: short}\n", "server.admin_token: "},
        {"server: {public_url: example.com}\n", "http:// or https://"},
        {"server: {tls: {cert: /c.pem}}\n", "both cert and key"},
        {"server: {threads: 0}\n", "from 1 to 1024 or 'auto'"},
        {"server: {max_body: 1}\n", "must be from 1024"},
        {"server: {max_body: lots}\n", "must be a size"},
        {"log: {requests: yes}\n", "must be true or false, not 'yes'"},
        {"log: {format: xml}\n", "must be one of auto, json, text"},
        {"billing: {currency: usd}\n", "three capital letters"},
        {"billing: {rate_per_usd: 0}\n", "must be above zero"},
        {"billing: {fee_percent: 2000}\n", "out of range"},
        {"billing: {fee_percent: five}\n", "decimal number"},
        {"billing: {cache_hit_percent: \"50\"}\n", "not in this version"},
        {"billing: {display: {zz_: {currency: EUR, rate_per_usd: 1}}}\n", "there is no such key prefix"},
        {"billing: {display: {gw_: {currency: EUR}}}\n", "rate_per_usd: is missing"},
        {"security: {key_in_url: 1}\n", "must be true or false"},
        {"nonsense: 1\n", "unknown key 'nonsense'"},
    };
    EXPECT_GE(std::size(cases), 100u);
    for (const auto& c : cases) {
        const auto all = faults_of(c.yaml);
        EXPECT_NE(all, "") << c.yaml.substr(0, 200);
        EXPECT_THAT(all, HasSubstr(c.says)) << c.yaml.substr(0, 200);
        EXPECT_LT(all.size(), 100'000u);
    }
}

TEST(Config, TheSchemaNamesEverySettingAndIsJson) {
    const auto schema = config_json_schema();
    const auto doc = JsonDoc::parse(schema);
    ASSERT_TRUE(doc) << doc.error().message();
    const auto top = doc->root()["properties"];
    EXPECT_EQ(top["server"]["properties"]["listen"]["default"].text(), "127.0.0.1:8080");
    EXPECT_FALSE(top["providers"]["additionalProperties"]["additionalProperties"].boolean());
    EXPECT_TRUE(top["models"]["additionalProperties"]["properties"]["targets"]["items"]["properties"]["weight"]);
    for (const auto& row : all_settings().rows()) EXPECT_THAT(schema, HasSubstr(json_string(row.what))) << row.path;
}

TEST(Config, TheReferenceIsCurrent) {
    const auto file = std::string(AIG_SOURCE_DIR) + "/docs/reference/config.md";
    const auto text = config_reference();
    if (std::getenv("AIG_UPDATE")) std::ofstream(file) << text;
    std::ifstream in(file);
    std::stringstream written;
    written << in.rdbuf();
    EXPECT_EQ(written.str(), text) << "run AIG_UPDATE=1 test_app --gtest_filter=Config.TheReferenceIsCurrent";
    for (const auto& row : all_settings().rows())
        if (row.type != settings::Type::group) EXPECT_THAT(text, HasSubstr(std::string(row.what))) << row.path;
}

TEST(ConfigCommand, ChecksAFile) {
    const auto path = ::testing::TempDir() + "aig-config-test.yaml";
    std::ofstream(path)
        << "providers: {openai: {api_key: k, ca_file: /does/not/exist}}\nserver: {tls: {cert: /nope, key: "
           "/nope}}\n";
    const auto bad = check_config(path, fake_wires);
    EXPECT_EQ(bad.exit_code, 1);
    EXPECT_THAT(bad.err, HasSubstr(path + ":1: providers.openai.ca_file: the file /does/not/exist cannot be read"));
    EXPECT_THAT(bad.err, HasSubstr(":2: server.tls.cert:"));
    EXPECT_THAT(bad.err, HasSubstr("3 faults"));
    std::ofstream(path) << "providers: {openai: {api_key: k}}\n";
    const auto good = check_config(path, fake_wires);
    EXPECT_EQ(good.exit_code, 0);
    EXPECT_THAT(good.out, HasSubstr("good (1 provider, the models of data/models.json)"));
    std::ofstream(path) << "data_dir: ./data\n";
    EXPECT_THAT(check_config(path, fake_wires).err, HasSubstr("warning: no model can be called"));
    EXPECT_EQ(check_config("/does/not/exist.yaml", fake_wires).exit_code, 1);
    EXPECT_THAT(check_config("/does/not/exist.yaml", fake_wires).err, HasSubstr("cannot be read"));
}

TEST(ConfigCommand, OperatorsNeedOnlyTheDataFolder) {
    const auto path = ::testing::TempDir() + "aig-config-data-dir.yaml";
    const auto dir_of = [&](const std::string& yaml) {
        std::ofstream(path) << yaml;
        return config_books(path);
    };
    EXPECT_EQ(dir_of("data_dir: /srv/aig\nproviders: {openai: {api_key: \"${env:AIG_TEST_NOT_SET}\"}}\n")->data_dir,
              "/srv/aig");
    EXPECT_EQ(dir_of("server: {}\n")->data_dir, "./data");
    EXPECT_EQ(dir_of("server: {}\n")->currency, "USD");
    EXPECT_EQ(dir_of("billing: {currency: TMT, fee_percent: \"${env:AIG_TEST_NOT_SET}\"}\n")->currency, "TMT");
    EXPECT_THAT(dir_of("billing: {currency: DOLLARS}\n").error().message(), HasSubstr("billing.currency"));
    EXPECT_THAT(dir_of("data_dir: ${env:AIG_TEST_NOT_SET}\n").error().message(),
                HasSubstr(path + ":1: data_dir: the environment variable AIG_TEST_NOT_SET is not set"));
    EXPECT_THAT(dir_of("data_dir:\n").error().message(), HasSubstr("is blank"));
    EXPECT_THAT(dir_of("").error().message(), HasSubstr("the file is empty"));
    EXPECT_THAT(dir_of("a: {").error().message(), HasSubstr("not YAML"));
    EXPECT_THAT(config_books("/does/not/exist.yaml").error().message(), HasSubstr("cannot be read"));
}
}  // namespace
}  // namespace aig::app
