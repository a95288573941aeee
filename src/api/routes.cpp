#include "api/aigateway/balance.h"
#include "api/aigateway/usage.h"
#include "api/openai/inference.h"
#include "api/openai/models.h"
#include "api/request.h"
#include "api/system/system.h"

namespace aig::api {

const std::vector<Route>& routes() {
    static const std::vector<Route> rows = {
        {"POST", "/v1/chat/completions", chat_completions, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/embeddings", embeddings, Billing::held, Access::key, Mark::once},
        {"GET", "/v1/models", list_models, Billing::free, Access::optional_key},
        {"GET", "/v1/models/{id}", get_model, Billing::free, Access::optional_key},
        {"GET", "/v1/balance", balance, Billing::free, Access::key},
        {"GET", "/api/v1/balance", bare_balance, Billing::free, Access::key},
        {"GET", "/api/v1/balance/{key}", bare_balance, Billing::free, Access::key, Mark::redact},
        {"GET", "/v1/usage", usage, Billing::free, Access::key},
        {"GET", "/v1/usage/by-tag", usage_by_tag, Billing::free, Access::key},
        {"GET", "/v1/usage/by-sub-account", usage_by_sub_account, Billing::free, Access::key},
        {"GET", "/v1/usage/by-day", usage_by_day, Billing::free, Access::key},
        {"GET", "/v1/usage/recent", usage_recent, Billing::free, Access::key},
        {"GET", "/healthz", healthz, Billing::free, Access::open},
        {"GET", "/readyz", readyz, Billing::free, Access::open},
        {"GET", "/metrics", metrics_page, Billing::free, Access::open},
        {"GET", "/openapi.json", openapi, Billing::free, Access::open},
        {"GET", "/docs/errors", error_docs, Billing::free, Access::open},
    };
    return rows;
}

}  // namespace aig::api
