// One portal request as its handler sees it, and how a handler becomes a route's.
#pragma once

#include "api/admin/detail/fields.h"
#include "api/portal/portal.h"
#include "base/json.h"
#include "records/audit.h"

namespace aig::api {

struct PortalReply {
    int status = 200;
    std::string json;
    std::string cookie;      ///< a whole Set-Cookie value; "" = none
    std::string type, file;  ///< of a download: its media type and name
};

struct Call {
    Portal& portal;
    std::string body, query, arg;
    std::string peer, agent, request_id;
    std::shared_ptr<const identity::Session> session;  ///< of a route with a Seat
    std::string token;                                 ///< the cookie's text, "" = none
    bool secure = true;                                ///< the cookie is __Host-sid, with Secure
    std::shared_ptr<Once> once;
    bool local = false;  ///< the peer is this machine, which no limit by address holds up

    const identity::UserRow& user() const { return session->user; }
    AccountId account() const { return session->account; }
    /// An audit row of this user, as the one op of a batch's `with`. `detail` are finished JSON members.
    store::Ops audited(std::string action, std::string object, std::string_view detail = {}) const;
    store::Ops audited_as(UserId who, AccountId account, std::string action, std::string object,
                          std::string_view detail = {}) const;
    /// Portal::attempt of this peer.
    Result<limits::Ticket> peer_attempt(std::string_view kind, int64_t per_minute);
    /// The reply under an Idempotency-Key, for the batch that does the work; nothing without a key.
    store::Ops kept(int status, std::string_view json) const;
    /// The same for a reply that is known only when the ops before it in its batch were applied.
    store::Ops kept(int status, std::function<std::string()> json) const;
    /// Set-Cookie for a session's token; for "" the cookie ends.
    std::string cookie(std::string_view session_token) const;
    /// The password in the body, which is asked for again before what cannot be undone: login_failed.
    Status stepped_up(const Body& body);
};

using PortalHandler = Result<PortalReply> (*)(Call&);
enum class Lane : uint8_t { common, hashing };
rt::Task<Status> answer_portal(Request& request, PortalHandler handler, Lane lane);

template <PortalHandler handler, Lane lane = Lane::common>
rt::Task<Status> portal(Request& request) {
    return answer_portal(request, handler, lane);
}

/// Both of `b` behind `a`.
inline store::Ops joined(store::Ops a, store::Ops b) {
    for (auto& op : b) a.push_back(std::move(op));
    return a;
}
/// A mail as the one op of a batch's `with`.
store::Ops mailed(mail::Message message);

// What is mailed. `url` is the portal's base.
mail::Message verify_mail(std::string to, std::string_view url, std::string_view token);
mail::Message taken_mail(std::string to, std::string_view url);
mail::Message reset_mail(std::string to, std::string_view url, std::string_view token);
mail::Message password_changed_mail(std::string to);
mail::Message invite_mail(std::string to, std::string_view url, std::string_view token, std::string_view account);

/// A stamp as UTC text; null for 0.
void write_when(JsonWriter& w, std::string_view name, int64_t us);
/// {"user":…,"account":…,"csrf_token"} of a session.
std::string session_json(const identity::Session& s, std::string_view token);

}  // namespace aig::api
