// Accounts and their sub-accounts.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/money.h"
#include "base/time.h"
#include "identity/detail/stored_directory.h"
#include "identity/detail/valid.h"
#include "store/outbox.h"

namespace aig::identity {
namespace {
constexpr int64_t max_listed = 10'000;

/// Keeps an account's state in memory as it is in the database.
class BlockOp final : public store::Op {
  public:
    BlockOp(std::shared_ptr<KeyMemory> memory, AccountId account, bool blocked)
        : memory_(std::move(memory)), account_(account), blocked_(blocked) {}
    Status apply(store::Db& db) override { return mark_account(db, account_, blocked_ ? "blocked" : "active"); }
    void settled(bool durable) override {
        if (durable) memory_->accounts.set(account_, blocked_);
    }

  private:
    std::shared_ptr<KeyMemory> memory_;
    AccountId account_;
    bool blocked_;
};

std::string created_json(const SubAccountRow& s) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("sub_account").begin_object();
    w.field("id", to_text(s.id)).field("object", "sub_account").field("name", s.terms.name);
    w.field("external_ref", s.terms.external_ref).key("spend_cap_cents");
    s.terms.spend_cap_nanos ? w.raw(cents_number(*s.terms.spend_cap_nanos)) : w.raw("null");
    w.field("created_at", s.created_us / 1'000'000).end_object().end_object();
    return out;
}

NewKey first_key(const SubAccountRow& s, std::string_view prefix) {
    NewKey k;
    k.account = s.account;
    k.sub_account = s.id;
    k.name = s.terms.name;
    k.prefix = prefix.empty() ? "none" : prefix;
    return k;
}
}  // namespace

Result<AccountId> StoredDirectory::create_account(std::string name, std::string email,
                                                  std::function<store::Ops(AccountId)> extra) {
    TRYV(valid_account(name, email));
    const AccountRow row{AccountId{++last_account_}, std::move(name), std::move(email), "active", now_us()};
    store::Batch b;
    b.guarded = true;
    b.ops.push_back(store::op([&row](store::Db& db) { return insert_account(db, row); }));
    if (extra)
        for (auto& op : extra(row.id)) b.ops.push_back(std::move(op));
    TRYV(store_.commit_now(std::move(b)));
    return row.id;
}

Result<AccountRow> StoredDirectory::update_account(AccountId account, std::optional<std::string> name,
                                                   std::optional<std::string> email, store::Ops with) {
    AccountRow row;
    store::Batch b;
    b.guarded = true;
    b.ops.push_back(store::op([&](store::Db& db) -> Status {
        TRY(row, load_account(db, account));
        if (name) row.name = *name;
        if (email) row.email = *email;
        TRYV(valid_account(row.name, row.email));
        return save_account(db, row);
    }));
    for (auto& op : with) b.ops.push_back(std::move(op));
    TRYV(store_.commit_now(std::move(b)));
    return row;
}

Status StoredDirectory::block_account(AccountId account, bool blocked, store::Ops with) {
    store::Batch b;
    b.guarded = true;
    b.ops.push_back(std::make_unique<BlockOp>(memory_, account, blocked));
    for (auto& op : with) b.ops.push_back(std::move(op));
    return store_.commit_now(std::move(b));
}

Result<std::vector<AccountRow>> StoredDirectory::accounts(AccountId after, int64_t limit) {
    std::vector<AccountRow> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_accounts(db, after, std::clamp<int64_t>(limit, 1, max_listed)));
        return {};
    }));
    return out;
}

Result<AccountRow> StoredDirectory::account(AccountId account) {
    AccountRow out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, load_account(db, account));
        return {};
    }));
    return out;
}

Result<MintedSubAccount> StoredDirectory::create_sub_account(AccountId of, SubAccountTerms terms,
                                                             std::string_view key_prefix, WithSubAccount with) {
    TRYV(valid_sub_account(terms));
    TRY(std::string text, mint_key(key_prefix.empty() ? "none" : key_prefix));
    const auto hash = hash_key(text);
    MintedSubAccount made{{SubAccountId{++last_sub_account_}, of, std::move(terms), now_us(), {}, shown_key(text)},
                          {KeyId{++last_key_}, std::move(text)}};
    made.row.key = made.key.id;
    const Change change = [&](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRYV(insert_sub_account(db, made.row));
        TRYV(insert_key(db, made.key, hash, first_key(made.row, key_prefix), made.row.created_us));
        TRY(auto stored, load_key(db, made.key.id));
        changed.push_back(*std::move(stored));
        return store::emit(db, {"subaccount.created", of, "", created_json(made.row), made.row.created_us});
    };
    TRYV(store_.commit_now(batch(change, with ? with(made) : store::Ops())));
    return made;
}

Result<SubAccountRow> StoredDirectory::update_sub_account(SubAccountId id, AccountId of,
                                                          std::function<void(SubAccountTerms&)> edit, store::Ops with) {
    SubAccountRow after;
    const Change change = [&](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRY(after, load_sub_account(db, id, of));
        edit(after.terms);
        TRYV(valid_sub_account(after.terms));
        TRYV(save_sub_account(db, after));
        TRY(changed, keys_of_sub_account(db, id));
        return {};
    };
    TRYV(store_.commit_now(batch(change, std::move(with))));
    return after;
}

Status StoredDirectory::delete_sub_account(SubAccountId id, AccountId of, store::Ops with) {
    const Change change = [id, of, now = now_us()](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRYV(load_sub_account(db, id, of));
        TRYV(mark_sub_account_deleted(db, id, now));
        TRY(const auto live, keys_of_sub_account(db, id));
        for (const auto& k : live) {
            TRYV(mark_revoked(db, k.row.id, now));
            TRY(auto stored, load_key(db, k.row.id));
            changed.push_back(*std::move(stored));
        }
        return {};
    };
    return store_.commit_now(batch(change, std::move(with)));
}

Result<SubAccountRow> StoredDirectory::sub_account(SubAccountId id, AccountId of) {
    SubAccountRow out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, load_sub_account(db, id, of));
        return {};
    }));
    return out;
}

Result<std::vector<SubAccountRow>> StoredDirectory::sub_accounts(AccountId of, std::string_view external_ref,
                                                                 SubAccountId after, int64_t limit) {
    std::vector<SubAccountRow> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(out, list_sub_accounts(db, of, external_ref, after, std::clamp<int64_t>(limit, 1, max_listed)));
        return {};
    }));
    return out;
}

}  // namespace aig::identity
