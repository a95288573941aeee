#include "app/config.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "api/aigate_one/price.h"
#include "app/config_settings.h"
#include "app/config_substitute.h"
#include "app/config_topups.h"
#include "app/config_yaml.h"
#include "base/money.h"
#include "catalogue/price_facts.h"
#include "catalogue/settings.h"

namespace aig::app {
namespace {
using settings::Fault;
using settings::Node;
using settings::Reader;
constexpr size_t max_file = 4 << 20;
constexpr int64_t max_trial_nanos = 10'000 * nanos_per_unit;

void index_lines(const Node& node, const std::string& path, std::map<std::string, int>& lines) {
    lines[path] = node.line;
    for (size_t i = 0; i < node.items.size(); ++i) {
        const bool map = node.kind == Node::Kind::map;
        index_lines(node.items[i], path + (map ? (path.empty() ? "" : ".") + node.keys[i] : fmt::format("[{}]", i)),
                    lines);
    }
}

/// The line of a path, or of the nearest thing around it that is written.
int line_of(const std::map<std::string, int>& lines, std::string path) {
    while (!path.empty()) {
        if (const auto at = lines.find(path); at != lines.end()) return at->second;
        const size_t cut = path.find_last_of(".[");
        path = cut == std::string::npos ? "" : path.substr(0, cut);
    }
    return 0;
}

log::Format log_format(const std::string& word) {
    return word == "json" ? log::Format::json : word == "text" ? log::Format::text : log::Format::automatic;
}
log::Level log_level(const std::string& word) {
    return word == "debug"   ? log::Level::debug
           : word == "warn"  ? log::Level::warn
           : word == "error" ? log::Level::error
                             : log::Level::info;
}

/// Takes the checked tree apart; what rows cannot say is checked here.
class Taker {
  public:
    explicit Taker(std::vector<Fault>& faults) : faults_(faults) {}

    Config take(const Reader& root) {
        Config c;
        c.data_dir = root.text("data_dir");
        c.server = server(root.group("server"));
        c.log = log(root.group("log"));
        c.billing = billing(root.group("billing"));
        c.portal = portal(root.group("portal"));
        c.mail = mail(root.group("mail"));
        c.security.key_in_url = root.group("security").flag("key_in_url");
        c.responses = responses(root.group("responses"));
        c.topups = read_topups(root.group("topups"),
                               [this](std::string path, std::string why) { fault(std::move(path), std::move(why)); });
        c.catalogue = catalogue::read_config(root);
        c.catalogue.fee_percent = root.group("billing").text("fee_percent");
        c.start_values["topups"] = topups_text(c.topups);  // as a whole: its processors have names of their own
        for (const auto& row : app_settings_rows())
            if (!row.live && row.is_built && row.only.empty() && !row.path.starts_with("topups."))
                c.start_values[std::string(row.path)] = text_at(root, row.path);
        return c;
    }

  private:
    /// Of a list ("free_tier[].model") all items' values.
    static std::string text_at(Reader r, std::string_view path) {
        for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path.remove_prefix(dot + 1)) {
            const auto step = path.substr(0, dot);
            if (!step.ends_with("[]")) {
                r = r.group(step);
                continue;
            }
            std::string all;
            for (const auto& item : r.list(step.substr(0, step.size() - 2)))
                all.append(text_at(item, path.substr(dot + 1))) += '\n';
            return all;
        }
        return r.text(path);
    }
    void fault(std::string path, std::string message) { faults_.push_back({std::move(path), std::move(message), 0}); }

