#include "app/commands_config.h"

#include <cstdio>

#include <fmt/format.h>

#include "app/config.h"
#include "provider/registry.h"

namespace aig::app {
namespace {
std::string counted(size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

int print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}
}  // namespace

CommandResult check_config(const std::string& file, const catalogue::WireResolver& wire) {
    const auto loaded = load_config(file, wire);
    CommandResult r;
    r.err = render_faults(file, loaded.faults);
    for (const auto& warning : loaded.warnings) r.err += fmt::format("{}: warning: {}\n", file, warning);
    if (!loaded.config) {
        r.exit_code = 1;
        r.err += counted(loaded.faults.size(), "fault") + "\n";
        return r;
    }
    const auto& c = loaded.config->catalogue;
    const auto models = c.models ? counted(c.models->size(), "model") : std::string("the models of data/models.json");
    r.out = fmt::format("{}: good ({}, {})\n", file, counted(c.providers.size(), "provider"), models);
    return r;
}

std::string config_json_schema() { return settings::json_schema(all_settings(), "aig configuration"); }
std::string config_reference() { return settings::reference(all_settings()); }

int config_check(const std::string& file) {
    const auto r = check_config(file, [](std::string_view name) { return provider::wire(name); });
    std::fwrite(r.err.data(), 1, r.err.size(), stderr);
    print(r.out);
    return r.exit_code;
}
int config_schema() { return print(config_json_schema()); }
int config_docs() { return print(config_reference()); }
}  // namespace aig::app
