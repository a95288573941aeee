#include "identity/users.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/time.h"
#include "identity/detail/user_batch.h"
#include "identity/identity.h"

namespace aig::identity {
namespace {
constexpr std::string_view role_names[] = {"read_only", "member", "admin", "owner"};
constexpr size_t max_local = 64, max_email = 254, max_label = 63, least_password = 12, max_password = 1'024;
constexpr int64_t max_listed = 10'000;

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool alphanumeric(char c) { return (small(c) >= 'a' && small(c) <= 'z') || (c >= '0' && c <= '9'); }

/// Atoms with single dots between them.
bool dot_atom(std::string_view s) {
    if (s.empty() || s.size() > max_local || s.front() == '.' || s.back() == '.') return false;
    if (s.find("..") != std::string_view::npos) return false;
    return std::all_of(s.begin(), s.end(), [](char c) {
        return alphanumeric(c) || std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) != std::string_view::npos;
    });
}

bool host_name(std::string_view s) {
    if (s.empty()) return false;
    while (true) {
        const auto dot = s.find('.');
        const auto label = s.substr(0, dot);
        if (label.empty() || label.size() > max_label || label.front() == '-' || label.back() == '-') return false;
        if (!std::all_of(label.begin(), label.end(), [](char c) { return alphanumeric(c) || c == '-'; })) return false;
        if (dot == std::string_view::npos) return true;
        s.remove_prefix(dot + 1);
    }
}

Error taken() {
    return Error(ErrorCode::conflict, "There is a user with this e-mail address already.")
        .param("email")
        .reason("email_taken");
}

/// The row a sign-up leaves: a new user, or the unconfirmed one with a new password and nothing of the old one's left.
Result<UserId> put_user(store::Db& db, const NewUser& user, AccountId account, int64_t now) {
    TRY(const UserId id, insert_user(db, user, now));
    TRYV(insert_member(db, account, id, Role::owner, now));
    return id;
}
Status replace_password(store::Db& db, UserId id, std::string_view hash, int64_t now) {
    TRYV(save_password(db, id, hash));
    TRYV(delete_sessions(db, id, 0));
    return end_user_tokens(db, id, now);
}
}  // namespace

std::string_view role_name(Role role) { return role_names[static_cast<size_t>(role)]; }
std::optional<Role> role_named(std::string_view name) {
    for (size_t i = 0; i < std::size(role_names); ++i)
        if (role_names[i] == name) return static_cast<Role>(i);
    return {};
}

Status valid_email(std::string_view email) {
    const auto at = email.rfind('@');
    const bool good = email.size() <= max_email && at != std::string_view::npos && dot_atom(email.substr(0, at)) &&
                      host_name(email.substr(at + 1));
    if (good) return {};
    return Error(ErrorCode::bad_param, "'email' must be an e-mail address such as name@example.com.").param("email");
}

Status valid_password(std::string_view password) {
    const auto letters = std::count_if(password.begin(), password.end(),
                                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    if (password.size() <= max_password && letters >= static_cast<std::ptrdiff_t>(least_password)) return {};
    return Error(ErrorCode::bad_param, "'password' must have at least 12 characters and at most 1,024 bytes.")
        .param("password");
}

std::string email_key(std::string_view email) {
    std::string key(email);
    std::transform(key.begin(), key.end(), key.begin(), small);
    return key;
}

std::string csrf_token(std::string_view session_token) {
    static constexpr std::string_view purpose = "aig portal csrf";
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), session_token.data(), static_cast<int>(session_token.size()),
         reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), mac, &size);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += "0123456789abcdef"[mac[i] >> 4];
        hex += "0123456789abcdef"[mac[i] & 15];
    }
    return hex;
}

