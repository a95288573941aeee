#include "identity/detail/run_query.h"
#include "identity/detail/user_rows.h"

namespace aig::identity {
namespace {
constexpr const char* session_insert =
    "INSERT INTO portal_session (hash, user_id, account_id, created_us, seen_us, expires_us, peer, agent) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
#define SESSION_COLUMNS                                                                                       \
    "SELECT s.id, s.user_id, s.account_id, s.created_us, s.seen_us, s.expires_us, s.peer, s.agent, u.email, " \
    "u.status, u.is_operator, u.verified_us, u.created_us, u.login_us, COALESCE(m.role, ''), "                \
    "COALESCE(a.status, '') FROM portal_session s JOIN portal_user u ON u.id = s.user_id "                    \
    "LEFT JOIN membership m ON m.account_id = s.account_id AND m.user_id = s.user_id "                        \
    "LEFT JOIN account a ON a.id = s.account_id "
constexpr const char* session_by_hash = SESSION_COLUMNS "WHERE s.hash = ?1";
constexpr const char* sessions_of =
    SESSION_COLUMNS "WHERE s.user_id = ?1 AND s.expires_us > ?2 AND s.seen_us > ?3 ORDER BY s.id";
#undef SESSION_COLUMNS
constexpr const char* session_seen = "UPDATE portal_session SET seen_us = ?1 WHERE id = ?2 AND seen_us < ?1";
constexpr const char* session_move = "UPDATE portal_session SET hash = ?1, account_id = ?2 WHERE id = ?3";
constexpr const char* session_end = "DELETE FROM portal_session WHERE user_id = ?1 AND id = ?2";
constexpr const char* sessions_end = "DELETE FROM portal_session WHERE user_id = ?1 AND id <> ?2";
constexpr const char* sessions_end_in = "DELETE FROM portal_session WHERE user_id = ?1 AND account_id = ?2";
constexpr const char* sessions_trim =
    "DELETE FROM portal_session WHERE user_id = ?1 AND id NOT IN "
    "(SELECT id FROM portal_session WHERE user_id = ?1 ORDER BY id DESC LIMIT ?2)";

constexpr const char* token_insert =
    "INSERT INTO mail_token (hash, kind, email_key, email, user_id, account_id, role, made_by, created_us, expires_us) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
constexpr const char* token_use =
    "UPDATE mail_token SET used_us = ?1 WHERE hash = ?2 AND kind = ?3 AND used_us = 0 AND expires_us > ?1";
constexpr const char* token_by_hash =
    "SELECT email, user_id, account_id, role, made_by, created_us, expires_us FROM mail_token "
    "WHERE hash = ?1 AND kind = ?2 AND used_us = 0 AND expires_us > ?3";
constexpr const char* tokens_end =
    "UPDATE mail_token SET used_us = ?1 WHERE email_key = ?2 AND kind = ?3 AND used_us = 0";
constexpr const char* tokens_end_user = "UPDATE mail_token SET used_us = ?1 WHERE user_id = ?2 AND used_us = 0";
constexpr const char* invitations_of =
    "SELECT id, email, role, created_us, expires_us FROM mail_token "
    "WHERE account_id = ?1 AND kind = 'invite' AND used_us = 0 AND expires_us > ?2 ORDER BY id LIMIT 1000";
constexpr const char* invitation_end =
    "UPDATE mail_token SET used_us = ?1 WHERE account_id = ?2 AND id = ?3 AND kind = 'invite' AND used_us = 0";
constexpr const char* invitations_end =
    "UPDATE mail_token SET used_us = ?1 WHERE account_id = ?2 AND email_key = ?3 AND kind = 'invite' AND used_us = 0";

constexpr const char* sessions_over = "DELETE FROM portal_session WHERE expires_us <= ?1";
constexpr const char* tokens_over = "DELETE FROM mail_token WHERE expires_us <= ?1";

constexpr std::string_view kinds[] = {"verify", "reset", "invite"};
std::string_view kind_name(TokenKind kind) { return kinds[static_cast<size_t>(kind)]; }

/// An operator is read_only where she is no member; nobody else is anything there.
Session session_row(const store::Query& q) {
    Session s;
    s.id = q.integer(0);
    s.account = AccountId{q.integer(2)};
    s.created_us = q.integer(3);
    s.seen_us = q.integer(4);
    s.expires_us = q.integer(5);
    s.peer = q.text(6);
    s.agent = q.text(7);
    s.user = {UserId{q.integer(1)}, std::string(q.text(8)), q.text(9) != "active", q.integer(10) != 0,
              q.integer(11),        q.integer(12),          q.integer(13)};
    s.account_blocked = q.text(15) != "active";
    const auto role = role_named(q.text(14));
    if (!role && !s.user.is_operator) s.account = {};
    s.role = role.value_or(Role::read_only);
    return s;
}

}  // namespace

Result<int64_t> insert_session(store::Db& db, const Session& s, std::string_view hash) {
    auto q = db.query(session_insert);
    q.bind(hash).bind(s.user.id.value).bind(s.account.value).bind(s.created_us).bind(s.seen_us).bind(s.expires_us);
    q.bind(std::string_view(s.peer)).bind(std::string_view(s.agent));
    TRYV(q.run());
    return db.last_id();
}

Result<std::optional<Session>> load_session(store::Db& db, std::string_view hash) {
    auto q = db.query(session_by_hash);
    q.bind(hash);
    TRY(const bool row, q.step());
    if (!row) return std::optional<Session>();
    return std::optional<Session>(session_row(q));
}

Result<std::vector<Session>> list_sessions(store::Db& db, UserId user, int64_t now_us) {
    auto q = db.query(sessions_of);
    q.bind(user.value).bind(now_us).bind(now_us - session_idle_us);
    return all_rows<Session>(std::move(q), session_row);
}

Status mark_seen(store::Db& db, int64_t id, int64_t now_us) {
    auto q = db.query(session_seen);
    q.bind(now_us).bind(id);
    return done(q);
}

Result<bool> move_session(store::Db& db, int64_t id, std::string_view hash, AccountId account) {
    auto q = db.query(session_move);
    q.bind(hash).bind(account.value).bind(id);
    return changed(q);
}

Result<bool> delete_session(store::Db& db, UserId user, int64_t id) {
    auto q = db.query(session_end);
    q.bind(user.value).bind(id);
    return changed(q);
}

Status delete_sessions(store::Db& db, UserId user, int64_t keep) {
    auto q = db.query(sessions_end);
    q.bind(user.value).bind(keep);
    return done(q);
}

Status delete_sessions_in(store::Db& db, UserId user, AccountId account) {
    auto q = db.query(sessions_end_in);
    q.bind(user.value).bind(account.value);
    return done(q);
}

Status trim_sessions(store::Db& db, UserId user, int64_t keep) {
    auto q = db.query(sessions_trim);
    q.bind(user.value).bind(keep);
    return done(q);
}

Status insert_token(store::Db& db, const TokenRow& row) {
    const auto key = email_key(row.email);
    auto q = db.query(token_insert);
    q.bind(std::string_view(row.hash)).bind(kind_name(row.kind)).bind(std::string_view(key));
    q.bind(std::string_view(row.email)).bind(row.user.value).bind(row.account.value);
    q.bind(row.kind == TokenKind::invite ? role_name(row.role) : "").bind(row.made_by.value);
    q.bind(row.created_us).bind(row.expires_us);
    return done(q);
}

Result<bool> use_token(store::Db& db, std::string_view hash, TokenKind kind, int64_t now_us) {
    auto q = db.query(token_use);
    q.bind(now_us).bind(hash).bind(kind_name(kind));
    return changed(q);
}

Result<std::optional<TokenRow>> load_token(store::Db& db, std::string_view hash, TokenKind kind, int64_t now_us) {
    auto q = db.query(token_by_hash);
    q.bind(hash).bind(kind_name(kind)).bind(now_us);
    TRY(const bool found, q.step());
    if (!found) return std::optional<TokenRow>();
    TokenRow row;
    row.kind = kind;
    row.hash = hash;
    row.email = q.text(0);
    row.user = UserId{q.integer(1)};
    row.account = AccountId{q.integer(2)};
    row.role = role_named(q.text(3)).value_or(Role::read_only);
    row.made_by = UserId{q.integer(4)};
    row.created_us = q.integer(5);
    row.expires_us = q.integer(6);
    return std::optional<TokenRow>(std::move(row));
}

Status end_tokens(store::Db& db, std::string_view key, TokenKind kind, int64_t now_us) {
    auto q = db.query(tokens_end);
    q.bind(now_us).bind(key).bind(kind_name(kind));
    return done(q);
}

Status end_user_tokens(store::Db& db, UserId user, int64_t now_us) {
    auto q = db.query(tokens_end_user);
    q.bind(now_us).bind(user.value);
    return done(q);
}

Result<std::vector<Invitation>> list_invitations(store::Db& db, AccountId account, int64_t now_us) {
    auto q = db.query(invitations_of);
    q.bind(account.value).bind(now_us);
    TRY(auto rows, all_rows<Invitation>(std::move(q), [](const store::Query& r) {
            return Invitation{r.integer(0),           {},
                              std::string(r.text(1)), role_named(r.text(2)).value_or(Role::read_only),
                              r.integer(3),           r.integer(4)};
        }));
    for (auto& row : rows) row.account = account;
    return rows;
}

Result<bool> end_invitation(store::Db& db, AccountId account, int64_t id, int64_t now_us) {
    auto q = db.query(invitation_end);
    q.bind(now_us).bind(account.value).bind(id);
    return changed(q);
}

Status end_invitations_of(store::Db& db, AccountId account, std::string_view key, int64_t now_us) {
    auto q = db.query(invitations_end);
    q.bind(now_us).bind(account.value).bind(key);
    return done(q);
}

Status delete_over(store::Db& db, int64_t now_us) {
    auto sessions = db.query(sessions_over);
    sessions.bind(now_us);
    TRYV(sessions.run());
    auto tokens = db.query(tokens_over);
    tokens.bind(now_us);
    return done(tokens);
}

}  // namespace aig::identity
