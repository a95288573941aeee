#include "api/aigate_one/price.h"
#include "api/aigateway/balance.h"
#include "api/aigateway/sub_accounts.h"
#include "api/aigateway/usage.h"
#include "api/aigenway/estimate.h"
#include "api/aigenway/methods.h"
#include "api/aigenway/prices.h"
#include "api/anthropic/messages.h"
#include "api/gemini/generate.h"
#include "api/gemini/models.h"
#include "api/openai/inference.h"
#include "api/openai/models.h"
#include "api/openai/responses.h"
#include "api/portal/account.h"
#include "api/portal/deposits.h"
#include "api/portal/keys.h"
#include "api/portal/members.h"
#include "api/portal/money.h"
#include "api/portal/sessions.h"
#include "api/portal/sign_up.h"
#include "api/portal/transactions.h"
#include "api/request.h"
#include "api/system/system.h"
#include "api/topup/deposits.h"

namespace aig::api {
using identity::Role;

const std::vector<Route>& routes() {
    static const std::vector<Route> rows = {
        {"POST", "/v1/chat/completions", chat_completions, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/completions", completions, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/embeddings", embeddings, Billing::held, Access::key, Mark::once},
        {"POST", "/v1beta/models/{id}", gemini_method, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/models/{id}", gemini_method, Billing::held, Access::key, Mark::once},
        {"GET", "/v1beta/models", list_gemini_models, Billing::free, Access::optional_key},
        {"GET", "/v1beta/models/{id}", get_gemini_model, Billing::free, Access::optional_key},
        {"POST", "/v1/messages", create_message, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/messages/count_tokens", count_message_tokens, Billing::free, Access::key},
        {"GET", "/", base_url, Billing::free, Access::open},
        {"GET", "/v1", base_url, Billing::free, Access::open},
        {"POST", "/v1/responses", create_response, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/responses/input_tokens", count_input_tokens, Billing::free, Access::key},
        {"POST", "/v1/responses/compact", compact_response, Billing::held, Access::key, Mark::once},
        {"POST", "/v1/responses/{id}/cancel", cancel_response, Billing::free, Access::key},
        {"GET", "/v1/responses/{id}/input_items", list_input_items, Billing::free, Access::key},
        {"GET", "/v1/responses/{id}", get_response, Billing::free, Access::key},
        {"DELETE", "/v1/responses/{id}", delete_response, Billing::free, Access::key},
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
        {"POST", "/v1/estimate", estimate, Billing::free, Access::key, Mark::once},
        {"GET", "/v1/methods", list_methods, Billing::free, Access::key},
        {"GET", "/v1/prices", list_prices, Billing::free, Access::key},
        {"GET", "/api/v1/price", simple_prices, Billing::free, Access::open},
        {"GET", "/v1/deposits", list_deposits, Billing::free, Access::key},
        {"POST", "/v1/deposits", make_deposit, Billing::free, Access::key, Mark::once},
        {"POST", "/topup/callback/{rail}", topup_callback, Billing::free, Access::signature},
        {"POST", "/v1/sub-accounts", create_sub_account, Billing::free, Access::key, Mark::once},
        {"GET", "/v1/sub-accounts", list_sub_accounts, Billing::free, Access::key},
        {"POST", "/v1/sub-accounts/{id}/rotate", rotate_sub_account, Billing::free, Access::key, Mark::once},
        {"GET", "/v1/sub-accounts/{id}/usage", sub_account_usage, Billing::free, Access::key},
        {"GET", "/v1/sub-accounts/{id}", show_sub_account, Billing::free, Access::key},
        {"PATCH", "/v1/sub-accounts/{id}", update_sub_account, Billing::free, Access::key},
        {"DELETE", "/v1/sub-accounts/{id}", delete_sub_account, Billing::free, Access::key},
        {"GET", "/healthz", healthz, Billing::free, Access::open},
        {"GET", "/readyz", readyz, Billing::free, Access::open},
        {"GET", "/metrics", metrics_page, Billing::free, Access::open},
        {"GET", "/openapi.json", openapi, Billing::free, Access::open},
        {"GET", "/docs/errors", error_docs, Billing::free, Access::open},

        // The portal: people with cookies. Without a Seat: nobody is logged in yet.
        {"GET", "/portal/api/config", portal<portal_config>, Billing::free, Access::open},
        {"POST", "/portal/api/register", portal<register_user, Lane::hashing>, Billing::free, Access::open},
        {"POST", "/portal/api/verify", portal<verify_email>, Billing::free, Access::open},
        {"POST", "/portal/api/verify/resend", portal<resend_verification>, Billing::free, Seat{Role::read_only, true}},
        {"POST", "/portal/api/login", portal<log_in, Lane::hashing>, Billing::free, Access::open},
        {"POST", "/portal/api/logout", portal<log_out>, Billing::free, Seat{Role::read_only, true}},
        {"GET", "/portal/api/session", portal<show_session>, Billing::free, Seat{Role::read_only, true}},
        {"POST", "/portal/api/session/account", portal<enter_account>, Billing::free, Seat{Role::read_only, true}},
        {"GET", "/portal/api/sessions", portal<list_sessions>, Billing::free, Seat{Role::read_only, true}},
        {"DELETE", "/portal/api/sessions", portal<end_other_sessions>, Billing::free, Seat{Role::read_only, true}},
        {"DELETE", "/portal/api/sessions/{id}", portal<end_session>, Billing::free, Seat{Role::read_only, true}},
        {"POST", "/portal/api/password/reset", portal<ask_reset>, Billing::free, Access::open},
        {"POST", "/portal/api/password/reset/confirm", portal<reset_password, Lane::hashing>, Billing::free,
         Access::open},
        {"POST", "/portal/api/password", portal<change_password, Lane::hashing>, Billing::free,
         Seat{Role::read_only, true}},
        {"POST", "/portal/api/join/show", portal<show_invitation>, Billing::free, Access::open},
        {"POST", "/portal/api/join", portal<join_account, Lane::hashing>, Billing::free, Access::open},

        {"GET", "/portal/api/balance", portal<portal_balance>, Billing::free, Seat{Role::read_only}},
        {"GET", "/portal/api/models", portal<portal_models>, Billing::free, Seat{Role::read_only}},
        {"GET", "/portal/api/usage", portal<portal_usage>, Billing::free, Seat{Role::read_only}},
        {"GET", "/portal/api/transactions", portal<list_transactions>, Billing::free, Seat{Role::read_only}},
        {"GET", "/portal/api/statement", portal<portal_statement>, Billing::free, Seat{Role::read_only}},
        {"GET", "/portal/api/coupons", portal<list_coupons>, Billing::free, Seat{Role::read_only}},
        {"POST", "/portal/api/coupons/redeem", portal<redeem_coupon>, Billing::free, Seat{Role::admin}, Mark::once},
        {"GET", "/portal/api/deposits", portal<portal_deposits>, Billing::free, Seat{Role::read_only}},
        {"POST", "/portal/api/deposits", portal<portal_pay_in>, Billing::free, Seat{Role::admin}, Mark::once},
        {"GET", "/portal/api/deposits/{id}", portal<portal_deposit>, Billing::free, Seat{Role::read_only}},
        {"GET", "/portal/api/account", portal<show_account>, Billing::free, Seat{Role::read_only}},
        {"PATCH", "/portal/api/account", portal<change_account>, Billing::free, Seat{Role::admin}},
        {"POST", "/portal/api/account/export", portal<export_account, Lane::hashing>, Billing::free, Seat{Role::owner}},
        {"POST", "/portal/api/account/erase", portal<erase_account, Lane::hashing>, Billing::free, Seat{Role::owner}},
        {"GET", "/portal/api/keys", portal<list_own_keys>, Billing::free, Seat{Role::read_only}},
        {"POST", "/portal/api/keys", portal<make_own_key>, Billing::free, Seat{Role::member}, Mark::once},
        {"POST", "/portal/api/keys/{id}/rotate", portal<rotate_own_key>, Billing::free, Seat{Role::member}, Mark::once},
        {"PATCH", "/portal/api/keys/{id}", portal<change_own_key>, Billing::free, Seat{Role::member}},
        {"DELETE", "/portal/api/keys/{id}", portal<revoke_own_key>, Billing::free, Seat{Role::member}},
        {"GET", "/portal/api/members", portal<list_members>, Billing::free, Seat{Role::read_only}},
        {"PATCH", "/portal/api/members/{id}", portal<change_member>, Billing::free, Seat{Role::admin}},
        {"DELETE", "/portal/api/members/{id}", portal<remove_member>, Billing::free, Seat{Role::admin}},
        {"GET", "/portal/api/invitations", portal<list_invitations>, Billing::free, Seat{Role::admin}},
        {"POST", "/portal/api/invitations", portal<invite_member>, Billing::free, Seat{Role::admin}, Mark::once},
        {"DELETE", "/portal/api/invitations/{id}", portal<take_back_invitation>, Billing::free, Seat{Role::admin}},
    };
    return rows;
}

}  // namespace aig::api
