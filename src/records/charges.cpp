#include "records/charges.h"

#include <algorithm>

namespace aig::records {
namespace {
constexpr const char* charges_before =
    "SELECT started_us, id, key_id, request_id, model, tag, cost_nanos FROM call WHERE account_id = ?1 AND cost_nanos "
    "> 0 "
    "AND (started_us < ?2 OR (started_us = ?2 AND id < ?3)) ORDER BY started_us DESC, id DESC LIMIT ?4";
}  // namespace

Result<std::vector<Charged>> charges(store::Db& db, AccountId account, ChargeCursor behind, int64_t limit) {
    if (!behind.started_us) behind = {INT64_MAX, INT64_MAX};
    auto q = db.query(charges_before);
    q.bind(account.value).bind(behind.started_us).bind(behind.id).bind(std::clamp<int64_t>(limit, 1, 100'000));
    std::vector<Charged> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back({{q.integer(0), q.integer(1)},
                       KeyId{q.integer(2)},
                       std::string(q.text(3)),
                       std::string(q.text(4)),
                       std::string(q.text(5)),
                       q.integer(6)});
    }
}

}  // namespace aig::records
