#include "app/node_options.h"

namespace aig::app {

NodeOptions node_options(const Config& c) {
    NodeOptions n;
    n.host = c.server.listen.host;
    n.port = c.server.listen.port;
    n.admin_host = c.server.admin_listen.host;
    n.admin_port = c.server.admin_listen.port;
    n.tls = {c.server.tls_cert, c.server.tls_key};
    n.threads = c.server.threads;
    n.trusted_proxies = c.server.trusted_proxies;
    n.max_connections = static_cast<size_t>(c.server.max_connections);
    n.max_body_bytes = static_cast<size_t>(c.server.max_body);
    n.body_budget_bytes = c.server.body_memory;
    n.log_requests = c.log.requests;
    n.key_in_url = c.security.key_in_url;
    n.store_responses = c.responses.store;
    n.response_retention_ms = c.responses.retention_ms;
    n.background_per_account = c.responses.background_per_account;
    n.public_url = c.server.public_url;
    n.data_dir = c.data_dir;
    n.admin_token = c.server.admin_token;
    n.currency = c.billing.currency;
    n.rate_per_usd = c.billing.rate_per_usd;
    n.alerts = c.billing.alerts;
    n.free_tier = c.billing.free_tier;
    for (const auto& [prefix, d] : c.billing.display) n.display[prefix] = {d.currency, d.rate_per_usd};
    n.simple_prices_json = c.billing.simple_prices_json;
    n.portal.sign_up = c.portal.sign_up;
    n.portal.verification = c.portal.verification;
    n.portal.trial_nanos = c.portal.trial_nanos;
    n.portal.trial_days = c.portal.trial_days;
    n.portal.public_url = c.server.public_url;
    n.mail.from = c.mail.from;
    n.mail.smtp = {c.mail.smtp_url, c.mail.user, c.mail.password, c.mail.tls, c.mail.ca_file};
    n.topups = c.topups;
    n.catalogue = c.catalogue;
    return n;
}

}  // namespace aig::app
