#include "api/aigenway/methods.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/embedded.h"
#include "base/json.h"
#include "base/log.h"

namespace aig::api {
namespace {
/// The service's name of a provider's models; of one modality, or of all ("").
struct ProviderName {
    std::string_view owner, modality, service;
};
constexpr ProviderName provider_names[] = {
    {"google", "", "google_banana"}, {"openai", "image", "openai_image"}, {"klingai", "", "kling_ai"}};

std::vector<Method> read_methods() {
    const auto doc = JsonDoc::parse(embedded_file("data/methods.json"));
    if (!doc) {
        log::error("broken_build", {{"file", "data/methods.json"}, {"why", doc.error().message()}});
        std::abort();
    }
    std::vector<Method> out;
    for (const auto m : doc->root()) {
        const auto text = [&](std::string_view name) { return std::string(m[name].text()); };
        const auto raw = [&](std::string_view name) { return std::string(m[name].raw()); };
        out.push_back({text("method"), text("modality"), text("price_method"), text("public_name"), text("description"),
                       m["supports_sync"].boolean(), raw("parameters_schema"), raw("example_params"),
                       raw("example_response")});
    }
    return out;
}

Error unsupported(std::string_view what, std::string_view name) {
    return Error(ErrorCode::model_not_found,
                 fmt::format("there is no {} '{}' here: GET /v1/methods lists what there is", what, name.substr(0, 64)))
        .param(std::string(what))
        .reason(fmt::format("unsupported_{}", what));
}

void write_method(JsonWriter& w, const catalogue::Model& model, const Method& m) {
    const auto provider = service_provider(model), name = service_model(model);
    w.begin_object().field("provider", provider).field("model", name).field("method", m.code);
    w.field("public_name", fmt::format("{}: {}", model.name, m.public_name)).field("description", m.description);
    w.field_raw("parameters_schema", m.parameters_schema);
    w.key("example_request").begin_object().field("provider", provider).field("model", name).field("method", m.code);
    w.field_raw("params", m.example_params).end_object();
    w.field_raw("example_response", m.example_response);
    w.field("supports_sync", m.sync).field("supports_async", true).field("available", model.callable).end_object();
}
}  // namespace

const std::vector<Method>& methods() {
    static const std::vector<Method> all = read_methods();
    return all;
}

std::string service_provider(const catalogue::Model& model) {
    for (const auto& n : provider_names)
        if (n.owner == model.owned_by && (n.modality.empty() || n.modality == model.modality))
            return std::string(n.service);
    return model.owned_by.empty() ? "default" : model.owned_by;
}

std::string service_model(const catalogue::Model& model) {
    const auto prefix = model.owned_by + "/";
    return model.id.starts_with(prefix) ? model.id.substr(prefix.size()) : model.id;
}

bool is_provider(const catalogue::Model& model, std::string_view provider) {
    return provider.empty() || provider == service_provider(model) || provider == model.owned_by;
}
bool is_model(const catalogue::Model& model, std::string_view name) {
    return name.empty() || name == model.id || name == service_model(model);
}

bool on_offer(const Request& request, const catalogue::Model& model) {
    return (model.listed || !model.callable) && (!request.principal || request.principal->allows(model.id));
}

Result<Service> find_service(const catalogue::Snapshot& snapshot, std::string_view provider, std::string_view model,
                             std::string_view method) {
    const auto any_of = [&](auto&& fits) {
        return std::any_of(snapshot.models.begin(), snapshot.models.end(),
                           [&](const auto& m) { return fits(*m.second); });
    };
    if (!provider.empty() && !any_of([&](const auto& m) { return is_provider(m, provider); }))
        return unsupported("provider", provider);
    catalogue::ModelPtr found;
    for (const auto& [id, m] : snapshot.models)
        if (!model.empty() && is_provider(*m, provider) && is_model(*m, model)) found = m;
    if (!found) return unsupported("model", model);
    for (const auto& m : methods())
        if (m.code == method && m.modality == found->modality) return Service{found, &m};
    return unsupported("method", method);
}

rt::Task<Status> list_methods(Request& request) {
    const auto snapshot = request.services.catalogue->get();
    const auto& query = request.http.head().query;
    const auto provider = net::query_value(query, "provider"), name = net::query_value(query, "model");
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("success", true).key("items").begin_array();
    for (const auto& [id, model] : snapshot->models) {
        if (!on_offer(request, *model) || !is_provider(*model, provider) || !is_model(*model, name)) continue;
        for (const auto& m : methods())
            if (m.modality == model->modality) write_method(w, *model, m);
    }
    w.end_array().end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
