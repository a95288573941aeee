#include "app/commands_prices.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "app/config.h"
#include "app/files.h"
#include "base/json.h"
#include "base/time.h"
#include "catalogue/data.h"
#include "catalogue/price_import.h"
#include "provider/registry.h"

namespace aig::app {
namespace {
constexpr size_t max_list = 64u << 20;
constexpr size_t most_shown = 50;

CommandResult failed(const Error& error) { return {1, "", error.message() + "\n"}; }

int print(const CommandResult& r) {
    std::fwrite(r.err.data(), 1, r.err.size(), stderr);
    std::fwrite(r.out.data(), 1, r.out.size(), stdout);
    return r.exit_code;
}

std::string diff_json(const catalogue::PriceDiff& d) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("compared", static_cast<int64_t>(d.compared)).field("same", static_cast<int64_t>(d.same));
    w.key("differences").begin_array();
    for (const auto& x : d.differences) {
        w.begin_object().field("provider", x.provider).field("model", x.model).field("key", x.key);
        x.ours.empty() ? w.field_null("ours") : w.field("ours", x.ours);
        x.theirs.empty() ? w.field_null("theirs") : w.field("theirs", x.theirs);
        w.end_object();
    }
    w.end_array();
    for (const auto& [name, list] : {std::pair{"only_ours", &d.unknown_to_them}, {"only_theirs", &d.unknown_to_us}}) {
        w.key(name).begin_array();
        for (const auto& row : *list) w.string(row);
        w.end_array();
    }
    w.end_object();
    return out + "\n";
}

std::string diff_text(const catalogue::PriceDiff& d) {
    std::string out;
    for (const auto& x : d.differences)
        out += fmt::format("{} {} {}: {} here, {} there\n", x.provider, x.model, x.key,
                           x.ours.empty() ? "none" : x.ours, x.theirs.empty() ? "none" : x.theirs);
    return out + fmt::format("{} rows in both, {} agree, {} differ; {} only here, {} only there\n", d.compared, d.same,
                             d.compared - d.same, d.unknown_to_them.size(), d.unknown_to_us.size());
}

std::string left_out(const std::vector<std::string>& rows) {
    std::string out;
    for (size_t i = 0; i < std::min(rows.size(), most_shown); ++i) out += "left out: " + rows[i] + "\n";
    if (rows.size() > most_shown) out += fmt::format("left out: {} more\n", rows.size() - most_shown);
    return out;
}

/// What a configuration's targets cost the operator, by provider and the provider's id.
Result<catalogue::PriceFacts> costs_of(const std::string& config_file) {
    const auto wire = [](std::string_view name) { return provider::wire(name); };
    const auto loaded = load_config(config_file, wire);
    if (!loaded.config) return Error(ErrorCode::config_invalid, render_faults(config_file, loaded.faults));
    const auto built = catalogue::build(loaded.config->catalogue, wire);
    catalogue::PriceFacts facts;
    for (const auto& [id, model] : built.snapshot->models)
        for (const auto& t : model->targets)
            if (t.cost) facts.rows[t.provider->name][t.model] = catalogue::price_text(*t.cost);
    return facts;
}

Result<catalogue::PriceFacts> compared_with(const cli::PricesOptions& options) {
    if (!options.config_file.empty()) return costs_of(options.config_file);
    const auto& data = catalogue::embedded_data();
    if (!data) return data.error();
    return data->prices;
}

std::optional<CommandResult> read_list(const cli::PricesOptions& options, std::string& text) {
    auto bytes = read_file(options.file, max_list);
    if (!bytes) return CommandResult{1, "", fmt::format("{} cannot be read\n", options.file)};
    text = *std::move(bytes);
    return std::nullopt;
}
}  // namespace

CommandResult diff_price_file(const cli::PricesOptions& options, std::string_view text,
                              const catalogue::PriceFacts& ours) {
    const auto format = catalogue::price_format_named(options.format).value_or(catalogue::PriceFormat::ours);
    const auto theirs = catalogue::import_prices(text, format, "");
    if (!theirs) return failed(theirs.error());
    const auto d = catalogue::diff_prices(ours, theirs->facts);
    return {d.differences.empty() ? 0 : 1, options.json ? diff_json(d) : diff_text(d), ""};
}

CommandResult import_price_file(const cli::PricesOptions& options, std::string_view text, std::string_view today) {
    const auto format = catalogue::price_format_named(options.format).value_or(catalogue::PriceFormat::ours);
    auto got = catalogue::import_prices(text, format, today);
    if (!got) return failed(got.error());
    auto& rows = got->facts.rows;
    for (const auto& p : options.providers)
        if (!rows.contains(p)) return {1, "", fmt::format("there is no price of provider '{}' in the list\n", p)};
    if (!options.providers.empty())
        std::erase_if(rows, [&](const auto& row) {
            return std::find(options.providers.begin(), options.providers.end(), row.first) == options.providers.end();
        });
    return {0, catalogue::price_facts_json(got->facts),
            left_out(got->left_out) + fmt::format("{} rows\n", got->facts.count())};
}

int prices_diff(const cli::PricesOptions& options) {
    std::string text;
    if (auto wrong = read_list(options, text)) return print(*wrong);
    const auto ours = compared_with(options);
    return print(ours ? diff_price_file(options, text, *ours) : failed(ours.error()));
}

int prices_import(const cli::PricesOptions& options) {
    std::string text;
    if (auto wrong = read_list(options, text)) return print(*wrong);
    auto r = import_price_file(options, text, utc_day(now_us()));
    if (r.exit_code || options.out_file.empty()) return print(r);
    if (auto written = write_file(options.out_file, r.out, 0644); !written) return print(failed(written.error()));
    r.out = fmt::format("{} written; set billing.price_file to it\n", options.out_file);
    return print(r);
}
}  // namespace aig::app
