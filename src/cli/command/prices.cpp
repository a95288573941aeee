// Price lists: the app compares and converts them; here is only what the commands take.
#include "cli/detail/builders.h"

namespace aig::cli {
namespace {
Status good(const PricesOptions& o) {
    if (o.format == "litellm" || o.format == "models.dev" || o.format == "aig") return {};
    return Error(ErrorCode::bad_param, "--format must be litellm, models.dev or aig").param("format");
}

int start(const Context& c, const PricesOptions& o, const std::function<int(const PricesOptions&)>& hook) {
    if (auto checked = good(o); !checked) return fail(c, checked.error());
    if (!hook) return fail(c, Error(ErrorCode::not_in_version, "This binary has no such command."));
    return hook(o);
}

void common(Spec& spec, PricesOptions& o) {
    spec.needed("FILE", "", o.file, "the price list");
    spec.needed("--format", "NAME", o.format, "litellm, models.dev or aig (data/prices.json's own)");
}
}  // namespace

Action build_prices_diff(Spec& spec) {
    auto o = std::make_shared<PricesOptions>();
    common(spec, *o);
    spec.text("--config", "FILE", o->config_file,
              "compare with this configuration's targets instead of the built-in list");
    spec.toggle("--json", o->json, "print JSON");
    return [o](const Context& c) { return start(c, *o, c.hooks.prices_diff); };
}

Action build_prices_import(Spec& spec) {
    auto o = std::make_shared<PricesOptions>();
    common(spec, *o);
    auto providers = std::make_shared<std::string>();
    spec.text("--providers", "LIST", *providers, "only these, with commas between");
    spec.text("--out", "FILE", o->out_file, "where to write it (standard output)");
    return [o, providers](const Context& c) {
        o->providers.clear();
        for (size_t at = 0; at < providers->size();) {
            const auto end = std::min(providers->find(',', at), providers->size());
            if (end > at) o->providers.push_back(providers->substr(at, end - at));
            at = end + 1;
        }
        return start(c, *o, c.hooks.prices_import);
    };
}

}  // namespace aig::cli