    ServerConfig server(const Reader& r) {
        ServerConfig s;
        s.listen = settings::parse_address(r.text("listen")).value_or({});
        s.admin_listen = settings::parse_address(r.text("admin_listen")).value_or({});
        if (s.listen.port && s.listen.port == s.admin_listen.port && s.listen.host == s.admin_listen.host)
            fault("server.admin_listen", "is the same as server.listen: give the admin API a port of its own");
        s.admin_token = r.text("admin_token");
        s.threads = static_cast<size_t>(r.number("threads").value_or(0));
        s.public_url = r.text("public_url");
        while (s.public_url.ends_with('/')) s.public_url.pop_back();
        const auto tls = r.group("tls");
        s.tls_cert = tls.text("cert");
        s.tls_key = tls.text("key");
        if (s.tls_cert.empty() != s.tls_key.empty()) fault("server.tls", "needs both cert and key, or neither");
        for (const auto& text : r.texts("trusted_proxies")) {
            auto block = parse_ip_block(text);
            if (block)
                s.trusted_proxies.push_back(*block);
            else
                fault("server.trusted_proxies", block.error().message());
        }
        s.max_connections = r.number("max_connections").value_or(s.max_connections);
        s.max_body = r.number("max_body").value_or(0);
        s.body_memory = r.number("body_memory").value_or(0);
        return s;
    }

    static LogConfig log(const Reader& r) {
        return {log_format(r.text("format")), log_level(r.text("level")), r.flag("requests")};
    }

    static ResponsesConfig responses(const Reader& r) {
        return {r.flag("store"), r.number("retention").value_or(0), r.number("background_per_account").value_or(0)};
    }

    PortalConfig portal(const Reader& r) {
        PortalConfig p;
        p.sign_up = r.flag("sign_up");
        p.verification = r.text("verification") == "email";
        const auto trial = parse_decimal(r.text("trial_credit"), 9, "trial_credit");
        if (!trial || *trial < 0 || *trial > max_trial_nanos)
            fault("portal.trial_credit", "must be from 0 to 10,000, with at most nine places");
        p.trial_nanos = trial ? *trial : 0;
        p.trial_days = r.number("trial_time").value_or(0) / 86'400'000;
        return p;
    }

    MailConfig mail(const Reader& r) {
        MailConfig m;
        m.from = r.text("from");
        const auto address = m.from.substr(m.from.find('<') + 1);
        if (address.find('@') == std::string::npos || m.from.find_first_of("\r\n") != std::string::npos)
            fault("mail.from", "must be an address, like AIGateway <aig@example.com>");
        const auto smtp = r.group("smtp");
        m.smtp_url = smtp.text("url");
        if (!m.smtp_url.empty() && !m.smtp_url.starts_with("smtp://") && !m.smtp_url.starts_with("smtps://"))
            fault("mail.smtp.url", "must begin with smtp:// or smtps://");
        m.user = smtp.text("user");
        m.password = smtp.text("password");
        if (m.user.empty() != m.password.empty()) fault("mail.smtp", "needs both user and password, or neither");
        m.ca_file = smtp.text("ca_file");
        m.tls = smtp.text("tls") == "required";
        return m;
    }

    BillingConfig billing(const Reader& r) {
        BillingConfig b;
        b.currency = currency(r.text("currency"), "billing.currency");
        b.rate_per_usd = ratio(r.text("rate_per_usd"), "billing.rate_per_usd");
        b.price_file = r.text("price_file");
        b.simple_price_file = r.text("simple_price_file");
        auto fee = percent_on_top(r.text("fee_percent"), "fee_percent");
        if (fee) b.fee = *fee;  // a wrong one is the catalogue's fault to report
        b.alerts = alerts(r);
        for (const auto& rule : r.list("free_tier")) b.free_tier.push_back(free_rule(rule));
        for (const auto& [prefix, d] : r.named("display")) {
            const auto at = "billing.display." + prefix;
            const bool known = prefix == "sk-aig-" || prefix == "sk_live_" || prefix == "gw_" || prefix == "sk-";
            if (!known) fault(at, "there is no such key prefix: sk-aig-, sk_live_, gw_ or sk-");
            b.display[prefix] = {currency(d.text("currency"), at + ".currency"),
                                 ratio(d.text("rate_per_usd"), at + ".rate_per_usd")};
        }
        return b;
    }

