#include "identity/webhook_secrets.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/time.h"
#include "identity/detail/rows.h"

namespace aig::identity {
namespace {
constexpr int64_t overlap_us = 86'400ll * 1'000'000;
constexpr const char* secrets_of =
    "SELECT sealed FROM webhook_secret WHERE account_id = ?1 AND (until_us = 0 OR until_us > ?2) ORDER BY id DESC";
constexpr const char* secret_insert = "INSERT INTO webhook_secret (account_id, sealed, created_us) VALUES (?1, ?2, ?3)";
constexpr const char* secret_end = "UPDATE webhook_secret SET until_us = ?2 WHERE account_id = ?1 AND until_us = 0";

std::string place_of(AccountId account) { return fmt::format("webhook_secret|{}|sealed", account.value); }

std::string mint() {
    const auto bytes = random_bytes(32);
    char text[64];
    sodium_bin2base64(text, sizeof text, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    return std::string("whsec_") + text;
}
}  // namespace

Result<std::vector<std::string>> signing_secrets(store::Store& store, const store::Sealer& sealer, AccountId account) {
    std::vector<std::string> out;
    TRYV(store.read_now([&](store::Db& db) -> Status {
        out.clear();
        auto q = db.query(secrets_of);
        q.bind(account.value).bind(now_us());
        while (true) {
            TRY(const bool row, q.step());
            if (!row) return {};
            TRY(auto secret, sealer.unseal(q.blob(0), place_of(account)));
            out.push_back(std::move(secret));
        }
    }));
    return out;
}

Result<std::string> webhook_secret(store::Store& store, const store::Sealer& sealer, AccountId account,
                                   store::Ops with) {
    TRY(auto all, signing_secrets(store, sealer, account));
    if (!all.empty()) return std::move(all.front());
    return rotate_webhook_secret(store, sealer, account, std::move(with));
}

Result<std::string> rotate_webhook_secret(store::Store& store, const store::Sealer& sealer, AccountId account,
                                          store::Ops with) {
    auto secret = mint();
    TRY(const auto sealed, sealer.seal(secret, place_of(account)));
    store::Batch b;
    b.guarded = true;
    b.ops.push_back(store::op([&sealed, account, now = now_us()](store::Db& db) -> Status {
        TRYV(load_account(db, account));
        auto end = db.query(secret_end);
        end.bind(account.value).bind(now + overlap_us);
        TRYV(end.run());
        auto insert = db.query(secret_insert);
        insert.bind(account.value).bind_blob(sealed).bind(now);
        TRYV(insert.run());
        return {};
    }));
    for (auto& op : with) b.ops.push_back(std::move(op));
    TRYV(store.commit_now(std::move(b)));
    return secret;
}

}  // namespace aig::identity
