// GET /v1/methods, and the words of this service: provider, model and method stand apart, and its providers have names
// of their own (data/methods.json has the methods).
#pragma once

#include "api/request.h"

namespace aig::api {

struct Method {
    std::string code, modality, price_method, public_name, description;
    bool sync = false;
    std::string parameters_schema, example_params, example_response;  ///< JSON
};
/// The embedded table; a broken one ends the process at start-up (a test reads it).
const std::vector<Method>& methods();

std::string service_provider(const catalogue::Model& model);  ///< "google_banana"
std::string service_model(const catalogue::Model& model);     ///< without the provider's part
/// Does the model answer to this provider name, the service's or the catalogue's own? "" = any.
bool is_provider(const catalogue::Model& model, std::string_view provider);
/// Accepts a model with and without its provider's part. "" = any.
bool is_model(const catalogue::Model& model, std::string_view name);

/// model_not_found, with which of the three is unknown as its reason.
struct Service {
    catalogue::ModelPtr model;
    const Method* method = nullptr;
};
Result<Service> find_service(const catalogue::Snapshot& snapshot, std::string_view provider, std::string_view model,
                             std::string_view method);
/// Models a key may see here: the listed ones, and those that only have a price yet.
bool on_offer(const Request& request, const catalogue::Model& model);

rt::Task<Status> list_methods(Request& request);

}  // namespace aig::api
