#include "api/portal/sessions.h"

#include "base/log.h"
#include "identity/password.h"

namespace aig::api {
namespace {

Error wrong() { return Error(ErrorCode::login_failed, "The e-mail address or the password is wrong."); }

/// The session that was there before ends with the new one's beginning: nobody can plant a session and wait.
Result<PortalReply> begin_session(Call& c, const identity::UserRow& user) {
    auto& users = c.portal.users();
    if (const auto before = users.session(c.token); before) TRYV(users.end_session(before->user.id, before->id, {}));
    TRY(const auto made,
        users.log_in(user.id, {c.peer, c.agent}, c.audited_as(user.id, {}, "user.log_in", to_text(user.id))));
    TRY(const auto session, users.session(made.token));
    c.portal.sweep();
    PortalReply reply;
    reply.json = session_json(session, made.token);
    reply.cookie = c.cookie(made.token);
    return reply;
}

std::string session_name(int64_t id) { return id_text("ses_", id); }
}  // namespace

/// Takes the same time and says the same for a wrong password, a blocked user and nobody at all.
Result<PortalReply> log_in(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"email", "password"}));
    TRY(const auto email, body.needed_text("email"));
    TRY(const auto password, body.text("password", "", 1'024));
    TRY(auto peer, c.peer_attempt("login_peer", c.portal.options().failures_per_peer));
    TRY(auto account, c.portal.attempt("login", identity::email_key(email), c.portal.options().failures_per_account));
    TRY(const auto hash, c.portal.users().password_hash(email));
    if (!identity::password_matches(hash, password)) {
        log::info("log_in_failed", {{"peer", c.peer}});
        return wrong();
    }
    peer.refund();
    account.refund();
    TRY(const auto user, c.portal.users().find(email));
    if (!user) return wrong();
    if (identity::outdated_hash(hash)) {
        TRY(auto newer, identity::hash_password(password));
        TRYV(c.portal.users().rehash(user->id, std::move(newer)));
    }
    return begin_session(c, *user);
}

Result<PortalReply> log_out(Call& c) {
    TRYV(Body::parse(c.body, {}));
    TRYV(c.portal.users().end_session(c.user().id, c.session->id, c.audited("user.log_out", to_text(c.user().id))));
    return PortalReply{204, {}, c.cookie(""), {}, {}};
}

Result<PortalReply> show_session(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRY(const auto accounts, c.portal.users().accounts(c.user().id));
    auto json = session_json(*c.session, c.token);
    json.pop_back();
    JsonWriter w(json);
    json += ",\"accounts\":";
    w.begin_array();
    for (const auto& m : accounts) {
        w.begin_object().field("account_id", to_text(m.account)).field("name", m.account_name);
        w.field("role", identity::role_name(m.role)).end_object();
    }
    w.end_array();
    json += '}';
    return PortalReply{200, std::move(json), {}, {}, {}};
}

Result<PortalReply> enter_account(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"account_id"}));
    TRY(const auto text, body.needed_text("account_id"));
    TRY(const int64_t id, path_id("acc_", text));
    TRY(const auto made,
        c.portal.users().enter(*c.session, AccountId{id},
                               c.audited_as(c.user().id, AccountId{id}, "session.enter", to_text(AccountId{id}))));
    TRY(const auto session, c.portal.users().session(made.token));
    PortalReply reply;
    reply.json = session_json(session, made.token);
    reply.cookie = c.cookie(made.token);
    return reply;
}

Result<PortalReply> list_sessions(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRY(const auto rows, c.portal.users().sessions(c.user().id));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    for (const auto& s : rows) {
        w.begin_object().field("id", session_name(s.id)).field("current", s.id == c.session->id);
        w.field("peer", s.peer).field("agent", s.agent);
        write_when(w, "created_at", s.created_us);
        write_when(w, "seen_at", s.seen_us);
        write_when(w, "expires_at", s.expires_us);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

Result<PortalReply> end_session(Call& c) {
    TRY(const int64_t id, path_id("ses_", c.arg));
    TRYV(c.portal.users().end_session(c.user().id, id, c.audited("session.end", session_name(id))));
    return PortalReply{204, {}, id == c.session->id ? c.cookie("") : "", {}, {}};
}

Result<PortalReply> end_other_sessions(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRYV(c.portal.users().end_sessions(c.user().id, c.session->id,
                                       c.audited("session.end_others", to_text(c.user().id))));
    return PortalReply{204, {}, {}, {}, {}};
}

/// 202 whoever it is; only the mailbox tells more.
Result<PortalReply> ask_reset(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"email"}));
    TRY(const auto email, body.needed_text("email"));
    TRYV(identity::valid_email(email));
    TRYV(c.peer_attempt("reset_peer", c.portal.options().sign_ups_per_peer));
    TRYV(c.portal.attempt("mail", identity::email_key(email), 2));
    TRY(const auto user, c.portal.users().find(email));
    if (user && !user->blocked && !c.portal.services().mail->full()) {
        TRYV(c.portal.users().reset_token(user->id, [&](const std::string& token) {
            return joined(mailed(reset_mail(user->email, c.portal.options().url(), token)),
                          c.audited_as(user->id, {}, "user.ask_reset", to_text(user->id)));
        }));
        c.portal.services().mail->wake();
    }
    return PortalReply{202, R"({"mailed":true})", {}, {}, {}};
}

Result<PortalReply> reset_password(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"token", "password"}));
    TRY(const auto token, body.needed_text("token"));
    TRY(const auto password, body.text("password", "", 1'024));
    TRYV(identity::valid_password(password));
    TRY(auto ticket, c.peer_attempt("token", c.portal.options().failures_per_peer));
    TRY(auto hash, identity::hash_password(password));
    TRY(const auto user, c.portal.users().reset(token, std::move(hash),
                                                c.audited_as({}, {}, "user.reset_password", "user of a mailed token")));
    ticket.refund();
    PortalReply reply;
    JsonWriter(reply.json).begin_object().field("email", user.email).end_object();
    return reply;
}

/// Every other session ends; this one gets a new token.
Result<PortalReply> change_password(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"password", "new_password"}));
    TRY(const auto wanted, body.text("new_password", "", 1'024));
    TRYV(identity::valid_password(wanted));
    TRYV(c.stepped_up(body));
    TRY(auto hash, identity::hash_password(wanted));
    TRYV(c.portal.users().set_password(c.user().id, std::move(hash), {},
                                       joined(c.audited("user.change_password", to_text(c.user().id)),
                                              mailed(password_changed_mail(c.user().email)))));
    c.portal.services().mail->wake();
    return begin_session(c, c.user());
}

}  // namespace aig::api
