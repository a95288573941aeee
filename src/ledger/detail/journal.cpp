// The hash function itself, not EVP around it: that costs a quarter of hashing an entry.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ledger/detail/journal.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <cstdlib>

#include "ledger/detail/canonical.h"
#include "ledger/gathered_store.h"

namespace aig::ledger {

bool known_kind(int64_t kind) {
    return (kind >= 10 && kind <= 14) || (kind >= 20 && kind <= 24) || (kind >= 30 && kind <= 33) || kind == 40;
}

Hash EntryHasher::hash(std::string_view previous, const Entry& e) {
    bytes_.assign(previous);
    CanonWriter w(bytes_);
    w.number(e.id).number(static_cast<int64_t>(e.kind)).number(e.account).number(e.wallet).number(e.amount);
    w.number(e.hold).number(e.at_us).number(e.ref.has_value()).text(e.ref.value_or("")).text(e.body);
    w.flush();
    Hash out;
    SHA256_CTX sha;
    const bool ok = SHA256_Init(&sha) == 1 && SHA256_Update(&sha, bytes_.data(), bytes_.size()) == 1 &&
                    SHA256_Final(out.data(), &sha) == 1;
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
