#include "base/time.h"
#include "identity/detail/user_batch.h"

namespace aig::identity {
namespace {
constexpr size_t max_invitations = 100, max_members = 1'000;

Error no_member() { return Error(ErrorCode::resource_not_found, "There is no such member.").param("user_id"); }

Status still_owned(store::Db& db, AccountId account) {
    TRY(const int64_t owners, count_owners(db, account));
    if (owners > 0) return {};
    return Error(ErrorCode::conflict, "An account needs an owner: make another member owner first.").param("role");
}

/// The user an invitation makes or finds. One who never confirmed the address has to be taken for somebody else: the
/// mail reached its owner, so what was there before ends.
Result<UserId> invited_user(store::Db& db, const std::string& email, std::string_view password_hash, int64_t now) {
    TRY(const auto before, load_user(db, email_key(email)));
    if (before && before->row.blocked) return token_gone();
    if (before && before->row.verified_us) return before->row.id;
    if (password_hash.empty())
        return Error(ErrorCode::bad_param, "Choose a password: you are new here.").param("password");
    if (!before) return insert_user(db, {email, std::string(password_hash), "", true}, now);
    TRYV(save_password(db, before->row.id, password_hash));
    TRYV(mark_verified(db, before->row.id, now));
    TRYV(delete_sessions(db, before->row.id, 0));
    TRYV(end_user_tokens(db, before->row.id, now));
    return before->row.id;
}
}  // namespace

Result<std::vector<Membership>> Users::members(AccountId account) {
    std::vector<Membership> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_members(db, account));
        return {};
    }));
    return out;
}

Result<std::vector<Membership>> Users::accounts(UserId user) {
    std::vector<Membership> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_accounts_of(db, user));
        return {};
    }));
    return out;
}

Result<Invitation> Users::invite(AccountId account, std::string email, Role role, UserId by,
                                 const std::function<store::Ops(const std::string&)>& with) {
    TRYV(valid_email(email));
    const int64_t now = now_us();
    const std::string text = "inv_" + random_base62(secret_chars);
    Invitation out{0, account, email, role, now, now + invite_token_us};
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const auto members, list_members(db, account));
            for (const auto& m : members)
                if (email_key(m.email) == email_key(email))
                    return Error(ErrorCode::conflict, "This user is a member already.").param("email");
            TRYV(end_invitations_of(db, account, email_key(email), now));
            TRY(const auto out_there, list_invitations(db, account, now));
            if (out_there.size() >= max_invitations || members.size() + out_there.size() >= max_members)
                return Error(ErrorCode::conflict, "Too many invitations are out; take some back first.");
            TokenRow row{TokenKind::invite, hash_secret(text), email, {}, by, account, role, now, out.expires_us};
            TRYV(insert_token(db, row));
            out.id = db.last_id();
            return {};
        },
        with(text))));
    return out;
}

Result<std::vector<Invitation>> Users::invitations(AccountId account) {
    std::vector<Invitation> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_invitations(db, account, now_us()));
        return {};
    }));
    return out;
}

Status Users::take_back(AccountId account, int64_t invitation, store::Ops with) {
    const int64_t now = now_us();
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const bool ended, end_invitation(db, account, invitation, now));
            if (ended) return {};
            return Error(ErrorCode::resource_not_found, "There is no such invitation.").param("invitation_id");
        },
        std::move(with)));
}

Result<Invitation> Users::invitation(std::string_view token) {
    std::optional<TokenRow> row;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(row, load_token(db, hash_secret(token), TokenKind::invite, now_us()));
        return {};
    }));
    if (!row) return token_gone();
    return Invitation{0, row->account, row->email, row->role, row->created_us, row->expires_us};
}

Result<UserRow> Users::join(std::string_view token, std::string password_hash, store::Ops with) {
    const int64_t now = now_us();
    const auto hash = hash_secret(token);
    UserId user;
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const auto row, load_token(db, hash, TokenKind::invite, now));
            if (!row) return token_gone();
            TRY(const bool good, use_token(db, hash, TokenKind::invite, now));
            if (!good) return token_gone();
            TRY(user, invited_user(db, row->email, password_hash, now));
            TRY(const auto role, load_role(db, row->account, user));
            if (role) return Error(ErrorCode::conflict, "You are a member of this account already.");
            return insert_member(db, row->account, user, row->role, now);
        },
        std::move(with))));
    return this->user(user);
}

Status Users::set_role(AccountId account, UserId user, Role role, store::Ops with) {
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const bool found, save_role(db, account, user, role));
            if (!found) return no_member();
            TRYV(still_owned(db, account));
            return delete_sessions_in(db, user, account);
        },
        std::move(with)));
}

Status Users::remove(AccountId account, UserId user, store::Ops with) {
    return store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const bool found, delete_member(db, account, user));
            if (!found) return no_member();
            TRYV(still_owned(db, account));
            return delete_sessions_in(db, user, account);
        },
        std::move(with)));
}

}  // namespace aig::identity
