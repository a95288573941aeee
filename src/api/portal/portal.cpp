#include "api/portal/portal.h"

#include <fmt/format.h>

#include <cstring>

#include "api/idempotent.h"
#include "api/portal/detail/call.h"
#include "api/portal/detail/door.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "identity/password.h"
#include "records/idempotency.h"

namespace aig::api {
namespace {
constexpr size_t max_body = 64 << 10;
constexpr int64_t day_us = 86'400ll * 1'000'000;

constexpr const char* trial_given = "SELECT COUNT(*) FROM trial WHERE email_hash = ?1";
constexpr const char* trial_insert =
    "INSERT INTO trial (email_hash, account_id, at_us) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

/// One mailbox, however it is spelt: small letters, nothing from '+' on.
std::string mailbox(std::string_view email) {
    auto key = identity::email_key(email);
    const auto at = key.rfind('@'), plus = key.find('+');
    if (plus != std::string::npos && plus < at) key.erase(plus, at - plus);
    return key;
}

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char b : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(b));
    return out;
}

/// The pool's thread may outlive the task when the loops end first: what it touches is its own.
struct Work {
    Call call;
    PortalHandler handler;
    std::optional<Result<PortalReply>> reply{};
};

std::shared_ptr<Work> work_for(Request& request, PortalHandler handler, std::string body) {
    const auto& head = request.http.head();
    auto& portal = *request.services.portal;
    return std::make_shared<Work>(
        Work{Call{portal, std::move(body), std::string(head.query), request.arg,
                  request.client.empty() ? request.http.peer() : request.client,
                  std::string(head.headers.get("user-agent")), request.request_id, request.session,
                  session_cookie(request), secure_cookies(portal.options(), head.headers.get("host")), request.once,
                  request.http.peer_is_loopback() && (request.client.empty() || request.client == request.http.peer())},
             handler});
}

rt::Task<Status> send(Request& request, PortalReply reply) {
    net::Headers h;
    if (!reply.json.empty()) h.add("content-type", reply.type.empty() ? "application/json" : reply.type);
    if (!reply.file.empty()) h.add("content-disposition", fmt::format("attachment; filename=\"{}\"", reply.file));
    if (!reply.cookie.empty()) h.add("set-cookie", reply.cookie);
    add_common_headers(h, request);
    request.status = reply.status;
    net::Pieces pieces;
    if (!reply.json.empty()) pieces.push_back(reply.json);
    auto sent = co_await request.http.respond(reply.status, std::move(h), std::move(pieces));
    co_return sent;
}
}  // namespace

Portal::Portal(PortalServices services, PortalOptions options)
    : services_(services),
      options_(std::move(options)),
      users_(*services.store, *services.directory),
      salt_(random_bytes(32)) {}

Result<limits::Ticket> Portal::attempt(std::string_view kind, std::string_view who, int64_t per_minute) {
    const auto digest = records::digest({salt_, kind, who});
    int64_t key = 0;
    std::memcpy(&key, digest.data(), sizeof key);
    auto ticket = limiter_.admit(KeyId{key}, {.rpm = per_minute, .tpm = {}, .concurrency = {}}, 0, mono_ns());
    if (ticket) return ticket;
    return Error(ErrorCode::rate_limited, "Too many attempts.")
        .reason("attempts")
        .retry_after_ms(std::max<int64_t>(ticket.error().retry_after_ms(), 1000));
}

void Portal::sweep() {
    const int64_t now = mono_ms();
    int64_t before = swept_ms_.load();
    if (before && now - before < 3'600'000) return;
    if (!swept_ms_.compare_exchange_strong(before, now)) return;
    if (auto done = users_.sweep(); !done) log::warn("portal_sweep_failed", {{"message", done.error().message()}});
}

Status Portal::give_trial(std::string_view email, AccountId account) {
    if (options_.trial_nanos <= 0 || !account) return {};
    std::lock_guard lock(trial_);
    const auto hash = hex(records::digest({mailbox(email)}));
    int64_t given = 0;
    TRYV(services_.store->read_now([&](store::Db& db) -> Status {
        auto q = db.query(trial_given);
        q.bind(std::string_view(hash));
        TRYV(q.step());
        given = q.integer(0);
        return {};
    }));
    if (given) return {};
    const int64_t now = now_us();
    // The credit's ref books once: a crash before the row only repeats it.
    TRYV(services_.book->grant_now(account, options_.trial_nanos, now + options_.trial_days * day_us, "trial",
                                   "trial credit"));
    store::Batch b;
    b.ops.push_back(store::op([&](store::Db& db) -> Status {
        auto q = db.query(trial_insert);
        q.bind(std::string_view(hash)).bind(account.value).bind(now);
        TRYV(q.run());
        return {};
    }));
    return services_.store->commit_now(std::move(b));
}

