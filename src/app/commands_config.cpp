#include "app/commands_config.h"

#include <fmt/format.h>

#include "app/config.h"
#include "base/json.h"

namespace aig::app {
namespace {
std::string as_json(const Loaded& loaded) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("ok", loaded.config != nullptr).key("faults").begin_array();
    for (const auto& f : loaded.faults)
        w.begin_object().field("line", f.line).field("path", f.path).field("message", f.message).end_object();
    w.end_array().key("warnings").begin_array();
    for (const auto& warning : loaded.warnings) w.string(warning);
    w.end_array().end_object();
    return out + "\n";
}
}  // namespace

CommandResult config_check(const std::string& file, const catalogue::WireResolver& wire, bool json) {
    const auto loaded = load_config(file, wire);
    CommandResult r;
    r.exit_code = loaded.config ? 0 : 1;
    if (json) {
        r.out = as_json(loaded);
        return r;
    }
    r.err = render_faults(file, loaded.faults);
    for (const auto& warning : loaded.warnings) r.err += fmt::format("{}: warning: {}\n", file, warning);
    if (!loaded.config) {
        r.err += fmt::format("{} fault{}; nothing was changed\n", loaded.faults.size(),
                             loaded.faults.size() == 1 ? "" : "s");
        return r;
    }
    const auto& c = loaded.config->catalogue;
    const auto models =
        c.models ? fmt::format("{} models", c.models->size()) : std::string("the models of data/models.json");
    r.out = fmt::format("{}: good ({} providers, {})\n", file, c.providers.size(), models);
    return r;
}

CommandResult config_schema_text() { return {0, settings::json_schema(config_schema(), "aig configuration"), ""}; }
CommandResult config_docs() { return {0, settings::reference(config_schema()), ""}; }
}  // namespace aig::app
