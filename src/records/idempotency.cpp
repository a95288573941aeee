#include "records/idempotency.h"

#include <openssl/evp.h>

#include <array>
#include <mutex>
#include <unordered_map>

#include "records/records_store.h"

namespace aig::records {

/// The keys of requests that run, and how replies are sealed: what claims need.
struct RunningKeys {
    struct alignas(64) Shard {
        std::mutex mutex;
        std::unordered_map<std::string, std::string> running;  ///< account and hash -> fingerprint
    };
    Shard& shard(std::string_view hash) { return shards[static_cast<unsigned char>(hash[0]) % shards.size()]; }
    Seal seal;
    std::array<Shard, 16> shards;
};

namespace {

constexpr char kept_find[] =
    "SELECT fingerprint, status, request_id, reply FROM idempotent_reply WHERE account_id = ? AND key_hash = ? AND "
    "created_us > ?";
constexpr char kept_forget[] = "DELETE FROM idempotent_reply WHERE account_id = ? AND key_hash = ?";
constexpr char kept_insert[] =
    "INSERT INTO idempotent_reply (account_id, key_hash, fingerprint, status, request_id, created_us, reply) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)";
constexpr char kept_sweep[] =
    "DELETE FROM idempotent_reply WHERE id IN (SELECT id FROM idempotent_reply WHERE created_us <= ? ORDER BY "
    "created_us LIMIT 500)";
constexpr const char* all_statements[] = {kept_find, kept_forget, kept_insert, kept_sweep};
constexpr int64_t in_flight_retry_ms = 1'000;

std::string running_key(AccountId account, std::string_view hash) {
    std::string key(reinterpret_cast<const char*>(&account.value), sizeof account.value);
    key.append(hash);
    return key;
}

Error mismatch() {
    return Error(ErrorCode::idempotency_mismatch, "this Idempotency-Key came before with another request")
        .param("Idempotency-Key");
}

class KeepOp : public store::Op {
  public:
    KeepOp(std::shared_ptr<const Claim> claim, KeptReply reply) : claim_(std::move(claim)), reply_(std::move(reply)) {}
    Status apply(store::Db& db) override { return claim_->keep(db, reply_); }

