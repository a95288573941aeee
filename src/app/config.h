// The boot configuration: one YAML file, read once into plain structs, immutable, replaced whole on a reload.
// Everything wrong with it is reported at once, with line, path, what is wrong and what instead; a file with one fault
// gives no configuration. Secrets come from ${env:NAME} and ${file:PATH} and are never in a message. Called on the main
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/log.h"
#include "base/price.h"
#include "base/settings.h"
#include "catalogue/build.h"
#include "catalogue/config.h"
#include "ledger/book.h"
#include "ledger/free_tier.h"
#include "topup/topups.h"

namespace aig::app {

struct ServerConfig {
    settings::Address listen, admin_listen;
    std::string admin_token;        ///< "" = made once into data_dir/admin.token
    size_t threads = 0;             ///< 0 = one per core
    std::string public_url;         ///< without a slash at its end; "" = http://listen
    std::string tls_cert, tls_key;  ///< PEM files; both or none
    std::vector<IpBlock> trusted_proxies;
    int64_t max_connections = 10'000;
    int64_t max_body = 0, body_memory = 0;  ///< bytes: of one request; of all requests in memory together
};
struct LogConfig {
    log::Format format = log::Format::automatic;
    log::Level level = log::Level::info;
    bool requests = true;
};
struct DisplayConfig {
    std::string currency;
    Ratio rate_per_usd;
};
struct BillingConfig {
    std::string currency = "USD";
    Ratio rate_per_usd, fee;  ///< fee: 21/20 for 5 %
    ledger::Alerts alerts;
    std::vector<ledger::FreeRule> free_tier;
    std::string price_file, simple_price_file;     ///< "" = none
    std::string simple_prices_json;                ///< what stands in the latter
    std::map<std::string, DisplayConfig> display;  ///< by key prefix; rendering only
};
struct PortalConfig {
    bool sign_up = false, verification = true;
    int64_t trial_nanos = 0, trial_days = 30;
};
struct MailConfig {
    std::string from, smtp_url, user, password, ca_file;
    bool tls = true;
};
struct ResponsesConfig {
    bool store = true;
    int64_t retention_ms = 0, background_per_account = 0;
};
struct SecurityConfig {
    bool key_in_url = true;
};

struct Config {
    ServerConfig server;
    LogConfig log;
    std::string data_dir;
    BillingConfig billing;
    PortalConfig portal;
    MailConfig mail;
    ResponsesConfig responses;
    SecurityConfig security;
    topup::TopupSettings topups;
    catalogue::Config catalogue;                      ///< its fee_percent is billing's
    std::map<std::string, std::string> start_values;  ///< path -> text of settings that only a restart changes
};

struct Loaded {
    std::shared_ptr<const Config> config;  ///< null when there is a fault
    std::vector<settings::Fault> faults;   ///< by line
    std::vector<std::string> warnings;
};

/// Where ${env:…} and ${file:…} come from; tests have their own.
struct Sources {
    std::function<std::optional<std::string>(const std::string& name)> env;
    std::function<Result<std::string>(const std::string& path)> file;
};
Sources process_sources();

/// What becomes of the file's catalogue before it is checked: `aig dev` adds its own to it.
using Extend = std::function<catalogue::Config(catalogue::Config file)>;

Loaded parse_config(std::string_view yaml, const Sources& sources, const catalogue::WireResolver& wire);
/// The same from a file of at most 4 MiB; also looks whether the files it names can be read.
Loaded load_config(const std::string& path, const catalogue::WireResolver& wire, const Extend& extend = {});

/// Paths of the settings that differ and that a reload cannot change; they keep their running values.
std::vector<std::string> needs_restart(const Config& running, const Config& fresh);

/// Only what operator commands need (data_dir, billing.currency): they run in shells that have no provider's key.
/// Faults of other settings are not looked for.
struct Books {
    std::string data_dir, currency;
};
Result<Books> config_books(const std::string& path);

/// "aig.yaml:12: providers.openai.api_key: …" lines.
std::string render_faults(std::string_view file, const std::vector<settings::Fault>& faults);
/// All rows: of this file's groups and of the catalogue.
const settings::Schema& all_settings();

}  // namespace aig::app
