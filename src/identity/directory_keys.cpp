// Making, changing, rotating and ending keys.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/time.h"
#include "identity/detail/stored_directory.h"
#include "identity/detail/valid.h"
#include "store/outbox.h"

namespace aig::identity {
namespace {
constexpr int64_t max_listed = 10'000, max_overlap_s = 30 * 86'400;

Error no_key(KeyId id) {
    return Error(ErrorCode::resource_not_found, fmt::format("There is no key '{}'.", to_text(id))).param("key_id");
}

Error not_now(KeyId id, std::string_view why) {
    return Error(ErrorCode::conflict, fmt::format("Key {} {}.", to_text(id), why));
}

Result<StoredKey> owned_key(store::Db& db, KeyId id, AccountId of) {
    TRY(auto stored, load_key(db, id));
    if (!stored || (of && stored->row.principal.account != of)) return no_key(id);
    return *std::move(stored);
}

Status may_rotate(const StoredKey& k, int64_t now) {
    if (k.row.revoked_us) return not_now(k.row.id, "was revoked: make a new one");
    if (k.row.own.expires_us && k.row.own.expires_us <= now) return not_now(k.row.id, "has expired: make a new one");
    if (k.row.rotated_to)
        return not_now(k.row.id, fmt::format("was rotated already: rotate {}", to_text(k.row.rotated_to)));
    // A successor would be a way around the freeze.
    if (k.row.frozen_us) return not_now(k.row.id, "is frozen: unfreeze it first");
    return {};
}

NewKey successor(const StoredKey& k) {
    NewKey n;
    n.account = k.row.principal.account;
    n.sub_account = k.row.principal.sub_account;
    n.prefix = k.row.principal.prefix.empty() ? "none" : k.row.principal.prefix;
    n.take(k.row.own);
    return n;
}

std::string rotated_json(const MintedKey& made, KeyId from, std::string_view prefix, int64_t overlap_s) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("key_id", to_text(made.id))
        .field("prefix", prefix)
        .field("rotated_from", to_text(from))
        .field("overlap_s", overlap_s)
        .end_object();
    return out;
}

struct Fresh {
    MintedKey minted;
    KeyHash hash;
};
Result<Fresh> mint(KeyId id, std::string_view prefix) {
    TRY(std::string text, mint_key(prefix));
    const auto hash = hash_key(text);
    return Fresh{{id, std::move(text)}, hash};
}
}  // namespace

store::Batch StoredDirectory::batch(Change change, store::Ops with) {
    store::Batch b;
    b.ops.push_back(change_op(memory_, std::move(change)));
    for (auto& op : with) b.ops.push_back(std::move(op));
    b.guarded = true;
    return b;
}

Result<KeyRow> StoredDirectory::change_key(KeyId key, AccountId of, std::function<Status(store::Db&, StoredKey&)> write,
                                           store::Ops with) {
    auto after = std::make_shared<KeyRow>();
    const Change change = [key, of, after, write](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRY(auto stored, owned_key(db, key, of));
        TRYV(write(db, stored));
        TRY(auto now, owned_key(db, key, of));
        *after = now.row;
        changed.push_back(std::move(now));
        return {};
    };
    TRYV(store_.commit_now(batch(change, std::move(with))));
    return std::move(*after);
}

Result<MintedKey> StoredDirectory::create_key(NewKey key, WithKey with) {
    const int64_t now = now_us();
    TRYV(valid_new_key(key, now));
    TRY(const auto fresh, mint(KeyId{++last_key_}, key.prefix));
    const Change change = [&](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRYV(insert_key(db, fresh.minted, fresh.hash, key, now));
        TRY(auto stored, owned_key(db, fresh.minted.id, key.account));
        changed.push_back(std::move(stored));
        return {};
    };
    TRYV(store_.commit_now(batch(change, with ? with(fresh.minted) : store::Ops())));
    return fresh.minted;
}

Result<KeyRow> StoredDirectory::update_key(KeyId key, AccountId of, std::function<void(KeyTerms&)> edit,
                                           store::Ops with) {
    const auto write = [edit = std::move(edit), now = now_us()](store::Db& db, StoredKey& k) -> Status {
        if (k.row.revoked_us) return not_now(k.row.id, "was revoked: make a new one");
        KeyTerms terms = k.row.own;
        edit(terms);
        TRYV(valid_terms(terms));
        if (terms.expires_us != k.row.own.expires_us) TRYV(valid_expiry(terms.expires_us, now));
        return save_terms(db, k.row.id, terms);
    };
    return change_key(key, of, write, std::move(with));
}

