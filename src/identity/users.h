// The people behind accounts: users, what they may do in which account, their sessions, the tokens that are mailed to
// them. An e-mail address is one user, whatever its letters' case. Passwords come in as finished hashes
// (identity/password.h); session and mail tokens are made here, given out once and kept as SHA-256. Sessions end 12
// hours after their last request and 7 days after the login, at a logout, at a new password, when the user or the
// account is blocked. Everything here blocks on the database: never on a loop. Every write is one batch with whatever
// else the caller gives (`with`: an audit row, a mail).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace aig::identity {

class Directory;

/// In the order of what they may do.
enum class Role : uint8_t { read_only, member, admin, owner };
std::string_view role_name(Role role);
std::optional<Role> role_named(std::string_view name);

struct UserRow {
    UserId id;
    std::string email;
    bool blocked = false, is_operator = false;
    int64_t verified_us = 0;  ///< 0 = the address is not confirmed
    int64_t created_us = 0, login_us = 0;
};
struct Membership {
    AccountId account;
    std::string account_name;
    UserId user;
    std::string email;
    Role role = Role::read_only;
    int64_t created_us = 0;
};

/// One login, looking at one account. An operator may look at any account, as read_only where she is no member.
struct Session {
    int64_t id = 0;
    UserRow user;
    AccountId account;  ///< 0 = the user is in no account (any more)
    Role role = Role::read_only;
    bool account_blocked = false;
    int64_t created_us = 0, seen_us = 0, expires_us = 0;
    std::string peer, agent;
};
/// What is kept of where a session came from.
struct Origin {
    std::string peer, agent;
};

/// The login's secret. Shown once, as a cookie.
struct NewSession {
    std::string token;
    int64_t id = 0;
};

struct Invitation {
    int64_t id = 0;
    AccountId account;
    std::string email;
    Role role = Role::read_only;
    int64_t created_us = 0, expires_us = 0;
};

struct NewUser {
    std::string email, password_hash;
    std::string account_name;  ///< "" = the address before its @
    bool verified = false;     ///< nobody has to confirm it
};

constexpr int64_t session_idle_us = 12ll * 3600 * 1'000'000, session_us = 7ll * 86'400 * 1'000'000;
constexpr int64_t verify_token_us = 2ll * 86'400 * 1'000'000, reset_token_us = 3600ll * 1'000'000,
                  invite_token_us = 7ll * 86'400 * 1'000'000;

/// bad_param when it is no address we could send a mail to: one @, a dot-atom before it, a host name behind it.
Status valid_email(std::string_view email);
/// Twelve characters to 1,024 bytes of UTF-8.
Status valid_password(std::string_view password);
/// What two spellings of one address have in common.
std::string email_key(std::string_view email);

class Users {
  public:
    Users(store::Store& store, Directory& directory) : store_(store), directory_(directory) {}

    /// An account, whatever `account_ops` makes for it (its wallet), and its owner: one batch. conflict when the
    /// address is taken by a user who confirmed it; one who never did is replaced, with her account as it is, and her
    /// sessions and tokens end: whoever wrote the address first does not keep a door to it.
    struct SignedUp {
        UserId user;
        AccountId account;
        bool again = false;  ///< took the place of an unconfirmed sign-up
    };
    Result<SignedUp> sign_up(NewUser user, const std::function<store::Ops(AccountId)>& account_ops, store::Ops with);
    /// A user for an account that exists (operator's command). conflict when the address is taken.
    Result<UserId> add_user(NewUser user, std::optional<AccountId> account, Role role, store::Ops with);

    Result<std::optional<UserRow>> find(std::string_view email);
    Result<UserRow> user(UserId id);  ///< resource_not_found
    /// In the order of their ids, from behind `after`.
    Result<std::vector<UserRow>> users(UserId after, int64_t limit);
    /// The stored hash of a user who may log in; "" for all others.
    Result<std::string> password_hash(std::string_view email);
    /// Ends all her sessions but `keep`, and all tokens that are still out.
    Status set_password(UserId user, std::string hash, std::optional<int64_t> keep_session, store::Ops with);
    /// The same password under newer parameters; ends nothing.
    Status rehash(UserId user, std::string hash);
    Status block(UserId user, bool blocked, store::Ops with);
    Status set_operator(UserId user, bool is_operator, store::Ops with);

    // ---- sessions
    /// In the account she looked at last, else the one she joined first; login_us is stamped.
    Result<NewSession> log_in(UserId user, Origin origin, store::Ops with);
    /// login_required when there is none (any more). Stamps its use at most every five minutes.
    Result<Session> session(std::string_view token);
    /// The same on a reader that is at hand.
    static Result<Session> session_in(store::Db& db, std::string_view token, int64_t now_us);
    /// Whether its use should be stamped, and stamping it (does not wait).
    static bool stale(const Session& s, int64_t now_us) { return now_us - s.seen_us > 300ll * 1'000'000; }
    void touch(int64_t session_id, int64_t now_us);
    Result<std::vector<Session>> sessions(UserId user);
    /// resource_not_found unless it is hers.
    Status end_session(UserId user, int64_t session_id, store::Ops with);
    Status end_sessions(UserId user, std::optional<int64_t> keep, store::Ops with);
    /// Looks at another of her accounts: the session's token is replaced. resource_not_found when she may not.
    Result<NewSession> enter(const Session& session, AccountId account, store::Ops with);

    // ---- tokens that are mailed
    /// Each takes back the ones of its kind that are still out. The text is in the mail and nowhere else.
    Result<std::string> verify_token(UserId user, const std::function<store::Ops(const std::string&)>& with);
    Result<std::string> reset_token(UserId user, const std::function<store::Ops(const std::string&)>& with);
    /// gone when it was used, taken back or is too old: in one batch with what it is for.
    Result<UserRow> verify(std::string_view token, store::Ops with);
    Result<UserRow> reset(std::string_view token, std::string password_hash, store::Ops with);

    // ---- members
    Result<std::vector<Membership>> members(AccountId account);
    Result<std::vector<Membership>> accounts(UserId user);
    /// conflict when she is a member already, or 100 invitations are out.
    Result<Invitation> invite(AccountId account, std::string email, Role role, UserId by,
                              const std::function<store::Ops(const std::string&)>& with);
    Result<std::vector<Invitation>> invitations(AccountId account);
    Status take_back(AccountId account, int64_t invitation, store::Ops with);
    Result<Invitation> invitation(std::string_view token);  ///< gone
    /// By its token, for the user of that address: an existing one joins (`password_hash` is not looked at), a new one
    /// is made with that password; the address counts as confirmed, for the token was mailed to it.
    Result<UserRow> join(std::string_view token, std::string password_hash, store::Ops with);
    /// conflict when the account would be left without an owner. Ends the sessions in that account (privilege change).
    Status set_role(AccountId account, UserId user, Role role, store::Ops with);
    Status remove(AccountId account, UserId user, store::Ops with);

    // ---- keys
    /// For Directory::create_key's extra: `key` is read when the op is applied.
    static std::unique_ptr<store::Op> made_key(const KeyId& key, UserId user);
    Result<UserId> key_maker(KeyId key);  ///< 0 = not made in the portal

    /// Forgets sessions and tokens that are over.
    Status sweep();

  private:
    store::Store& store_;
    Directory& directory_;
};

/// The session's CSRF token: an HMAC under the session's own secret, so that it needs nothing stored and dies with it.
std::string csrf_token(std::string_view session_token);

}  // namespace aig::identity
