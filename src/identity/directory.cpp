#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "identity/detail/stored_directory.h"

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
constexpr int max_rereads = 16;

Error unknown_key() { return Error(ErrorCode::auth_invalid, "This API key is not known here.").reason("invalid_key"); }

class ChangeOp final : public store::Op {
  public:
    ChangeOp(std::shared_ptr<KeyMemory> memory, Change change)
        : memory_(std::move(memory)), change_(std::move(change)) {}
    Status apply(store::Db& db) override {
        changed_.clear();
        return change_(db, changed_);
    }
    void settled(bool durable) override {
        if (durable) memory_->take_over(std::move(changed_));
    }

  private:
    std::shared_ptr<KeyMemory> memory_;
    Change change_;
    std::vector<StoredKey> changed_;
};
}  // namespace

std::unique_ptr<store::Op> change_op(std::shared_ptr<KeyMemory> memory, Change change) {
    return std::make_unique<ChangeOp>(std::move(memory), std::move(change));
}

KeyEntryPtr KeyMemory::entry(StoredKey stored) {
    auto e = std::make_shared<KeyEntry>();
    e->account = accounts.found(stored.row.principal.account, stored.account_blocked);
    e->principal = std::move(stored.row.principal);
    e->revoked = stored.row.revoked_us != 0;
    e->frozen = stored.row.frozen_us != 0;
    e->used_minute.store(stored.row.last_used_us / minute_us, std::memory_order_relaxed);
    return e;
}

void KeyMemory::take_over(std::vector<StoredKey> changed) {
    for (auto& k : changed) {
        const auto hash = k.hash;
        cache.change(hash, entry(std::move(k)));
    }
}

Status StoredDirectory::load(int64_t capacity) {
    return store_.read_now([&](store::Db& db) -> Status {
        TRY(const AccountId last, highest_account(db));
        last_account_ = last.value;
        TRY(const KeyId last_key, highest_key(db));
        last_key_ = last_key.value;
        TRY(const SubAccountId last_sub, highest_sub_account(db));
        last_sub_account_ = last_sub.value;
        int64_t n = 0;
        const auto epoch = memory_->cache.epoch();
        TRYV(load_newest_keys(db, capacity + 1, [&](StoredKey k) {
            if (++n > capacity) return memory_->cache.incomplete();
            const auto hash = k.hash;
            memory_->cache.remember(hash, memory_->entry(std::move(k)), epoch);
        }));
        return {};
    });
}

/// The stamp changes once a minute; the database hears of it once an hour.
void StoredDirectory::touch(const KeyEntry& entry, int64_t now) {
    int64_t before = entry.used_minute.load(std::memory_order_relaxed);
    const int64_t minute = now / minute_us;
    if (before >= minute || !entry.used_minute.compare_exchange_strong(before, minute, std::memory_order_relaxed))
        return;
    if (before / 60 == minute / 60) return;
    store::Batch b;
    b.ops.push_back(store::op([id = entry.principal.key, now](store::Db& db) { return mark_used(db, id, now); }));
    store_.submit(std::move(b), [](const Status&) {});
}

Result<PrincipalPtr> StoredDirectory::judge(const KeyEntry& entry, std::shared_ptr<const void> holder) {
    const int64_t now = now_us(), expires = entry.principal.expires_us;
    if (entry.revoked) return Error(ErrorCode::auth_revoked, "This API key was revoked.").reason("revoked_key");
    if (expires && expires <= now)
        return Error(ErrorCode::auth_expired, fmt::format("This API key expired at {}.", iso_utc(expires)))
            .reason("expired_key");
    if (entry.account->blocked.load(std::memory_order_acquire))
        return Error(ErrorCode::account_blocked, "The account of this API key is blocked.");
    if (entry.frozen) return Error(ErrorCode::key_frozen, "This API key is frozen.").reason("frozen_key");
    touch(entry, now);
    return PrincipalPtr(std::move(holder), &entry.principal);
}

PrincipalPtr StoredDirectory::known(std::string_view key) {
    if (key.empty() || key.size() > max_key_bytes) return nullptr;
    auto found = memory_->cache.find(hash_key(key));
    if (!found.entry) return nullptr;
    auto judged = judge(*found.entry, std::move(found.holder));
    return judged ? *std::move(judged) : nullptr;
}

rt::Task<Result<PrincipalPtr>> StoredDirectory::authenticate(std::string key) {
    if (!plausible(key)) co_return unknown_key();
    const KeyHash hash = hash_key(key);
    auto found = memory_->cache.find(hash);
    if (found.entry) co_return judge(*found.entry, std::move(found.holder));
    if (memory_->cache.complete() || memory_->cache.known_unknown(hash)) co_return unknown_key();
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
        const auto epoch = memory_->cache.epoch();
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
        if (*stored) found = memory_->entry(**std::move(stored));
        if (memory_->cache.remember(hash, found, epoch)) {
            landing.outcome = std::move(found);
            break;
        }
    }
    if (!landing.outcome)
        landing.outcome =
            Error(ErrorCode::storage_unavailable, "API keys change too fast to be read.").retry_after_ms(1000);
    co_return *landing.outcome;
}

Result<std::unique_ptr<Directory>> Directory::open(store::Store& store, Options options) {
    auto d = std::make_unique<StoredDirectory>(store, options);
    TRYV(d->load(static_cast<int64_t>(options.capacity)));
    return std::unique_ptr<Directory>(std::move(d));
}

}  // namespace aig::identity
