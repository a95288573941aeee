// The directory over the store. Its functions lie in directory.cpp (authenticating), directory_keys.cpp (changing keys)
// and directory_accounts.cpp (accounts and sub-accounts). Ids are given out here, before the batch that inserts them:
// what commits with it (an audit entry, a kept reply) can name them.
#pragma once

#include "base/metrics.h"
#include "identity/detail/key_memory.h"

namespace aig::identity {

class StoredDirectory final : public Directory {
  public:
    StoredDirectory(store::Store& store, const Options& options)
        : store_(store), memory_(std::make_shared<KeyMemory>(options)) {}
    Status load(int64_t capacity);

    rt::Task<Result<PrincipalPtr>> authenticate(std::string key) override;
    PrincipalPtr known(std::string_view key) override;
    void forget() override { memory_->cache.clear(); }

    Result<MintedKey> create_key(NewKey key, WithKey with) override;
    Result<KeyRow> update_key(KeyId key, AccountId of, std::function<void(KeyTerms&)> edit, store::Ops with) override;
    Result<MintedKey> rotate_key(KeyId key, AccountId of, int64_t overlap_s, WithKey with) override;
    Status revoke_key(KeyId key, AccountId of, store::Ops with) override;
    Status freeze_key(KeyId key, AccountId of, std::string_view why, store::Ops with) override;
    Status unfreeze_key(KeyId key, AccountId of, store::Ops with) override;
    void freeze_soon(KeyId key, std::string_view why, store::Ops with) override;
    Result<KeyRow> key(KeyId key, AccountId of) override;
    Result<std::vector<KeyRow>> keys(AccountId account, KeyId after, int64_t limit) override;

    Result<AccountId> create_account(std::string name, std::string email,
                                     std::function<store::Ops(AccountId)> extra) override;
    Result<AccountRow> update_account(AccountId account, std::optional<std::string> name,
                                      std::optional<std::string> email, store::Ops with) override;
    Status block_account(AccountId account, bool blocked, store::Ops with) override;
    Result<std::vector<AccountRow>> accounts(AccountId after, int64_t limit) override;
    Result<AccountRow> account(AccountId account) override;
    Status erase_account(AccountId account, store::Ops with) override;

    Result<MintedSubAccount> create_sub_account(AccountId of, SubAccountTerms terms, std::string_view key_prefix,
                                                WithSubAccount with) override;
    Result<SubAccountRow> update_sub_account(SubAccountId id, AccountId of, std::function<void(SubAccountTerms&)> edit,
                                             store::Ops with) override;
    Status delete_sub_account(SubAccountId id, AccountId of, store::Ops with) override;
    Result<SubAccountRow> sub_account(SubAccountId id, AccountId of) override;
    Result<std::vector<SubAccountRow>> sub_accounts(AccountId of, std::string_view external_ref, SubAccountId after,
                                                    int64_t limit) override;

  private:
    rt::Task<Outcome> look_up(KeyHash hash);
    Result<PrincipalPtr> judge(const KeyEntry& entry, std::shared_ptr<const void> holder);
    void touch(const KeyEntry& entry, int64_t now);
    store::Batch batch(Change change, store::Ops with);
    /// One key of `of` (0 = anybody's): `write` changes what it is given, in the database; gives the key afterwards.
    Result<KeyRow> change_key(KeyId key, AccountId of, std::function<Status(store::Db&, StoredKey&)> write,
                              store::Ops with);

    store::Store& store_;
    std::shared_ptr<KeyMemory> memory_;  // shared with changes under way in the writer
    std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();
    std::atomic<int64_t> last_account_{0}, last_key_{0}, last_sub_account_{0};
    metrics::Counter& look_ups_ = metrics::counter("aig_identity_lookups_total", "API keys looked up in the database.");
};

}  // namespace aig::identity
