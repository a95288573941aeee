#include "identity/detail/user_rows.h"
#include "identity/detail/run_query.h"

namespace aig::identity {
namespace {
#define USER_COLUMNS \
    "SELECT id, email, status, is_operator, verified_us, created_us, login_us, password FROM portal_user "
constexpr const char* user_by_key = USER_COLUMNS "WHERE email_key = ?1";
constexpr const char* user_by_id = USER_COLUMNS "WHERE id = ?1";
constexpr const char* users_after = USER_COLUMNS "WHERE id > ?1 ORDER BY id LIMIT ?2";
#undef USER_COLUMNS
constexpr const char* user_insert =
    "INSERT INTO portal_user (email, email_key, password, verified_us, created_us) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* user_password = "UPDATE portal_user SET password = ?1 WHERE id = ?2";
constexpr const char* user_verified = "UPDATE portal_user SET verified_us = ?1 WHERE id = ?2 AND verified_us = 0";
constexpr const char* user_status = "UPDATE portal_user SET status = ?1 WHERE id = ?2";
constexpr const char* user_operator = "UPDATE portal_user SET is_operator = ?1 WHERE id = ?2";
constexpr const char* user_login = "UPDATE portal_user SET login_us = ?1 WHERE id = ?2";
constexpr const char* user_looked_at = "UPDATE portal_user SET last_account_id = ?1 WHERE id = ?2";
constexpr const char* user_last_account = "SELECT last_account_id FROM portal_user WHERE id = ?1";

#define MEMBER_COLUMNS                                                                         \
    "SELECT m.account_id, a.name, m.user_id, u.email, m.role, m.created_us FROM membership m " \
    "JOIN account a ON a.id = m.account_id JOIN portal_user u ON u.id = m.user_id "
constexpr const char* members_of = MEMBER_COLUMNS "WHERE m.account_id = ?1 ORDER BY m.user_id LIMIT 1000";
constexpr const char* memberships_of =
    MEMBER_COLUMNS "WHERE m.user_id = ?1 ORDER BY m.created_us, m.account_id LIMIT 1000";
#undef MEMBER_COLUMNS
constexpr const char* member_role = "SELECT role FROM membership WHERE account_id = ?1 AND user_id = ?2";
constexpr const char* member_insert =
    "INSERT INTO membership (account_id, user_id, role, created_us) VALUES (?1, ?2, ?3, ?4)";
constexpr const char* member_save = "UPDATE membership SET role = ?1 WHERE account_id = ?2 AND user_id = ?3";
constexpr const char* member_delete = "DELETE FROM membership WHERE account_id = ?1 AND user_id = ?2";
constexpr const char* owners_count = "SELECT COUNT(*) FROM membership WHERE account_id = ?1 AND role = 'owner'";

constexpr const char* maker_insert = "INSERT INTO key_maker (key_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
constexpr const char* maker_by_key = "SELECT user_id FROM key_maker WHERE key_id = ?1";

Error no_user(UserId id) {
    return Error(ErrorCode::resource_not_found, "There is no user '" + to_text(id) + "'.").param("user_id");
}

UserRow user_row(const store::Query& q) {
    return {UserId{q.integer(0)}, std::string(q.text(1)), q.text(2) != "active", q.integer(3) != 0,
            q.integer(4),         q.integer(5),           q.integer(6)};
}

Result<std::optional<StoredUser>> one_user(store::Query q) {
    TRY(const bool row, q.step());
    if (!row) return std::optional<StoredUser>();
    return std::optional<StoredUser>(StoredUser{user_row(q), std::string(q.text(7))});
}

Membership membership_row(const store::Query& q) {
    return {AccountId{q.integer(0)},
            std::string(q.text(1)),
            UserId{q.integer(2)},
            std::string(q.text(3)),
            role_named(q.text(4)).value_or(Role::read_only),
            q.integer(5)};
}

Status changed_user(store::Query& q, UserId id) {
    TRY(const int64_t rows, q.run());
    if (rows == 0) return no_user(id);
    return {};
}

}  // namespace

Result<std::optional<StoredUser>> load_user(store::Db& db, std::string_view key) {
    auto q = db.query(user_by_key);
    q.bind(key);
    return one_user(std::move(q));
}

Result<std::optional<StoredUser>> load_user(store::Db& db, UserId id) {
    auto q = db.query(user_by_id);
    q.bind(id.value);
    return one_user(std::move(q));
}

Result<std::vector<UserRow>> list_users(store::Db& db, UserId after, int64_t limit) {
    auto q = db.query(users_after);
    q.bind(after.value).bind(limit);
    return all_rows<UserRow>(std::move(q), user_row);
}

Result<UserId> insert_user(store::Db& db, const NewUser& user, int64_t now_us) {
    const auto key = email_key(user.email);
    auto q = db.query(user_insert);
    q.bind(std::string_view(user.email)).bind(std::string_view(key)).bind(std::string_view(user.password_hash));
    q.bind(user.verified ? now_us : 0).bind(now_us);
    TRYV(q.run());
    return UserId{db.last_id()};
}

Status save_password(store::Db& db, UserId id, std::string_view hash) {
    auto q = db.query(user_password);
    q.bind(hash).bind(id.value);
    return changed_user(q, id);
}

Status mark_verified(store::Db& db, UserId id, int64_t now_us) {
    auto q = db.query(user_verified);
    q.bind(now_us).bind(id.value);
    return done(q);
}

Status mark_user(store::Db& db, UserId id, bool blocked) {
    auto q = db.query(user_status);
    q.bind(blocked ? "blocked" : "active").bind(id.value);
    return changed_user(q, id);
}

Status mark_operator(store::Db& db, UserId id, bool is_operator) {
    auto q = db.query(user_operator);
    q.bind(int64_t{is_operator}).bind(id.value);
    return changed_user(q, id);
}

Status mark_login(store::Db& db, UserId id, int64_t now_us) {
    auto q = db.query(user_login);
    q.bind(now_us).bind(id.value);
    return done(q);
}

Result<std::vector<Membership>> list_members(store::Db& db, AccountId account) {
    auto q = db.query(members_of);
    q.bind(account.value);
    return all_rows<Membership>(std::move(q), membership_row);
}

Status mark_looked_at(store::Db& db, UserId id, AccountId account) {
    auto q = db.query(user_looked_at);
    q.bind(account.value).bind(id.value);
    return done(q);
}

Result<AccountId> last_account_of(store::Db& db, UserId id) {
    auto q = db.query(user_last_account);
    q.bind(id.value);
    TRY(const bool row, q.step());
    return AccountId{row ? q.integer(0) : 0};
}

Result<std::vector<Membership>> list_accounts_of(store::Db& db, UserId user) {
    auto q = db.query(memberships_of);
    q.bind(user.value);
    return all_rows<Membership>(std::move(q), membership_row);
}

Result<std::optional<Role>> load_role(store::Db& db, AccountId account, UserId user) {
    auto q = db.query(member_role);
    q.bind(account.value).bind(user.value);
    TRY(const bool row, q.step());
    if (!row) return std::optional<Role>();
    return role_named(q.text(0));
}

Status insert_member(store::Db& db, AccountId account, UserId user, Role role, int64_t now_us) {
    auto q = db.query(member_insert);
    q.bind(account.value).bind(user.value).bind(role_name(role)).bind(now_us);
    return done(q);
}

Result<bool> save_role(store::Db& db, AccountId account, UserId user, Role role) {
    auto q = db.query(member_save);
    q.bind(role_name(role)).bind(account.value).bind(user.value);
    return changed(q);
}

Result<bool> delete_member(store::Db& db, AccountId account, UserId user) {
    auto q = db.query(member_delete);
    q.bind(account.value).bind(user.value);
    return changed(q);
}

Result<int64_t> count_owners(store::Db& db, AccountId account) {
    auto q = db.query(owners_count);
    q.bind(account.value);
    TRYV(q.step());
    return q.integer(0);
}

Status insert_maker(store::Db& db, KeyId key, UserId user) {
    auto q = db.query(maker_insert);
    q.bind(key.value).bind(user.value);
    return done(q);
}

Result<UserId> load_maker(store::Db& db, KeyId key) {
    auto q = db.query(maker_by_key);
    q.bind(key.value);
    TRY(const bool row, q.step());
    return row ? UserId{q.integer(0)} : UserId{};
}

}  // namespace aig::identity
