// What rests sealed: the root key's rotation, and the secrets that sign webhooks.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "identity/webhook_secrets.h"

namespace aig::api {
namespace {
Error no_sealer() { return Error(ErrorCode::internal, "there is no secret key here"); }

Result<AdminReply> rotate_secrets(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    if (!ask.hooks.sealer) return no_sealer();
    TRYV(ask.hooks.sealer->rotate(ask.audited("secret.rotate", "secret.key", {})));
    log::info("secret_key_rotated");
    return AdminReply{200, R"({"rotated":true})"};
}

Result<AdminReply> secret_reply(AccountId account, const std::string& secret, int status) {
    AdminReply reply{status, {}};
    JsonWriter(reply.json).begin_object().field("account_id", to_text(account)).field("secret", secret).end_object();
    return reply;
}

Result<AdminReply> show_webhook_secret(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    if (!ask.hooks.sealer) return no_sealer();
    TRYV(ask.directory.account(AccountId{id}));
    const AccountId account{id};
    TRY(const auto secret, identity::webhook_secret(ask.store, *ask.hooks.sealer, account,
                                                    ask.audited("webhook_secret.create", to_text(account), account)));
    return secret_reply(AccountId{id}, secret, 200);
}

Result<AdminReply> rotate_webhook_secret(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    if (!ask.hooks.sealer) return no_sealer();
    const AccountId account{id};
    TRY(const auto secret,
        identity::rotate_webhook_secret(ask.store, *ask.hooks.sealer, account,
                                        ask.audited("webhook_secret.rotate", to_text(account), account)));
    log::info("webhook_secret_rotated", {{"account", to_text(account)}});
    return secret_reply(account, secret, 201);
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/secrets/rotate", rotate_secrets},
    {"GET", "/admin/accounts/{id}/webhook-secret", show_webhook_secret},
    {"POST", "/admin/accounts/{id}/webhook-secret", rotate_webhook_secret},
};
}  // namespace

std::span<const AdminRow> secret_rows() { return rows; }

}  // namespace aig::api
