#include "base/time.h"
#include "identity/detail/user_batch.h"

namespace aig::identity {
namespace {

/// A token of one kind for a user: the ones before it are taken back in the same batch.
Result<std::string> mint_token(store::Store& store, UserId user, TokenKind kind, std::string_view prefix,
                               int64_t good_us, const std::function<store::Ops(const std::string&)>& with) {
    const int64_t now = now_us();
    std::string text = std::string(prefix) + random_base62(secret_chars);
    TRYV(store.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(const auto stored, load_user(db, user));
            if (!stored) return Error(ErrorCode::resource_not_found, "There is no such user.");
            TRYV(end_tokens(db, email_key(stored->row.email), kind, now));
            TokenRow row;
            row.kind = kind;
            row.hash = hash_secret(text);
            row.email = stored->row.email;
            row.user = user;
            row.created_us = now;
            row.expires_us = now + good_us;
            return insert_token(db, row);
        },
        with(text))));
    return text;
}

/// The user of a token, which is used up by asking.
Result<UserRow> spend_token(store::Db& db, std::string_view text, TokenKind kind, int64_t now) {
    const auto hash = hash_secret(text);
    TRY(const auto token, load_token(db, hash, kind, now));
    if (!token) return token_gone();
    TRY(const bool good, use_token(db, hash, kind, now));
    if (!good) return token_gone();
    TRY(const auto user, load_user(db, token->user));
    if (!user || user->row.blocked) return token_gone();
    return user->row;
}
}  // namespace

Result<std::string> Users::verify_token(UserId user, const std::function<store::Ops(const std::string&)>& with) {
    return mint_token(store_, user, TokenKind::verify, "vfy_", verify_token_us, with);
}

Result<std::string> Users::reset_token(UserId user, const std::function<store::Ops(const std::string&)>& with) {
    return mint_token(store_, user, TokenKind::reset, "rst_", reset_token_us, with);
}

Result<UserRow> Users::verify(std::string_view token, store::Ops with) {
    const int64_t now = now_us();
    UserRow out;
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(out, spend_token(db, token, TokenKind::verify, now));
            return mark_verified(db, out.id, now);
        },
        std::move(with))));
    if (!out.verified_us) out.verified_us = now;
    return out;
}

/// The token came by mail, so the address is confirmed as well.
Result<UserRow> Users::reset(std::string_view token, std::string password_hash, store::Ops with) {
    const int64_t now = now_us();
    UserRow out;
    TRYV(store_.commit_now(user_batch(
        [&](store::Db& db) -> Status {
            TRY(out, spend_token(db, token, TokenKind::reset, now));
            TRYV(save_password(db, out.id, password_hash));
            TRYV(mark_verified(db, out.id, now));
            TRYV(delete_sessions(db, out.id, 0));
            return end_user_tokens(db, out.id, now);
        },
        std::move(with))));
    if (!out.verified_us) out.verified_us = now;
    return out;
}

}  // namespace aig::identity