Result<Users::SignedUp> Users::sign_up(NewUser user, const std::function<store::Ops(AccountId)>& account_ops,
                                       store::Ops with) {
    TRYV(valid_email(user.email));
    const int64_t now = now_us();
    TRY(const auto before, find(user.email));
    if (before && (before->verified_us || user.verified)) return taken();
    if (before) {
        const auto id = before->id;
        TRYV(store_.commit_now(user_batch(
            [&](store::Db& db) -> Status {
                TRY(const auto still, load_user(db, id));
                if (!still || still->row.verified_us) return taken();
                return replace_password(db, id, user.password_hash, now);
            },
            std::move(with))));
        TRY(const auto theirs, accounts(id));
        return SignedUp{id, theirs.empty() ? AccountId{} : theirs.front().account, true};
    }
    SignedUp out;
    const auto name = user.account_name.empty() ? user.email.substr(0, user.email.find('@')) : user.account_name;
    TRY(out.account, directory_.create_account(name, user.email, [&](AccountId account) {
        auto ops = account_ops ? account_ops(account) : store::Ops();
        ops.push_back(store::op([&, account](store::Db& db) -> Status {
            TRY(out.user, put_user(db, user, account, now));
            return {};
        }));
        for (auto& op : with) ops.push_back(std::move(op));
        return ops;
    }));
    return out;
}

Result<UserId> Users::add_user(NewUser user, std::optional<AccountId> account, Role role, store::Ops with) {
    TRYV(valid_email(user.email));
    const int64_t now = now_us();
    TRY(const auto before, find(user.email));
    if (before) return taken();
    if (account) TRYV(directory_.account(*account));
    UserId id;
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(id, insert_user(db, user, now));
            if (account) TRYV(insert_member(db, *account, id, role, now));
            return {};
        },
        std::move(with))));
    return id;
}

Result<std::optional<UserRow>> Users::find(std::string_view email) {
    std::optional<UserRow> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(const auto stored, load_user(db, email_key(email)));
        if (stored) out = stored->row;
        return {};
    }));
    return out;
}

Result<UserRow> Users::user(UserId id) {
    std::optional<StoredUser> stored;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(stored, load_user(db, id));
        return {};
    }));
    if (stored) return stored->row;
    return Error(ErrorCode::resource_not_found, "There is no user '" + to_text(id) + "'.").param("user_id");
}

Result<std::vector<UserRow>> Users::users(UserId after, int64_t limit) {
    std::vector<UserRow> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_users(db, after, std::clamp<int64_t>(limit, 1, max_listed)));
        return {};
    }));
    return out;
}

Result<std::string> Users::password_hash(std::string_view email) {
    std::string out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(const auto stored, load_user(db, email_key(email)));
        if (stored && !stored->row.blocked) out = stored->password;
        return {};
    }));
    return out;
}

Status Users::set_password(UserId user, std::string hash, std::optional<int64_t> keep_session, store::Ops with) {
    const int64_t now = now_us();
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRYV(save_password(db, user, hash));
            TRYV(delete_sessions(db, user, keep_session.value_or(0)));
            return end_user_tokens(db, user, now);
        },
        std::move(with)));
}

Status Users::rehash(UserId user, std::string hash) {
    return store_.commit_now(user_batch([&](store::Db& db) { return save_password(db, user, hash); }, {}));
}

Status Users::block(UserId user, bool blocked, store::Ops with) {
    const int64_t now = now_us();
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRYV(mark_user(db, user, blocked));
            if (!blocked) return {};
            TRYV(delete_sessions(db, user, 0));
            return end_user_tokens(db, user, now);
        },
        std::move(with)));
}

/// A privilege changes: the sessions from before it end.
Status Users::set_operator(UserId user, bool is_operator, store::Ops with) {
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRYV(mark_operator(db, user, is_operator));
            return delete_sessions(db, user, 0);
        },
        std::move(with)));
}

std::unique_ptr<store::Op> Users::made_key(const KeyId& key, UserId user) {
    return store::op([&key, user](store::Db& db) { return insert_maker(db, key, user); });
}

Result<UserId> Users::key_maker(KeyId key) {
    UserId out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, load_maker(db, key));
        return {};
    }));
    return out;
}

Status Users::sweep() {
    const int64_t now = now_us();
    return store_.commit_now(user_batch([&](store::Db& db) { return delete_over(db, now); }, {}));
}

}  // namespace aig::identity
