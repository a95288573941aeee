#include "base/time.h"
#include "identity/detail/user_batch.h"

namespace aig::identity {
namespace {
constexpr int64_t max_sessions = 50;
constexpr size_t max_peer = 64, max_agent = 200;

Error no_session() { return Error(ErrorCode::login_required, "There is no such session (any more)."); }

/// Log lines and pages show it; control characters and bytes that are no ASCII stay out.
std::string clipped(std::string_view text, size_t most) {
    std::string out;
    for (const char c : text.substr(0, most)) out += c >= ' ' && c < 0x7f ? c : '?';
    return out;
}
/// The account she looked at last, while she is in it; else the one she joined first.
Result<AccountId> opened_by(store::Db& db, UserId user, const std::vector<Membership>& theirs) {
    if (theirs.empty()) return AccountId{};
    TRY(const auto last, last_account_of(db, user));
    for (const auto& m : theirs)
        if (m.account == last) return last;
    return theirs.front().account;
}
}  // namespace

Result<NewSession> Users::log_in(UserId user, Origin origin, store::Ops with) {
    const int64_t now = now_us();
    NewSession made{random_base62(secret_chars), 0};
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const auto theirs, list_accounts_of(db, user));
            Session s;
            s.user.id = user;
            TRY(s.account, opened_by(db, user, theirs));
            s.created_us = s.seen_us = now;
            s.expires_us = now + session_us;
            s.peer = clipped(origin.peer, max_peer);
            s.agent = clipped(origin.agent, max_agent);
            TRY(made.id, insert_session(db, s, hash_secret(made.token)));
            TRYV(trim_sessions(db, user, max_sessions));
            return mark_login(db, user, now);
        },
        std::move(with))));
    return made;
}

Result<Session> Users::session_in(store::Db& db, std::string_view token, int64_t now) {
    if (token.size() != secret_chars) return no_session();
    TRY(auto s, load_session(db, hash_secret(token)));
    if (!s || s->expires_us <= now || s->seen_us + session_idle_us <= now || s->user.blocked) return no_session();
    return *std::move(s);
}

Result<Session> Users::session(std::string_view token) {
    std::optional<Session> out;
    const int64_t now = now_us();
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, session_in(db, token, now));
        return {};
    }));
    if (stale(*out, now)) touch(out->id, now);
    return *std::move(out);
}

void Users::touch(int64_t id, int64_t now) {
    store_.submit(user_batch([id, now](store::Db& db) { return mark_seen(db, id, now); }, {}), [](const Status&) {});
}

Result<std::vector<Session>> Users::sessions(UserId user) {
    std::vector<Session> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_sessions(db, user, now_us()));
        return {};
    }));
    return out;
}

Status Users::end_session(UserId user, int64_t session_id, store::Ops with) {
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const bool ended, delete_session(db, user, session_id));
            if (ended) return {};
            return Error(ErrorCode::resource_not_found, "There is no such session.").param("session_id");
        },
        std::move(with)));
}

Status Users::end_sessions(UserId user, std::optional<int64_t> keep, store::Ops with) {
    return store_.commit_now(
        user_batch([&](store::Db& db) { return delete_sessions(db, user, keep.value_or(0)); }, std::move(with)));
}

Result<NewSession> Users::enter(const Session& session, AccountId account, store::Ops with) {
    NewSession made{random_base62(secret_chars), session.id};
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const auto role, load_role(db, account, session.user.id));
            if (!role && !session.user.is_operator)
                return Error(ErrorCode::resource_not_found, "There is no account '" + to_text(account) + "' for you.")
                    .param("account_id");
            TRY(const bool moved, move_session(db, session.id, hash_secret(made.token), account));
            if (!moved) return no_session();
            return role ? mark_looked_at(db, session.user.id, account) : Status{};
        },
        std::move(with))));
    return made;
}

}  // namespace aig::identity