    ledger::Alerts alerts(const Reader& r) {
        ledger::Alerts a;
        if (auto low = parse_decimal(r.text("balance_low"), 9, "balance_low"); low && *low >= 0)
            a.balance_low_nanos = *low;
        else
            fault("billing.balance_low", "must be an amount like 1 or 0.50");
        const auto written = r.texts("budget_alerts");
        if (!written.empty()) a.budget_percents.clear();
        for (const auto& text : written) {
            const auto percent = parse_decimal(text, 0, "budget_alerts");
            if (percent && *percent >= 1 && *percent <= 100)
                a.budget_percents.push_back(*percent);
            else
                fault("billing.budget_alerts", "must be whole percentages from 1 to 100");
        }
        return a;
    }

    ledger::FreeRule free_rule(const Reader& r) {
        ledger::FreeRule rule{r.text("model"), r.number("requests_per_day").value_or(0), INT64_MAX};
        if (r.text("until").empty()) return rule;
        if (auto end = ledger::end_of_day_us(r.text("until")))
            rule.until_us = *end;
        else
            fault("billing.free_tier", "'until' " + end.error().message());
        return rule;
    }

    std::string currency(std::string code, const std::string& path) {
        const bool good =
            code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
        if (!good) fault(path, "must be three capital letters, like USD");
        return code;
    }

    Ratio ratio(const std::string& text, const std::string& path) {
        auto r = decimal_ratio(text, "the rate");
        if (r) return *r;
        fault(path, r.error().message());
        return {};
    }

    std::vector<Fault>& faults_;
};

void finish(Loaded& loaded, const std::map<std::string, int>& lines) {
    for (auto& f : loaded.faults)
        if (!f.line) f.line = line_of(lines, f.path);
    std::stable_sort(loaded.faults.begin(), loaded.faults.end(),
                     [](const Fault& a, const Fault& b) { return a.line < b.line; });
}

Result<std::string> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return Error(ErrorCode::config_invalid, "cannot be read");
    std::string text(max_file + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(in.gcount()));
    if (in.bad()) return Error(ErrorCode::config_invalid, "cannot be read");
    return text;
}

std::string without_last_line_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

/// The operator's own list prices; a wrong row is a fault of the file that names them.
void read_price_file(const std::string& file, Config& config, std::vector<Fault>& faults) {
    if (file.empty()) return;
    const auto text = read_file(file);
    auto facts = text ? catalogue::parse_price_facts(*text, file) : Result<catalogue::PriceFacts>(text.error());
    if (!facts)
        return faults.push_back({"billing.price_file", text ? facts.error().message() : file + " cannot be read", 0});
    config.catalogue.prices = std::make_shared<const catalogue::PriceFacts>(*std::move(facts));
}

void read_simple_prices(BillingConfig& billing, std::vector<Fault>& faults) {
    if (billing.simple_price_file.empty()) return;
    auto text = read_file(billing.simple_price_file);
    const Status good = text ? api::check_simple_prices(*text) : Status(text.error());
    if (!good) return faults.push_back({"billing.simple_price_file", good.error().message(), 0});
    billing.simple_prices_json = *std::move(text);
}

/// Files the configuration names must be readable now, not at the first call.
void check_files(const Config& c, std::vector<Fault>& faults) {
    const auto need = [&](const std::string& file, const std::string& path) {
        if (!file.empty() && !std::ifstream(file).good())
            faults.push_back({path, fmt::format("the file {} cannot be read", file), 0});
    };
    need(c.server.tls_cert, "server.tls.cert");
    need(c.server.tls_key, "server.tls.key");
    need(c.mail.ca_file, "mail.smtp.ca_file");
    for (const auto& p : c.catalogue.providers) need(p.ca_file, "providers." + p.name + ".ca_file");
}

