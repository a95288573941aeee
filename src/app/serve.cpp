#include "app/serve.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "app/config.h"
#include "app/node.h"
#include "app/node_options.h"
#include "app/ready_file.h"
#include "app/signals.h"
#include "provider/registry.h"
#include "sim/sim.h"

namespace aig::app {
namespace {

constexpr int64_t drain_ms = 300'000;

/// Prints every fault; null when there is one.
std::shared_ptr<const Config> load(const std::string& file) {
    auto loaded = load_config(file, provider::wire);
    for (const auto& w : loaded.warnings) log::warn("config", {{"warning", w}});
    if (!loaded.config) fmt::print(stderr, "{}", render_faults(file, loaded.faults));
    return loaded.config;
}

/// A file that does not load, or whose catalogue does not build, leaves everything as it is. Gives the settings that
/// differ from those the process was started with and wait for its next start.
Result<std::vector<std::string>> reload_from(Node& node, const Config& running, const std::string& file) {
    auto loaded = load_config(file, provider::wire);
    if (!loaded.config) {
        log::error("reload_refused", {{"faults", render_faults(file, loaded.faults)}});
        return Error(ErrorCode::config_invalid, render_faults(file, loaded.faults));
    }
    log::configure(loaded.config->log.format, loaded.config->log.level);
    TRYV(node.reload(loaded.config->catalogue));
    node.set_free_tier(loaded.config->billing.free_tier);
    auto waiting = needs_restart(running, *loaded.config);
    for (const auto& setting : waiting) log::warn("needs_restart", {{"setting", setting}});
    return waiting;
}

int serve_until_signal(const cli::ServeOptions& o, std::shared_ptr<const Config> config) {
    auto options = node_options(*config);
    auto node_at = std::make_shared<Node*>(nullptr);
    options.reload = [node_at, config, file = o.config_file]() -> Result<std::vector<std::string>> {
        if (!*node_at) return Error(ErrorCode::conflict, "still starting");
        return reload_from(**node_at, *config, file);
    };
    auto node = Node::start(std::move(options));
    if (!node) {
        fmt::print(stderr, "aig serve: {} {}\n", node.error().message(), node.error().row().advice);
        return cli::exit_failed;
    }
    *node_at = node->get();
    ReadyFile ready{(*node)->url(), (*node)->admin_url(), {}, {}, {}};
    if (auto written = write_ready_file(o.ready_file, ready); !written) {
        fmt::print(stderr, "aig serve: {}\n", written.error().message());
        return cli::exit_failed;
    }
    log::info("serving", {{"url", ready.url}, {"admin_url", ready.admin_url}, {"config", o.config_file}});
    while (wait_for_signal() == SIGHUP) {
        if (auto done = reload_from(**node, *config, o.config_file); !done) log::warn("kept_the_old_config");
    }
    (*node)->drain(drain_ms, asked_to_hurry);
    return cli::exit_ok;
}
}  // namespace

int run_serve(const cli::ServeOptions& o) {
    block_signals();
    const auto config = load(o.config_file);
    if (!config) return cli::exit_failed;
    log::configure(config->log.format, config->log.level);
    const int code = serve_until_signal(o, config);
    log::flush();
    return code;
}

int run_sim(const cli::SimOptions& o) {
    if (o.list_faults) {
        fmt::print("{}", sim::fault_table());
        return cli::exit_ok;
    }
    block_signals();
    rt::Loops loops(1);
    sim::SimOptions options;
    options.host = o.host;
    options.port = o.port;
    options.bill_file = o.bill_file;
    options.script_file = o.script_file;
    auto simulator = sim::Simulator::start(loops, std::move(options));
    if (!simulator) {
        fmt::print(stderr, "aig sim: {} {}\n", simulator.error().message(), simulator.error().row().advice);
        return cli::exit_failed;
    }
    ReadyFile ready;
    ready.url = fmt::format("http://{}:{}", o.host, (*simulator)->port());
    ready.sim_url = ready.url;
    if (auto written = write_ready_file(o.ready_file, ready); !written) {
        fmt::print(stderr, "aig sim: {}\n", written.error().message());
        return cli::exit_failed;
    }
    fmt::print(
        "Simulated provider: {0}/v1 (OpenAI and Anthropic wires; any key)\n  {0}/sim/stats counts the calls. "
        "Ctrl-C stops.\n",
        ready.url);
    std::fflush(stdout);
    while (wait_for_signal() == SIGHUP) {
    }
    return cli::exit_ok;
}

}  // namespace aig::app
