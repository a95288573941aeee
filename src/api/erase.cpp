#include "api/erase.h"

#include "base/log.h"
#include "records/records.h"

namespace aig::api {
namespace {
constexpr const char* forget_events = "DELETE FROM event WHERE account_id = ?1";
constexpr const char* forget_replies = "DELETE FROM idempotent_reply WHERE account_id = ?1";
constexpr const char* forget_responses = "DELETE FROM stored_response WHERE account_id = ?1";

std::unique_ptr<store::Op> forget(const char* sql, AccountId account) {
    return store::op([sql, account](store::Db& db) -> Status {
        auto q = db.query(sql);
        q.bind(account.value);
        TRYV(q.run());
        return {};
    });
}
}  // namespace

Status forget_account(identity::Directory& directory, AccountId account, store::Ops with) {
    for (const char* sql : {forget_events, forget_replies, forget_responses}) with.push_back(forget(sql, account));
    with.push_back(store::op([account](store::Db& db) { return records::forget_names(db, account); }));
    TRYV(directory.erase_account(account, std::move(with)));
    log::info("account_erased", {{"account", to_text(account)}});
    return {};
}

}  // namespace aig::api
