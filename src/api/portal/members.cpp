#include "api/portal/members.h"

#include <fmt/format.h>

#include "identity/password.h"

namespace aig::api {
using identity::Role;
namespace {

Result<Role> role_in(const Body& body) {
    TRY(const auto name, body.needed_text("role"));
    if (const auto role = identity::role_named(name)) return *role;
    return Error(ErrorCode::bad_param, "'role' must be one of owner, admin, member, read_only.").param("role");
}

/// Nobody gives or takes what she does not have: owners are made and unmade by owners.
Status may_give(const Call& c, Role role) {
    if (role <= c.session->role) return {};
    return Error(ErrorCode::scope_denied,
                 fmt::format("Only an owner may do this to a member with the role {}.", identity::role_name(role)));
}

Result<Role> role_of(Call& c, UserId user) {
    TRY(const auto members, c.portal.users().members(c.account()));
    for (const auto& m : members)
        if (m.user == user) return m.role;
    return Error(ErrorCode::resource_not_found, "There is no such member.").param("user_id");
}

void write_invitation(JsonWriter& w, const identity::Invitation& i) {
    w.begin_object().field("id", id_text("inv_", i.id)).field("email", i.email);
    w.field("role", identity::role_name(i.role));
    write_when(w, "created_at", i.created_us);
    write_when(w, "expires_at", i.expires_us);
    w.end_object();
}

std::string role_detail(Role role) { return fmt::format(R"("role":"{}")", identity::role_name(role)); }
}  // namespace

Result<PortalReply> list_members(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRY(const auto members, c.portal.users().members(c.account()));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    for (const auto& m : members) {
        w.begin_object().field("user_id", to_text(m.user)).field("email", m.email);
        w.field("role", identity::role_name(m.role));
        write_when(w, "since", m.created_us);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

Result<PortalReply> change_member(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"role"}));
    TRY(const Role role, role_in(body));
    TRY(const int64_t id, path_id("usr_", c.arg));
    TRY(const Role before, role_of(c, UserId{id}));
    TRYV(may_give(c, before));
    TRYV(may_give(c, role));
    TRYV(c.portal.users().set_role(c.account(), UserId{id}, role,
                                   c.audited("member.role", to_text(UserId{id}), role_detail(role))));
    PortalReply reply;
    JsonWriter(reply.json)
        .begin_object()
        .field("user_id", to_text(UserId{id}))
        .field("role", identity::role_name(role))
        .end_object();
    return reply;
}

Result<PortalReply> remove_member(Call& c) {
    TRY(const int64_t id, path_id("usr_", c.arg));
    TRY(const Role role, role_of(c, UserId{id}));
    TRYV(may_give(c, role));
    TRYV(c.portal.users().remove(c.account(), UserId{id}, c.audited("member.remove", to_text(UserId{id}))));
    return PortalReply{204, {}, {}, {}, {}};
}

Result<PortalReply> list_invitations(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRY(const auto rows, c.portal.users().invitations(c.account()));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    for (const auto& i : rows) write_invitation(w, i);
    w.end_array().end_object();
    return reply;
}

Result<PortalReply> invite_member(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"email", "role"}));
    TRY(const auto email, body.needed_text("email"));
    TRYV(identity::valid_email(email));
    TRY(const Role role, role_in(body));
    TRYV(may_give(c, role));
    TRYV(c.portal.attempt("mail", identity::email_key(email), 2));
    TRYV(c.portal.attempt("invite", to_text(c.account()), 20));
    TRY(const auto account, c.portal.services().directory->account(c.account()));
    TRY(const auto made, c.portal.users().invite(c.account(), email, role, c.user().id, [&](const std::string& token) {
        return joined(mailed(invite_mail(email, c.portal.options().url(), token, account.name)),
                      c.audited("member.invite", email, role_detail(role)));
    }));
    c.portal.services().mail->wake();
    PortalReply reply{201, {}, {}, {}, {}};
    JsonWriter w(reply.json);
    write_invitation(w, made);
    return reply;
}

Result<PortalReply> take_back_invitation(Call& c) {
    TRY(const int64_t id, path_id("inv_", c.arg));
    TRYV(c.portal.users().take_back(c.account(), id, c.audited("member.take_back", id_text("inv_", id))));
    return PortalReply{204, {}, {}, {}, {}};
}

/// What a new member sees before she joins: to what, and whether she has to choose a password.
Result<PortalReply> show_invitation(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"token"}));
    TRY(const auto token, body.needed_text("token"));
    TRY(auto ticket, c.peer_attempt("token", c.portal.options().failures_per_peer));
    TRY(const auto invitation, c.portal.users().invitation(token));
    ticket.refund();
    TRY(const auto account, c.portal.services().directory->account(invitation.account));
    TRY(const auto user, c.portal.users().find(invitation.email));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("email", invitation.email).field("account", account.name);
    w.field("role", identity::role_name(invitation.role));
    w.field("needs_password", !user || !user->verified_us).end_object();
    return reply;
}

Result<PortalReply> join_account(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"token", "password"}));
    TRY(const auto token, body.needed_text("token"));
    TRY(const auto password, body.text("password", "", 1'024));
    std::string hash;
    if (!password.empty()) {
        TRYV(identity::valid_password(password));
        TRY(hash, identity::hash_password(password));
    }
    TRY(auto ticket, c.peer_attempt("token", c.portal.options().failures_per_peer));
    TRY(const auto invitation, c.portal.users().invitation(token));
    TRY(const auto user, c.portal.users().join(token, std::move(hash),
                                               c.audited_as({}, invitation.account, "member.join", invitation.email,
                                                            role_detail(invitation.role))));
    ticket.refund();
    PortalReply reply{201, {}, {}, {}, {}};
    JsonWriter(reply.json)
        .begin_object()
        .field("email", user.email)
        .field("account_id", to_text(invitation.account))
        .end_object();
    return reply;
}

}  // namespace aig::api
