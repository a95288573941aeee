#include "catalogue/build.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/nearest.h"
#include "catalogue/data.h"
#include "catalogue/detail/fingerprint.h"
#include "catalogue/detail/models.h"
#include "catalogue/detail/providers.h"

namespace aig::catalogue {
namespace {

/// The rows of data/models.json that a configured provider can serve, with the other targets taken out.
std::vector<ModelConfig> known_models(const Data& data, const Providers& providers) {
    std::vector<ModelConfig> out;
    for (const auto& row : data.models) {
        ModelConfig m = row;
        std::erase_if(m.targets, [&](const TargetConfig& t) { return !providers.find(t.provider); });
        if (!m.targets.empty()) out.push_back(std::move(m));
    }
    return out;
}

void add_models(Snapshot& s, const std::vector<ModelConfig>& configs, const ListPrices& prices,
                const Providers& providers, Faults& faults, std::vector<std::string>& at_list_price) {
    for (const auto& c : configs) {
        bool from_list = false;
        auto model = make_model(c, "models." + c.id, prices, providers, faults, from_list);
        if (from_list) at_list_price.push_back(c.id);
        if (!s.models.emplace(c.id, std::make_shared<const Model>(std::move(model))).second)
            faults.add("models." + c.id, "this model stands here twice");
    }
}

void add_patterns(Snapshot& s, const Config& config, const ListPrices& prices, const Providers& providers,
                  Faults& faults) {
    for (const auto& p : config.patterns) {
        bool from_list = false;
        auto model = make_model(p.model, "patterns." + p.prefix, prices, providers, faults, from_list);
        model.listed = false;
        s.patterns.push_back({p.prefix, std::move(model)});
    }
}

/// Worth a line in the log: the operator did not say these prices.
std::string list_price_warning(const std::vector<std::string>& models, const PriceFacts& facts) {
    return fmt::format(
        "{} sold at list prices (data/prices.json of {}): {}",
        models.size() == 1 ? "one model without a price is" : "models without a price are", facts.date,
        fmt::join(models.begin(), models.begin() + static_cast<long>(std::min<size_t>(models.size(), 20)), ", "));
}

/// A row's own aliases yield to models and to the operator's aliases, which must be right.
void add_aliases(Snapshot& s, const Config& config, const std::vector<ModelConfig>& models, Faults& faults) {
    std::vector<std::string_view> ids;
    for (const auto& [id, m] : s.models) ids.push_back(id);
    for (const auto& [alias, id] : config.aliases) {
        const auto where = "aliases." + alias;
        if (!s.models.contains(id))
            faults.add(where, fmt::format("there is no model '{}'{}", id, did_you_mean(id, ids)));
        else if (s.models.contains(alias))
            faults.add(where, "a model has this id already");
        else if (alias.empty() || alias.size() > 128)
            faults.add(where, "must have 1 to 128 characters");
        else
            s.aliases[alias] = id;
    }
    for (const auto& m : models)
        for (const auto& alias : m.aliases)
            if (!s.models.contains(alias)) s.aliases.emplace(alias, m.id);
}

/// What is configured; where nothing is, what data/models.json says of the providers, and both where both are asked
/// for.
std::vector<ModelConfig> models_of(const Config& config, const Data& data, const Providers& providers) {
    if (config.models && !config.known_too) return *config.models;
    auto models = known_models(data, providers);
    if (!config.models) return models;
    std::set<std::string> known;
    for (const auto& m : models) known.insert(m.id);
    for (const auto& m : *config.models)
        if (!known.contains(m.id)) models.push_back(m);
    return models;
}

void index_bare_names(Snapshot& s) {
    const auto add = [&](std::string_view name, const std::string& id) {
        const auto [at, fresh] = s.bare.emplace(lower_case(name), id);
        if (!fresh && at->second != id) at->second.clear();
    };
    for (const auto& [id, m] : s.models) {
        if (!m->listed) continue;
        add(id, id);
        if (const size_t slash = id.rfind('/'); slash != std::string::npos)
            add(std::string_view(id).substr(slash + 1), id);
    }
}
}  // namespace

Built build(const Config& config, const WireResolver& wire, const Snapshot* previous) {
    Built built;
    Faults faults{built.faults};
    const auto& data = embedded_data();
    if (!data) {
        faults.add("", data.error().message());
        return built;
    }
    auto s = std::make_shared<Snapshot>();
    s->version = previous ? previous->version + 1 : 1;
    if (previous) s->provider_ids = previous->provider_ids;

    const Providers providers(config.providers, *data, wire, s->provider_ids, faults);
    s->providers = providers.all();
    const bool from_data = !config.models || config.known_too;
    const auto models = models_of(config, *data, providers);
    const ListPrices prices{config.prices.get(), data->prices};
    std::vector<std::string> at_list_price;
    add_models(*s, models, prices, providers, faults, at_list_price);
    add_patterns(*s, config, prices, providers, faults);
    add_aliases(*s, config, models, faults);
    index_bare_names(*s);

    auto fee = percent_on_top(config.fee_percent, "fee_percent");
    if (fee)
        s->fee = *fee;
    else
        faults.add("billing.fee_percent", fee.error().message());
    if (s->models.empty() && built.faults.empty())
        built.warnings.push_back(
            "no model can be called: no provider is configured, or none of data/models.json is served by one");
    if (!from_data && !at_list_price.empty()) built.warnings.push_back(list_price_warning(at_list_price, data->prices));
    if (built.faults.empty()) built.snapshot = std::move(s);
    return built;
}
}  // namespace aig::catalogue
