#include "app/dev.h"

#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "app/files.h"
#include "app/node_options.h"
#include "app/ready_file.h"
#include "app/signals.h"
#include "base/json.h"
#include "base/log.h"
#include "base/money.h"
#include "catalogue/dev.h"
#include "provider/registry.h"
#include "sim/sim.h"

namespace aig::app {
namespace {

constexpr int64_t drain_ms = 5'000;
constexpr int64_t seed_nanos = 10 * nanos_per_unit;
constexpr const char* prefixes[] = {"sk-aig-", "sk_live_", "gw_", "sk-"};

struct Seed {
    AccountId account;
    std::map<std::string, std::string> keys;
};

Result<Seed> parse_seed(const std::string& text) {
    TRY(const auto doc, JsonDoc::parse(text));
    Seed seed;
    const auto account = id_value("acc_", doc.root()["account_id"].text());
    if (!account)
        return Error(ErrorCode::config_invalid, "dev-keys.json names no account; delete the data folder to begin anew");
    seed.account = {*account};
    for (const auto key : doc.root()["keys"]) seed.keys.emplace(key.key(), key.text());
    return seed;
}

std::string seed_json(const Seed& seed) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("account_id", to_text(seed.account)).key("keys").begin_object();
    for (const auto& [prefix, key] : seed.keys) w.field(prefix, key);
    w.end_object().end_object();
    return out + "\n";
}

Result<Seed> make_seed(Node& node, const std::string& currency) {
    Seed seed;
    auto wallet = [&](AccountId id) {
        store::Ops ops;
        ops.push_back(node.book().create_wallet(id, currency));
        return ops;
    };
    TRY(seed.account, node.directory().create_account("dev", "", wallet));
    for (const char* prefix : prefixes) {
        identity::NewKey key;
        key.account = seed.account;
        key.name = "dev";
        key.prefix = prefix;
        TRY(auto minted, node.directory().create_key(std::move(key)));
        seed.keys[prefix] = std::move(minted.key);
    }
    return seed;
}

/// The same folder gives the same account and keys again, and its ten dollars once.
Result<Seed> load_or_make_seed(Node& node, const std::string& data_dir, const std::string& currency) {
    const std::string path = data_dir + "/dev-keys.json";
    Result<Seed> seed = Error(ErrorCode::resource_not_found);
    if (auto kept = read_file(path)) {
        seed = parse_seed(*kept);
        if (!seed) return seed;
    } else {
        seed = make_seed(node, currency);
        if (!seed) return seed;
        TRYV(write_file(path, seed_json(*seed), 0600));
    }
    TRYV(node.book().credit_now(seed->account, seed_nanos, "dev-seed", "aig dev"));
    return seed;
}

/// For `aig call` without flags. A machine without a home simply has no such file.
void keep_for_client(const ReadyFile& ready) {
    const std::string path = cli::last_dev_file();
    if (path.empty()) return;
    auto made = make_folder(path.substr(0, path.rfind('/')));
    if (made) made = write_ready_file(path, ready);
    if (!made) log::info("no_client_file", {{"why", made.error().message()}});
}

struct Dev {
    std::unique_ptr<rt::Loops> sim_loops;
    std::unique_ptr<sim::Simulator> simulator;
    std::unique_ptr<Node> node;
    Seed seed;
    ReadyFile ready;
};

/// The file's settings and, beside its providers and models, the built-in ones.
Result<std::shared_ptr<const Config>> read_file_of(const cli::DevOptions& o, const std::string& sim_url) {
    auto loaded = load_config(o.config_file, provider::wire, [&sim_url](catalogue::Config file) {
        return catalogue::dev_config_with(std::move(file), sim_url);
    });
    for (const auto& w : loaded.warnings) log::warn("config", {{"warning", w}});
    if (loaded.config) return loaded.config;
    return Error(ErrorCode::config_invalid, "\n" + render_faults(o.config_file, loaded.faults));
}

/// Where it listens, what it writes and who may sign up are development's own, whatever a file says.
Result<NodeOptions> options_for(const cli::DevOptions& o, const std::string& data_dir, const std::string& sim_url) {
    NodeOptions n;
    n.catalogue = catalogue::dev_config(sim_url);
    if (!o.config_file.empty()) {
        TRY(const auto config, read_file_of(o, sim_url));
        log::configure(config->log.format, config->log.level);
        n = node_options(*config);
    }
    n.host = o.host;
    n.port = o.port;
    n.admin_host = "127.0.0.1";
    n.admin_port = o.port == 0 ? 0 : static_cast<uint16_t>(o.port + 1);
    n.tls = {};
    n.public_url = n.portal.public_url = "";
    n.data_dir = data_dir;
    n.public_metrics = true;
    n.display.try_emplace("gw_", api::Display{"TMT", {7, 2}});
    n.portal.sign_up = true;
    n.portal.verification = false;
    n.mail.expected = false;
    return n;
}

Result<Dev> start(const cli::DevOptions& o, const std::string& data_dir) {
    Dev d;
    d.sim_loops = std::make_unique<rt::Loops>(1);
    sim::SimOptions so;
    so.host = "127.0.0.1";
    TRY(d.simulator, sim::Simulator::start(*d.sim_loops, so));
    const std::string sim_url = fmt::format("http://127.0.0.1:{}", d.simulator->port());
    TRY(auto options, options_for(o, data_dir, sim_url));
    const auto currency = options.currency;
    TRY(d.node, Node::start(std::move(options)));
    TRY(d.seed, load_or_make_seed(*d.node, data_dir, currency));
    d.ready = {d.node->url(), d.node->admin_url(), sim_url, d.node->admin_token(), d.seed.keys};
    TRYV(write_ready_file(o.ready_file, d.ready));
    keep_for_client(d.ready);
    return d;
}

/// A file that does not load changes nothing.
void reload(const cli::DevOptions& o, Dev& dev) {
    if (o.config_file.empty()) return log::info("reload_ignored", {{"why", "aig dev has no file to reload"}});
    const auto config = read_file_of(o, *dev.ready.sim_url);
    if (!config) return log::error("reload_refused", {{"faults", config.error().message()}});
    if (auto done = dev.node->reload((*config)->catalogue); done) dev.node->set_free_tier((*config)->billing.free_tier);
}

void greet(const cli::DevOptions& o, const Dev& d) {
    const auto& key = d.seed.keys.at("sk-aig-");
    if (o.host != "127.0.0.1" && o.host != "localhost" && o.host != "::1")
        fmt::print("WARNING: listening on {}: anybody who reaches this machine can use the keys below.\n", o.host);
    fmt::print(
        "AIGateway for development: {}\n  admin     {}\n  provider  {} (simulated; no key, no cost outside this "
        "process)\n  key       {}\n\n"
        "Try it:\n  curl {}/v1/chat/completions -H 'authorization: Bearer {}' -H 'content-type: application/json' \\\n"
        "       -d '{{\"model\":\"openai/gpt-5.4\",\"messages\":[{{\"role\":\"user\",\"content\":\"Say hi\"}}]}}'\n\n"
        "Any OpenAI SDK: base_url {}/v1, that key. Ctrl-C stops.\n",
        d.ready.url, d.ready.admin_url, *d.ready.sim_url, key, d.ready.url, key, d.ready.url);
    std::fflush(stdout);
}
}  // namespace

int run_dev(const cli::DevOptions& o) {
    block_signals();
    std::string data_dir = o.data_dir;
    if (data_dir.empty()) {
        auto made = temporary_folder();
        if (!made) {
            fmt::print(stderr, "aig dev: {}\n", made.error().message());
            return 1;
        }
        data_dir = *made;
    }
    int code = 0;
    {
        auto dev = start(o, data_dir);
        if (!dev) {
            fmt::print(stderr, "aig dev: {} {}\n", dev.error().message(), dev.error().row().advice);
            code = 1;
        } else {
            greet(o, *dev);
            while (wait_for_signal() == SIGHUP) reload(o, *dev);
            dev->node->drain(drain_ms, asked_to_hurry);
            dev->node.reset();
            dev->simulator.reset();
            if (const auto kept = cli::last_dev_file(); !kept.empty()) std::remove(kept.c_str());
        }
    }
    log::flush();
    if (o.data_dir.empty()) remove_folder(data_dir);
    return code;
}

}  // namespace aig::app