Loaded parse(std::string_view yaml, const Sources& sources, const catalogue::WireResolver& wire, const Extend& extend,
             bool files) {
    Loaded loaded;
    auto node = parse_yaml(yaml, loaded.faults);
    std::map<std::string, int> lines;
    index_lines(node, "", lines);
    if (!loaded.faults.empty() && node.kind != Node::Kind::map) return finish(loaded, lines), loaded;
    substitute(node, "", sources, loaded.faults);
    for (auto& f : settings::check(all_settings(), node)) loaded.faults.push_back(std::move(f));
    if (loaded.faults.empty()) {
        auto config = std::make_shared<Config>(Taker(loaded.faults).take(Reader(all_settings(), node)));
        if (files) {
            check_files(*config, loaded.faults);
            read_price_file(config->billing.price_file, *config, loaded.faults);
            read_simple_prices(config->billing, loaded.faults);
        }
        if (extend) config->catalogue = extend(std::move(config->catalogue));
        auto built = catalogue::build(config->catalogue, wire);
        for (auto& f : built.faults) loaded.faults.push_back(std::move(f));
        loaded.warnings = std::move(built.warnings);
        if (loaded.faults.empty()) loaded.config = std::move(config);
    }
    finish(loaded, lines);
    return loaded;
}
}  // namespace

const settings::Schema& all_settings() {
    static const settings::Schema schema = [] {
        std::vector<settings::Setting> rows(app_settings_rows().begin(), app_settings_rows().end());
        rows.insert(rows.end(), catalogue::settings_rows().begin(), catalogue::settings_rows().end());
        return settings::Schema(rows);
    }();
    return schema;
}

Loaded parse_config(std::string_view yaml, const Sources& sources, const catalogue::WireResolver& wire) {
    return parse(yaml, sources, wire, {}, false);
}

Loaded load_config(const std::string& path, const catalogue::WireResolver& wire, const Extend& extend) {
    auto text = read_file(path);
    if (!text) {
        Loaded loaded;
        loaded.faults.push_back({"", text.error().message(), 0});
        return loaded;
    }
    return parse(*text, process_sources(), wire, extend, true);
}

std::vector<std::string> needs_restart(const Config& running, const Config& fresh) {
    std::vector<std::string> paths;
    for (const auto& [path, text] : fresh.start_values)
        if (const auto at = running.start_values.find(path); at == running.start_values.end() || at->second != text)
            paths.push_back(path);
    return paths;
}

Result<Books> config_books(const std::string& path) {
    const auto refuse = [&](const std::vector<Fault>& faults) {
        return Error(ErrorCode::config_invalid, without_last_line_end(render_faults(path, faults)));
    };
    auto text = read_file(path);
    if (!text) return refuse({{"", text.error().message(), 0}});
    std::vector<Fault> faults;
    const auto whole = parse_yaml(*text, faults);
    if (whole.kind != Node::Kind::map) {
        if (faults.empty()) faults = settings::check(all_settings(), whole);
        return refuse(faults);
    }
    const auto keep = [](Node& map, std::string name, const Node* value) {
        map.kind = Node::Kind::map;
        if (!value) return;
        map.keys.push_back(std::move(name));
        map.items.push_back(*value);
    };
    Node only, billing;
    keep(only, "data_dir", whole.find("data_dir"));
    const auto* all_billing = whole.find("billing");
    if (all_billing && all_billing->kind == Node::Kind::map) {
        keep(billing, "currency", all_billing->find("currency"));
        keep(only, "billing", &billing);
    }
    faults.clear();
    substitute(only, "", process_sources(), faults);
    const settings::Schema schema(app_settings_rows());
    for (auto& f : settings::check(schema, only)) faults.push_back(std::move(f));
    if (!faults.empty()) return refuse(faults);
    const Reader read(schema, only);
    return Books{read.text("data_dir"), read.group("billing").text("currency")};
}

std::string render_faults(std::string_view file, const std::vector<Fault>& faults) {
    std::string out;
    for (const auto& f : faults) {
        out += file;
        if (f.line) out += fmt::format(":{}", f.line);
        out += ": ";
        if (!f.path.empty()) out += f.path.substr(0, 200) + ": ";
        out += f.message;
        out += '\n';
    }
    return out;
}
}  // namespace aig::app
