#include "ledger/detail/journal.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cstdlib>

#include "ledger/detail/canonical.h"
#include "ledger/gathered_store.h"

namespace aig::ledger {

bool known_kind(int64_t kind) {
    return (kind >= 10 && kind <= 14) || (kind >= 20 && kind <= 24) || (kind >= 30 && kind <= 33) || kind == 40;
}

// Fetched once: looking the algorithm up costs more than hashing an entry.
struct EntryHasher::Digest {
    EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Digest() {
        EVP_MD_CTX_free(context);
        EVP_MD_free(sha256);
    }
};

EntryHasher::EntryHasher() : digest_(std::make_unique<Digest>()) {
    if (!digest_->sha256 || !digest_->context) std::abort();  // a libcrypto without SHA-256 cannot keep books
}
EntryHasher::~EntryHasher() = default;

Hash EntryHasher::hash(std::string_view previous, const Entry& e) {
    bytes_.assign(previous);
    CanonWriter w(bytes_);
    w.number(e.id).number(static_cast<int64_t>(e.kind)).number(e.account).number(e.wallet).number(e.amount);
    w.number(e.hold).number(e.at_us).number(e.ref.has_value()).text(e.ref.value_or("")).text(e.body);
    Hash out;
    const bool ok = EVP_DigestInit_ex2(digest_->context, digest_->sha256, nullptr) == 1 &&
                    EVP_DigestUpdate(digest_->context, bytes_.data(), bytes_.size()) == 1 &&
                    EVP_DigestFinal_ex(digest_->context, out.data(), nullptr) == 1;
    if (!ok) std::abort();
    return out;
}

Status Journal::load(store::Db& db) {
    TRY(head_, sql::load_head(db));
    dirty_ = false;
    TRY(const auto newest, sql::newest_entry(db));
    if (newest.entry != head_.entry || newest.hash != head_.hash)
        return Error(
            ErrorCode::storage_unavailable,
            fmt::format(
                "the ledger's chain ends at entry {}, but the newest entry is {} or has another hash; restore a "
                "backup, or look with: aig ledger verify",
                head_.entry, newest.entry));
    return {};
}

Result<int64_t> Journal::append(store::Db& db, Entry e) {
    e.id = head_.entry + 1;
    const Hash hash = hasher_.hash(head_.hash, e);
    TRYV(sql::gather_entry(db, e, bytes_of(hash)));
    head_.entry = e.id;
    head_.hash.assign(bytes_of(hash));
    dirty_ = true;
    return e.id;
}

Status Journal::flush(store::Db& db) {
    if (!std::exchange(dirty_, false)) return {};
    return sql::save_head(db, head_);
}

}  // namespace aig::ledger
