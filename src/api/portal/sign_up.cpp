#include "api/portal/sign_up.h"

#include "api/portal/detail/call.h"
#include "identity/password.h"

namespace aig::api {
namespace {

std::function<store::Ops(AccountId)> wallet_of(Call& c) {
    return [&c](AccountId account) {
        store::Ops ops;
        ops.push_back(c.portal.services().book->create_wallet(account, c.portal.options().currency));
        return ops;
    };
}

Status mail_verification(Call& c, UserId user, const std::string& email) {
    TRYV(c.portal.users().verify_token(
        user, [&](const std::string& token) { return mailed(verify_mail(email, c.portal.options().url(), token)); }));
    c.portal.services().mail->wake();
    return {};
}

/// The same words whether the address was free or not: who has an account here is nobody's business.
PortalReply mail_is_on_its_way(const std::string& email) {
    PortalReply reply{201, {}, {}, {}, {}};
    JsonWriter(reply.json).begin_object().field("email", email).field("verification", "email").end_object();
    return reply;
}

Status tell_the_owner(Call& c, const std::string& email) {
    store::Batch b;
    b.ops = mailed(taken_mail(email, c.portal.options().url()));
    TRYV(c.portal.services().store->commit_now(std::move(b)));
    c.portal.services().mail->wake();
    return {};
}

Result<PortalReply> sign_up_by_mail(Call& c, identity::NewUser user) {
    const auto email = user.email;
    // Mails to one address have a bound of their own, or a form becomes a way to flood strangers.
    TRYV(c.portal.attempt("mail", identity::email_key(email), 2));
    TRY(const auto before, c.portal.users().find(email));
    if (before && before->verified_us) {
        TRYV(tell_the_owner(c, before->email));
        return mail_is_on_its_way(email);
    }
    TRY(const auto made, c.portal.users().sign_up(std::move(user), wallet_of(c),
                                                  c.audited_as({}, {}, "user.sign_up", "user of a new account")));
    TRYV(mail_verification(c, made.user, email));
    return mail_is_on_its_way(email);
}

Result<PortalReply> sign_up_at_once(Call& c, identity::NewUser user) {
    const auto email = user.email;
    user.verified = true;
    TRY(const auto made, c.portal.users().sign_up(std::move(user), wallet_of(c),
                                                  c.audited_as({}, {}, "user.sign_up", "user of a new account")));
    TRYV(c.portal.give_trial(email, made.account));
    PortalReply reply{201, {}, {}, {}, {}};
    JsonWriter(reply.json)
        .begin_object()
        .field("id", to_text(made.user))
        .field("email", email)
        .field("verification", "none")
        .end_object();
    return reply;
}
}  // namespace

Result<PortalReply> register_user(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"email", "password", "name"}));
    if (!c.portal.options().sign_up)
        return Error(ErrorCode::scope_denied,
                     "Sign-up is closed here; ask the operator, or an account's owner, for an invitation.");
    identity::NewUser user;
    TRY(user.email, body.needed_text("email"));
    TRY(const auto password, body.text("password", "", 1'024));
    TRY(user.account_name, body.text("name", "", 200));
    TRYV(identity::valid_email(user.email));
    TRYV(identity::valid_password(password));
    TRYV(c.peer_attempt("sign_up", c.portal.options().sign_ups_per_peer));
    if (c.portal.options().verification && c.portal.services().mail->full())
        return Error(ErrorCode::overloaded, "Too many mails are waiting to be sent.").retry_after_ms(60'000);
    TRY(user.password_hash, identity::hash_password(password));
    if (c.portal.options().verification) return sign_up_by_mail(c, std::move(user));
    return sign_up_at_once(c, std::move(user));
}

Result<PortalReply> verify_email(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"token"}));
    TRY(const auto token, body.needed_text("token"));
    TRY(auto ticket, c.peer_attempt("token", c.portal.options().failures_per_peer));
    TRY(const auto user, c.portal.users().verify(token, {}));
    ticket.refund();
    TRY(const auto accounts, c.portal.users().accounts(user.id));
    if (!accounts.empty()) TRYV(c.portal.give_trial(user.email, accounts.front().account));
    PortalReply reply;
    JsonWriter(reply.json).begin_object().field("email", user.email).field("verified", true).end_object();
    return reply;
}

Result<PortalReply> resend_verification(Call& c) {
    TRYV(Body::parse(c.body, {}));
    if (c.user().verified_us) return Error(ErrorCode::conflict, "This e-mail address is confirmed already.");
    TRYV(c.portal.attempt("mail", identity::email_key(c.user().email), 2));
    TRYV(mail_verification(c, c.user().id, c.user().email));
    return PortalReply{202, R"({"mailed":true})", {}, {}, {}};
}

}  // namespace aig::api
