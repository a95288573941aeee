// The tables of users, sessions, mailed tokens and members as functions over one connection. Every value is bound.
#pragma once

#include "identity/users.h"
#include "store/db.h"

namespace aig::identity {

enum class TokenKind : uint8_t { verify, reset, invite };

/// A mailed token as it is written.
struct TokenRow {
    TokenKind kind = TokenKind::verify;
    std::string hash, email;
    UserId user, made_by;
    AccountId account;
    Role role = Role::read_only;
    int64_t created_us = 0, expires_us = 0;
};

struct StoredUser {
    UserRow row;
    std::string password;
};

Result<std::optional<StoredUser>> load_user(store::Db& db, std::string_view email_key);
Result<std::optional<StoredUser>> load_user(store::Db& db, UserId id);
Result<std::vector<UserRow>> list_users(store::Db& db, UserId after, int64_t limit);
Result<UserId> insert_user(store::Db& db, const NewUser& user, int64_t now_us);
/// resource_not_found.
Status save_password(store::Db& db, UserId id, std::string_view hash);
Status mark_verified(store::Db& db, UserId id, int64_t now_us);
Status mark_user(store::Db& db, UserId id, bool blocked);
Status mark_operator(store::Db& db, UserId id, bool is_operator);
Status mark_login(store::Db& db, UserId id, int64_t now_us);
/// The account she looked at last; 0 = none.
Status mark_looked_at(store::Db& db, UserId id, AccountId account);
Result<AccountId> last_account_of(store::Db& db, UserId id);

Result<int64_t> insert_session(store::Db& db, const Session& s, std::string_view hash);
Result<std::optional<Session>> load_session(store::Db& db, std::string_view hash);
Result<std::vector<Session>> list_sessions(store::Db& db, UserId user, int64_t now_us);
Status mark_seen(store::Db& db, int64_t id, int64_t now_us);
/// False when the session is not there.
Result<bool> move_session(store::Db& db, int64_t id, std::string_view hash, AccountId account);
Result<bool> delete_session(store::Db& db, UserId user, int64_t id);
Status delete_sessions(store::Db& db, UserId user, int64_t keep);
Status delete_sessions_in(store::Db& db, UserId user, AccountId account);
/// All but the newest `keep`.
Status trim_sessions(store::Db& db, UserId user, int64_t keep);

Status insert_token(store::Db& db, const TokenRow& row);
/// False when there is no such token that is still good.
Result<bool> use_token(store::Db& db, std::string_view hash, TokenKind kind, int64_t now_us);
Result<std::optional<TokenRow>> load_token(store::Db& db, std::string_view hash, TokenKind kind, int64_t now_us);
/// Takes back what is still out for an address: of one kind, and of all a user's kinds.
Status end_tokens(store::Db& db, std::string_view email_key, TokenKind kind, int64_t now_us);
Status end_user_tokens(store::Db& db, UserId user, int64_t now_us);
Result<std::vector<Invitation>> list_invitations(store::Db& db, AccountId account, int64_t now_us);
Result<bool> end_invitation(store::Db& db, AccountId account, int64_t id, int64_t now_us);
Status end_invitations_of(store::Db& db, AccountId account, std::string_view email_key, int64_t now_us);

Result<std::vector<Membership>> list_members(store::Db& db, AccountId account);
Result<std::vector<Membership>> list_accounts_of(store::Db& db, UserId user);
Result<std::optional<Role>> load_role(store::Db& db, AccountId account, UserId user);
Status insert_member(store::Db& db, AccountId account, UserId user, Role role, int64_t now_us);
Result<bool> save_role(store::Db& db, AccountId account, UserId user, Role role);
Result<bool> delete_member(store::Db& db, AccountId account, UserId user);
Result<int64_t> count_owners(store::Db& db, AccountId account);

Status insert_maker(store::Db& db, KeyId key, UserId user);
Result<UserId> load_maker(store::Db& db, KeyId key);

Status delete_over(store::Db& db, int64_t now_us);

}  // namespace aig::identity