rt::Task<Status> answer_portal(Request& request, PortalHandler handler, Lane lane) {
    if (!request.session) CO_TRYV(own_page(request));
    CO_TRY(auto body, co_await take_body(request, max_body));
    auto work = work_for(request, handler, std::move(body.bytes));
    std::function<void()> run = [work] { work->reply = work->handler(work->call); };
    if (lane == Lane::hashing) {
        const auto ran = co_await request.services.portal->hashers().run(std::move(run));
        if (!ran) co_return Error(ErrorCode::rate_limited, "Too many log-ins at once.").retry_after_ms(1000);
    } else {
        CO_TRYV(co_await rt::blocking(std::move(run)));
    }
    CO_TRY(auto reply, *std::move(work->reply));
    auto sent = co_await send(request, std::move(reply));
    co_return sent;
}

store::Ops Call::audited_as(UserId who, AccountId of, std::string action, std::string object,
                            std::string_view detail) const {
    store::Ops ops;
    ops.push_back(records::audit(records::AuditEntry{to_text(who), std::move(action), std::move(object), of,
                                                     "{" + std::string(detail) + "}", peer}));
    return ops;
}

Result<limits::Ticket> Call::peer_attempt(std::string_view kind, int64_t per_minute) {
    if (local) return limits::Ticket();
    return portal.attempt(kind, peer, per_minute);
}

store::Ops Call::audited(std::string action, std::string object, std::string_view detail) const {
    return audited_as(user().id, account(), std::move(action), std::move(object), detail);
}

store::Ops Call::kept(int status, std::string_view json) const {
    return once ? keep_reply(*once, request_id, status, json) : store::Ops();
}

store::Ops Call::kept(int status, std::function<std::string()> json) const {
    store::Ops ops;
    if (!once) return ops;
    once->kept = true;
    ops.push_back(store::op([claim = once->claim, id = request_id, status, json = std::move(json)](store::Db& db) {
        return claim->keep(db, {status, id, "content-type: application/json\nx-aig-request-id: " + id + "\n", json()});
    }));
    return ops;
}

std::string Call::cookie(std::string_view session_token) const {
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}; Max-Age={}", secure ? "__Host-sid" : "sid",
                       session_token, secure ? "; Secure" : "",
                       session_token.empty() ? 0 : identity::session_us / 1'000'000);
}

Status Call::stepped_up(const Body& body_) {
    TRY(const auto password, body_.text("password", "", 1'024));
    TRY(auto ticket, portal.attempt("login", identity::email_key(user().email), portal.options().failures_per_account));
    TRY(const auto hash, portal.users().password_hash(user().email));
    if (!identity::password_matches(hash, password))
        return Error(ErrorCode::login_failed, "The password is wrong.").param("password");
    ticket.refund();
    return {};
}

store::Ops mailed(mail::Message message) {
    store::Ops ops;
    auto op = mail::post(std::move(message));
    if (op)
        ops.push_back(*std::move(op));
    else
        ops.push_back(store::op([e = std::move(op).error()](store::Db&) -> Status { return e; }));
    return ops;
}

void write_when(JsonWriter& w, std::string_view name, int64_t us) {
    us ? w.field(name, iso_utc(us)) : w.field_null(name);
}

std::string session_json(const identity::Session& s, std::string_view token) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("user").begin_object();
    w.field("id", to_text(s.user.id)).field("email", s.user.email).field("verified", s.user.verified_us != 0);
    w.field("operator", s.user.is_operator).end_object();
    s.account ? w.field("account_id", to_text(s.account)) : w.field_null("account_id");
    s.account ? w.field("role", identity::role_name(s.role)) : w.field_null("role");
    w.field("csrf_token", identity::csrf_token(token));
    write_when(w, "created_at", s.created_us);
    write_when(w, "expires_at", s.expires_us);
    w.end_object();
    return out;
}

}  // namespace aig::api