  private:
    std::shared_ptr<const Claim> claim_;
    KeptReply reply_;
};

Result<std::string> as_it_is(std::string_view bytes, std::string_view) { return std::string(bytes); }

Result<std::shared_ptr<const Claim>> claim_key(const std::shared_ptr<RunningKeys>& keys, const Asked& asked,
                                               std::string hash) {
    auto& s = keys->shard(hash);
    {
        const std::lock_guard lock(s.mutex);
        const auto [at, fresh] = s.running.try_emplace(running_key(asked.account, hash), asked.fingerprint);
        if (!fresh && at->second != asked.fingerprint) return mismatch();
        if (!fresh)
            return Error(ErrorCode::idempotency_in_flight, "the first request with this Idempotency-Key still runs")
                .retry_after_ms(in_flight_retry_ms);
    }
    return std::shared_ptr<const Claim>(
        std::make_shared<Claim>(keys, asked.account, std::move(hash), asked.fingerprint, asked.at_us));
}

Status find(store::Db& db, const Seal& seal, const Asked& asked, const std::string& hash,
            std::optional<KeptReply>& out) {
    auto q = db.query(kept_find);
    q.bind(asked.account.value).bind_blob_ref(hash).bind(asked.at_us - idempotency_retention_us);
    TRY(const bool found, q.step());
    if (!found) return {};
    if (q.blob(0) != asked.fingerprint) return mismatch();
    KeptReply reply{static_cast<int>(q.integer(1)), std::string(q.text(2))};
    if (reply.status == 0)
        return Error(ErrorCode::idempotency_spent,
                     "the request with this Idempotency-Key was carried out as " + reply.request_id +
                         ", and its reply was too large to keep or broken off by the caller")
            .details_json(R"("request_id":")" + reply.request_id + '"');
    TRY(std::string plain, seal.open(q.blob(3), hash));
    const size_t middle = plain.starts_with('\n') ? 0 : plain.find("\n\n") + 1;
    reply.head = plain.substr(0, middle);
    reply.body = plain.substr(middle + 1);
    out = std::move(reply);
    return {};
}
}  // namespace

std::string digest(std::initializer_list<std::string_view> parts) {
    static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    std::string out(32, '\0');
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> run(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestInit_ex2(run.get(), sha256, nullptr);
    for (const auto part : parts) {
        const uint64_t size = part.size();
        EVP_DigestUpdate(run.get(), &size, sizeof size);
        EVP_DigestUpdate(run.get(), part.data(), part.size());
    }
    EVP_DigestFinal_ex(run.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
}

void Claim::release() const {
    if (released_.exchange(true)) return;
    auto& shard = from_->shard(hash_);
    const std::lock_guard lock(shard.mutex);
    shard.running.erase(running_key(account_, hash_));
}

Status Claim::keep(store::Db& db, const KeptReply& reply) const {
    // A reply that cannot be kept must not undo the work it tells of: the fact is kept without it.
    Result<std::string> sealed = std::string();
    if (reply.status != 0 && !too_large(reply)) sealed = from_->seal.close(reply.head + '\n' + reply.body, hash_);
    const bool whole = sealed && !sealed->empty();
    auto old = db.query(kept_forget);  // one that is past its day
    TRYV(old.bind(account_.value).bind_blob_ref(hash_).run());
    auto q = db.query(kept_insert);
    q.bind(account_.value).bind_blob_ref(hash_).bind_blob_ref(fingerprint_).bind(whole ? reply.status : 0);
    TRYV(q.bind_ref(reply.request_id).bind(at_us_).bind_blob_ref(whole ? std::string_view(*sealed) : "").run());
    return {};
}

std::unique_ptr<store::Op> keep(std::shared_ptr<const Claim> claim, KeptReply reply) {
    return std::make_unique<KeepOp>(std::move(claim), std::move(reply));
}

Idempotency::Idempotency(store::Store& store, Seal seal) : store_(store), running_(std::make_shared<RunningKeys>()) {
    running_->seal = seal.close ? std::move(seal) : Seal{as_it_is, as_it_is};
}

Result<Begun> Idempotency::begin_now(const Asked& asked) {
    const std::string hash = digest({asked.route, asked.key});
    Begun begun;
    TRY(begun.claim, claim_key(running_, asked, hash));
    TRYV(store_.read_now([&](store::Db& db) { return find(db, running_->seal, asked, hash, begun.reply); }));
    if (begun.reply) begun.claim.reset();
    return begun;
}

rt::Task<Result<Begun>> Idempotency::begin(Asked asked) {
    const std::string hash = digest({asked.route, asked.key});
    Begun begun;
    // Claimed before looking: whoever claims next finds what this one has kept.
    CO_TRY(begun.claim, claim_key(running_, asked, hash));
    auto found = std::make_shared<std::optional<KeptReply>>();  // the reader's thread may outlive this task
    auto question = std::make_shared<const Asked>(std::move(asked));
    std::function<Status(store::Db&)> look = [keys = running_, found, question, hash](store::Db& db) {
        return find(db, keys->seal, *question, hash, *found);
    };
    CO_TRYV(co_await store_.read(std::move(look)));
    if (*found) {
        begun.reply = std::move(*found);
        begun.claim->release();
        begun.claim.reset();
    }
    co_return begun;
}

std::unique_ptr<store::Op> Idempotency::sweep(int64_t now_us) {
    return store::op([before = now_us - idempotency_retention_us](store::Db& db) -> Status {
        auto q = db.query(kept_sweep);
        TRYV(q.bind(before).run());
        return {};
    });
}

std::span<const char* const> sql::idempotency_statements() { return all_statements; }

}  // namespace aig::records
