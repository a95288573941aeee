#include "identity/users.h"
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "identity/password.h"

namespace aig::api {
namespace {
using identity::Role;
using identity::Users;

void write_user(JsonWriter& w, const identity::UserRow& u) {
    w.begin_object().field("user_id", to_text(u.id)).field("email", u.email);
    w.field("status", u.blocked ? "blocked" : "active").field("operator", u.is_operator);
    write_stamp(w, "verified_at", u.verified_us);
    write_stamp(w, "created_at", u.created_us);
    write_stamp(w, "last_login_at", u.login_us);
    w.end_object();
}

Result<UserId> asked_user(const Ask& ask) {
    TRY(const int64_t id, path_id("usr_", ask.id));
    return UserId{id};
}

/// A token that lets its holder choose the password, once, within an hour. It is in the reply and nowhere else.
Result<std::string> reset_token(const Ask& ask, UserId user) {
    return Users(ask.store, ask.directory).reset_token(user, [&](const std::string&) {
        return ask.audited("user.reset_password", to_text(user), {});
    });
}

/// The operator vouches for the address: it counts as confirmed.
Result<AdminReply> make_user(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"email", "account_id", "role", "password"}));
    identity::NewUser user;
    TRY(user.email, body.needed_text("email"));
    user.verified = true;
    TRY(const auto password, body.text("password", "", 1'024));
    if (!password.empty()) {
        TRYV(identity::valid_password(password));
        TRY(user.password_hash, identity::hash_password(password));
    }
    TRY(const auto account_text, body.text("account_id", ""));
    std::optional<AccountId> account;
    if (!account_text.empty()) {
        TRY(const int64_t id, path_id("acc_", account_text));
        account = AccountId{id};
    }
    TRY(const auto role_text, body.text("role", "owner"));
    const auto role = identity::role_named(role_text);
    if (!role)
        return Error(ErrorCode::bad_param, "'role' must be one of owner, admin, member, read_only.").param("role");
    const auto email = user.email;
    TRY(const UserId id, Users(ask.store, ask.directory)
                             .add_user(std::move(user), account, *role,
                                       ask.audited("user.create", email, account.value_or(AccountId{}),
                                                   fmt::format(R"("role":"{}")", identity::role_name(*role)))));
    log::info("user_created", {{"user", to_text(id)}});
    AdminReply reply{201, {}};
    JsonWriter w(reply.json);
    w.begin_object().field("user_id", to_text(id));
    if (password.empty()) {
        TRY(const auto token, reset_token(ask, id));
        w.field("reset_token", token);
    }
    w.end_object();
    return reply;
}

Result<AdminReply> list_users(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"after", "limit"}));
    TRY(const int64_t after, query.id("after", "usr_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    TRY(const auto found, Users(ask.store, ask.directory).users(UserId{after}, limit));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("users").begin_array();
    for (const auto& u : found) write_user(w, u);
    w.end_array();
    std::ssize(found) == limit ? w.field("next", to_text(found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> show_user(const Ask& ask) {
    TRY(const UserId id, asked_user(ask));
    TRY(const auto user, Users(ask.store, ask.directory).user(id));
    AdminReply reply;
    JsonWriter w(reply.json);
    write_user(w, user);
    return reply;
}

Result<AdminReply> set_blocked(const Ask& ask, bool blocked) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const UserId id, asked_user(ask));
    TRYV(Users(ask.store, ask.directory)
             .block(id, blocked, ask.audited(blocked ? "user.block" : "user.unblock", to_text(id), {})));
    return show_user(ask);
}
Result<AdminReply> block_user(const Ask& ask) { return set_blocked(ask, true); }
Result<AdminReply> unblock_user(const Ask& ask) { return set_blocked(ask, false); }

Result<AdminReply> reset_password(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const UserId id, asked_user(ask));
    TRY(const auto token, reset_token(ask, id));
    AdminReply reply;
    JsonWriter(reply.json).begin_object().field("user_id", to_text(id)).field("reset_token", token).end_object();
    return reply;
}

Result<AdminReply> set_operator(const Ask& ask, bool is_operator) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const UserId id, asked_user(ask));
    const auto action = is_operator ? "user.grant_operator" : "user.revoke_operator";
    TRYV(Users(ask.store, ask.directory).set_operator(id, is_operator, ask.audited(action, to_text(id), {})));
    return show_user(ask);
}
Result<AdminReply> grant_operator(const Ask& ask) { return set_operator(ask, true); }
Result<AdminReply> revoke_operator(const Ask& ask) { return set_operator(ask, false); }

constexpr AdminRow rows[] = {
    {"POST", "/admin/users", make_user},
    {"GET", "/admin/users", list_users},
    {"GET", "/admin/users/{id}", show_user},
    {"POST", "/admin/users/{id}/block", block_user},
    {"POST", "/admin/users/{id}/unblock", unblock_user},
    {"POST", "/admin/users/{id}/reset-password", reset_password},
    {"POST", "/admin/users/{id}/grant-operator", grant_operator},
    {"POST", "/admin/users/{id}/revoke-operator", revoke_operator},
};
}  // namespace

std::span<const AdminRow> user_rows() { return rows; }

}  // namespace aig::api
