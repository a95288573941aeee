#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "base/metrics.h"
#include "base/time.h"
#include "identity/detail/key_cache.h"
#include "identity/detail/rows.h"
#include "identity/detail/valid.h"

namespace aig::identity {

bool Principal::allows(std::string_view model_id) const {
    return models.empty() || std::find(models.begin(), models.end(), model_id) != models.end();
}

bool Principal::admits(const std::optional<IpAddress>& from) const {
    if (ip_allow.empty()) return true;
    return from && std::any_of(ip_blocks.begin(), ip_blocks.end(), [&](const IpBlock& b) { return b.contains(*from); });
}

namespace {
constexpr int64_t minute_us = 60'000'000;
constexpr int64_t max_listed = 10'000;
constexpr int max_rereads = 16;

Error unknown_key() { return Error(ErrorCode::auth_invalid, "This API key is not known here.").reason("invalid_key"); }

store::Batch batch(std::function<Status(store::Db&)> apply, store::Ops with = {}) {
    store::Batch b;
    b.ops.push_back(store::op(std::move(apply)));
    for (auto& op : with) b.ops.push_back(std::move(op));
    b.guarded = true;
    return b;
}

/// The states of all accounts that have a key in memory: blocking one is a single store that all its keys see.
class AccountStates {
  public:
    /// What is already here is newer than what a reader found.
    std::shared_ptr<const AccountState> found(AccountId id, bool blocked) {
        std::lock_guard lock(mutex_);
        auto [at, added] = states_.try_emplace(id);
        if (added) at->second = make(blocked);
        return at->second;
    }
    void set(AccountId id, bool blocked) {
        std::lock_guard lock(mutex_);
        auto [at, added] = states_.try_emplace(id);
        if (added)
            at->second = make(blocked);
        else
            at->second->blocked.store(blocked, std::memory_order_release);
    }

  private:
    static std::shared_ptr<AccountState> make(bool blocked) {
        auto s = std::make_shared<AccountState>();
        s->blocked.store(blocked, std::memory_order_relaxed);
        return s;
    }
    std::mutex mutex_;
    std::unordered_map<AccountId, std::shared_ptr<AccountState>> states_;
};

/// What a look-up found: an entry, null for a key that does not exist, or an error.
using Outcome = Result<KeyEntryPtr>;

/// Look-ups under way. The first task for a key looks, the others wait for what it finds.
class Flights {
  public:
    /// Null: the caller leads and must land().
    std::unique_ptr<rt::Answer<Outcome>> join(const KeyHash& hash) {
        std::lock_guard lock(mutex_);
        auto [at, first] = waiting_.try_emplace(hash);
        if (first) return nullptr;
        auto answer = std::make_unique<rt::Answer<Outcome>>(*rt::Loop::current());
        at->second.push_back(answer->deliverer());
        return answer;
    }
    void land(const KeyHash& hash, const Outcome& outcome) {
        std::vector<std::function<void(Outcome)>> waiters;
        {
            std::lock_guard lock(mutex_);
            const auto at = waiting_.find(hash);
            waiters = std::move(at->second);
            waiting_.erase(at);
        }
        for (const auto& deliver : waiters) deliver(outcome);
    }

    void forget(const KeyHash& hash) {
        std::lock_guard lock(mutex_);
        waiting_.erase(hash);
    }

  private:
    std::mutex mutex_;
    std::unordered_map<KeyHash, std::vector<std::function<void(Outcome)>>, KeyHash::Index> waiting_;
};

/// Ends a flight. A leader is destroyed half-way only together with its loop, at the process's end: then nobody is told
/// (the waiters' loops may be gone already), and the flights live as long as their last leader.
struct Landing {
    std::shared_ptr<Flights> flights;
    KeyHash hash;
    std::optional<Outcome> outcome;
    ~Landing() { outcome ? flights->land(hash, *outcome) : flights->forget(hash); }
};

class StoredDirectory final : public Directory {
  public:
    StoredDirectory(store::Store& store, const Options& options) : store_(store), cache_(options) {}
    Status load(int64_t capacity);