Result<MintedKey> StoredDirectory::rotate_key(KeyId key, AccountId of, int64_t overlap_s, WithKey with) {
    if (overlap_s < 0 || overlap_s > max_overlap_s)
        return Error(ErrorCode::bad_param, fmt::format("overlap_s must be from 0 to {}.", max_overlap_s))
            .param("overlap_s");
    const int64_t now = now_us();
    std::string prefix;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(const auto old, owned_key(db, key, of));
        prefix = old.row.principal.prefix.empty() ? "none" : old.row.principal.prefix;
        return may_rotate(old, now);
    }));
    TRY(const auto fresh, mint(KeyId{++last_key_}, prefix));
    const auto& made = fresh.minted;
    const Change change = [&](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRY(const auto old, owned_key(db, key, of));
        TRYV(may_rotate(old, now));
        TRYV(insert_key(db, made, fresh.hash, successor(old), now));
        TRYV(join_line(db, made.id, old.row.principal.line));
        TRYV(mark_rotated(db, key, made.id));
        const int64_t until = now + overlap_s * 1'000'000, expires = old.row.own.expires_us;
        TRYV(overlap_s == 0 ? mark_revoked(db, key, now)
                            : mark_expiry(db, key, expires ? std::min(expires, until) : until));
        for (const KeyId id : {key, made.id}) {
            TRY(auto stored, owned_key(db, id, of));
            changed.push_back(std::move(stored));
        }
        return store::emit(db, {"key.rotated", old.row.principal.account, "",
                                rotated_json(made, key, old.row.principal.prefix, overlap_s), now});
    };
    TRYV(store_.commit_now(batch(change, with ? with(made) : store::Ops())));
    return made;
}

Status StoredDirectory::revoke_key(KeyId key, AccountId of, store::Ops with) {
    const auto write = [](store::Db& db, StoredKey& k) { return mark_revoked(db, k.row.id, now_us()); };
    TRYV(change_key(key, of, write, std::move(with)));
    return {};
}

Status StoredDirectory::freeze_key(KeyId key, AccountId of, std::string_view why, store::Ops with) {
    const auto write = [of, why = std::string(why)](store::Db& db, StoredKey& k) -> Status {
        if (k.row.revoked_us) return not_now(k.row.id, "was revoked: it needs no freezing");
        // The operator's word stands over the owner's and the brake's.
        if (k.row.frozen_us && (of || k.row.frozen_why == freeze::operator_)) return {};
        return mark_frozen(db, k.row.id, now_us(), why);
    };
    TRYV(change_key(key, of, write, std::move(with)));
    return {};
}

Status StoredDirectory::unfreeze_key(KeyId key, AccountId of, store::Ops with) {
    const auto write = [of](store::Db& db, StoredKey& k) -> Status {
        if (of && k.row.frozen_us && k.row.frozen_why == freeze::operator_)
            return Error(ErrorCode::scope_denied, "The operator froze this key; ask them.");
        return mark_frozen(db, k.row.id, 0, "");
    };
    TRYV(change_key(key, of, write, std::move(with)));
    return {};
}

void StoredDirectory::freeze_soon(KeyId key, std::string_view why, store::Ops with) {
    const Change change = [key, why = std::string(why)](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRY(const auto before, owned_key(db, key, {}));
        if (!before.row.frozen_us) TRYV(mark_frozen(db, key, now_us(), why));
        TRY(auto stored, owned_key(db, key, {}));
        changed.push_back(std::move(stored));
        return {};
    };
    store_.submit(batch(change, std::move(with)), [](const Status&) {});
}

Result<KeyRow> StoredDirectory::key(KeyId key, AccountId of) {
    std::optional<StoredKey> found;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(found, owned_key(db, key, of));
        return {};
    }));
    return std::move(found->row);
}

Result<std::vector<KeyRow>> StoredDirectory::keys(AccountId account, KeyId after, int64_t limit) {
    std::vector<StoredKey> stored;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(stored, list_keys(db, account, after, std::clamp<int64_t>(limit, 1, max_listed)));
        return {};
    }));
    std::vector<KeyRow> out;
    for (auto& k : stored) {
        const auto found = memory_->cache.find(k.hash);
        if (found.entry)
            k.row.last_used_us =
                std::max(k.row.last_used_us, found.entry->used_minute.load(std::memory_order_relaxed) * 60'000'000);
        out.push_back(std::move(k.row));
    }
    return out;
}

}  // namespace aig::identity
