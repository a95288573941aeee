// The audit log: who did what to which object, when, from where. Append-only: there is no update and no delete, and
// each row carries the hash of the one before, so that a changed, missing or inserted row is found and named. An entry
// is an Op: it is composed into the batch of the act itself, so that neither exists without the other. No secrets: a
// caller puts ids, names and amounts into the detail, never a key, a password or a token.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace aig::records {

struct AuditEntry {
    std::string actor;               ///< "operator:token", "operator:socket", "operator:local", "usr_…", "key_…"
    std::string action;              ///< "wallet.credit": object and verb, fixed words
    std::string object;              ///< what it was done to: "acc_1", "key_3", "coupon SUMMER"
    AccountId account;               ///< whose; 0 = the deployment's
    std::string detail_json = "{}";  ///< an object, at most 4,000 bytes (a longer one is stored as {"cut":true})
    std::string from;                ///< the peer's address, or what stands for it
};

std::unique_ptr<store::Op> audit(AuditEntry entry);
/// For an entry that is known only when the ops before it in its batch were applied (an id they gave out); nothing when
/// they changed nothing (a payment that was booked before).
std::unique_ptr<store::Op> audit(std::function<std::optional<AuditEntry>()> entry);

struct AuditRow {
    int64_t id = 0, at_us = 0;
    AuditEntry entry;
};
/// Newest first, from before `before` (0 = the end). `account` 0 and an empty `action` mean all.
Result<std::vector<AuditRow>> audit_log(store::Db& db, AccountId account, std::string_view action, int64_t before,
                                        int64_t limit);

struct AuditReport {
    std::vector<std::string> faults;  ///< each names the row
    int64_t rows = 0;
};
/// Re-checks the chain from its first row; changes nothing.
Result<AuditReport> verify_audit(store::Db& db);

}  // namespace aig::records