    rt::Task<Result<PrincipalPtr>> authenticate(std::string key) override;
    PrincipalPtr known(std::string_view key) override;
    Result<AccountId> create_account(std::string name, std::string email,
                                     std::function<store::Ops(AccountId)> extra) override;
    Result<MintedKey> create_key(NewKey key, const std::function<store::Ops(const KeyId&)>& extra) override;
    Status revoke_key(KeyId key, store::Ops with) override;
    Status block_account(AccountId account, bool blocked, store::Ops with) override;
    Result<std::vector<AccountRow>> accounts(AccountId after, int64_t limit) override;
    Result<std::vector<KeyRow>> keys(AccountId account, KeyId after, int64_t limit) override;
    Result<AccountRow> account(AccountId account) override;
    void forget() override { cache_.clear(); }

  private:
    rt::Task<Outcome> look_up(KeyHash hash);
    KeyEntryPtr entry(StoredKey stored);
    Result<PrincipalPtr> judge(const KeyEntry& entry, std::shared_ptr<const void> holder);
    void touch(const KeyEntry& entry, int64_t now);

    store::Store& store_;
    KeyCache cache_;
    AccountStates accounts_;
    std::shared_ptr<Flights> flights_ = std::make_shared<Flights>();
    std::atomic<int64_t> last_account_{0};
    metrics::Counter& look_ups_ = metrics::counter("aig_identity_lookups_total", "API keys looked up in the database.");
};

Status StoredDirectory::load(int64_t capacity) {
    return store_.read_now([&](store::Db& db) -> Status {
        TRY(const AccountId last, highest_account(db));
        last_account_ = last.value;
        int64_t n = 0;
        const auto epoch = cache_.epoch();
        TRYV(load_newest_keys(db, capacity + 1, [&](StoredKey k) {
            if (++n > capacity) return cache_.incomplete();
            const auto hash = k.hash;
            cache_.remember(hash, entry(std::move(k)), epoch);
        }));
        return {};
    });
}

KeyEntryPtr StoredDirectory::entry(StoredKey stored) {
    auto e = std::make_shared<KeyEntry>();
    e->account = accounts_.found(stored.row.principal.account, stored.account_blocked);
    e->principal = std::move(stored.row.principal);
    e->revoked = stored.row.revoked_us != 0;
    e->used_minute.store(stored.row.last_used_us / minute_us, std::memory_order_relaxed);
    return e;
}

/// The stamp changes once a minute; the database hears of it once an hour.
void StoredDirectory::touch(const KeyEntry& entry, int64_t now) {
    int64_t before = entry.used_minute.load(std::memory_order_relaxed);
    const int64_t minute = now / minute_us;
    if (before >= minute || !entry.used_minute.compare_exchange_strong(before, minute, std::memory_order_relaxed))
        return;
    if (before / 60 == minute / 60) return;
    store_.submit(batch([id = entry.principal.key, now](store::Db& db) { return mark_used(db, id, now); }),
                  [](const Status&) {});
}

Result<PrincipalPtr> StoredDirectory::judge(const KeyEntry& entry, std::shared_ptr<const void> holder) {
    const int64_t now = now_us(), expires = entry.principal.expires_us;
    if (entry.revoked) return Error(ErrorCode::auth_revoked, "This API key was revoked.").reason("revoked_key");
    if (expires && expires <= now)
        return Error(ErrorCode::auth_expired, fmt::format("This API key expired at {}.", iso_utc(expires)))
            .reason("expired_key");
    if (entry.account->blocked.load(std::memory_order_acquire))
        return Error(ErrorCode::account_blocked, "The account of this API key is blocked.");
    touch(entry, now);
    return PrincipalPtr(std::move(holder), &entry.principal);
}

PrincipalPtr StoredDirectory::known(std::string_view key) {
    if (key.empty() || key.size() > max_key_bytes) return nullptr;
    auto found = cache_.find(hash_key(key));
    if (!found.entry) return nullptr;
    auto judged = judge(*found.entry, std::move(found.holder));
    return judged ? *std::move(judged) : nullptr;
}

rt::Task<Result<PrincipalPtr>> StoredDirectory::authenticate(std::string key) {
    if (!plausible(key)) co_return unknown_key();
    const KeyHash hash = hash_key(key);
    auto found = cache_.find(hash);
    if (found.entry) co_return judge(*found.entry, std::move(found.holder));
    if (cache_.complete() || cache_.known_unknown(hash)) co_return unknown_key();
    CO_TRY(const KeyEntryPtr looked_up, co_await look_up(hash));
    if (!looked_up) co_return unknown_key();
    co_return judge(*looked_up, looked_up);
}

rt::Task<Outcome> StoredDirectory::look_up(KeyHash hash) {
    auto other = flights_->join(hash);
    if (other) {
        auto outcome = co_await other->wait();
        co_return outcome;
    }
    Landing landing{flights_, hash, {}};
    for (int i = 0; i < max_rereads; ++i) {
        const auto epoch = cache_.epoch();
        auto stored = std::make_shared<std::optional<StoredKey>>();
        std::function<Status(store::Db&)> read = [stored, hash](store::Db& db) -> Status {
            TRY(*stored, load_key(db, hash));
            return {};
        };
        look_ups_.add();
        auto status = co_await store_.read(std::move(read));
        if (!status) {
            landing.outcome = std::move(status).error();
            break;
        }
        KeyEntryPtr found;
        if (*stored) found = entry(**std::move(stored));
        if (cache_.remember(hash, found, epoch)) {
            landing.outcome = std::move(found);
            break;
        }
    }
    if (!landing.outcome)
        landing.outcome =
            Error(ErrorCode::storage_unavailable, "API keys change too fast to be read.").retry_after_ms(1000);
    co_return *landing.outcome;
}

Result<AccountId> StoredDirectory::create_account(std::string name, std::string email,
                                                  std::function<store::Ops(AccountId)> extra) {
    TRYV(valid_account(name, email));
    const AccountRow row{AccountId{++last_account_}, std::move(name), std::move(email), "active", now_us()};
    TRYV(store_.commit_now(
        batch([&row](store::Db& db) { return insert_account(db, row); }, extra ? extra(row.id) : store::Ops{})));
    return row.id;
}

Result<MintedKey> StoredDirectory::create_key(NewKey key, const std::function<store::Ops(const KeyId&)>& extra) {
    const int64_t now = now_us();
    TRYV(valid_new_key(key, now));
    TRY(std::string text, mint_key(key.prefix));
    const KeyHash hash = hash_key(text);
    StoredKey stored;
    KeyId id;
    const auto insert = [&](store::Db& db) -> Status {
        TRY(id, insert_key(db, key, key_prefix(text), hash, shown_key(text), now));
        TRY(auto row, load_key(db, id));
        stored = *std::move(row);
        return {};
    };
    TRYV(store_.commit_now(batch(insert, extra ? extra(id) : store::Ops{})));
    cache_.change(hash, entry(std::move(stored)));
    return MintedKey{id, std::move(text)};
}

Status StoredDirectory::revoke_key(KeyId key, store::Ops with) {
    std::optional<StoredKey> stored;
    const auto revoke = [&](store::Db& db) -> Status {
        TRYV(mark_revoked(db, key, now_us()));
        TRY(stored, load_key(db, key));
        if (stored) return {};
        return Error(ErrorCode::resource_not_found, fmt::format("There is no key '{}'.", to_text(key))).param("key_id");
    };
    TRYV(store_.commit_now(batch(revoke, std::move(with))));
    const auto hash = stored->hash;
    cache_.change(hash, entry(*std::move(stored)));
    return {};
}

Status StoredDirectory::block_account(AccountId account, bool blocked, store::Ops with) {
    TRYV(store_.commit_now(batch(
        [&](store::Db& db) { return mark_account(db, account, blocked ? "blocked" : "active"); }, std::move(with))));
    accounts_.set(account, blocked);
    return {};
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

Result<std::vector<KeyRow>> StoredDirectory::keys(AccountId account, KeyId after, int64_t limit) {
    std::vector<StoredKey> stored;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(stored, list_keys(db, account, after, std::clamp<int64_t>(limit, 1, max_listed)));
        return {};
    }));
    std::vector<KeyRow> out;
    for (auto& k : stored) {
        const auto found = cache_.find(k.hash);
        if (found.entry)
            k.row.last_used_us =
                std::max(k.row.last_used_us, found.entry->used_minute.load(std::memory_order_relaxed) * minute_us);
        out.push_back(std::move(k.row));
    }
    return out;
}
}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(store::Store& store, Options options) {
    auto d = std::make_unique<StoredDirectory>(store, options);
    TRYV(d->load(static_cast<int64_t>(options.capacity)));
    return std::unique_ptr<Directory>(std::move(d));
}

}  // namespace aig::identity
