#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "ledger/book.h"

namespace aig::api {
namespace {
Result<AdminReply> verify_ledger(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(auto report, ledger::Book::verify(ask.store));
    records::AuditReport log;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(log, records::verify_audit(db));
        return {};
    }));
    report.faults.insert(report.faults.end(), log.faults.begin(), log.faults.end());
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("ok", report.faults.empty()).key("faults").begin_array();
    for (const auto& f : report.faults) w.string(f);
    w.end_array()
        .field("entries", report.entries)
        .field("wallets", report.wallets)
        .field("open_holds", report.open_holds)
        .field("audit_rows", log.rows)
        .end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/ledger/verify", verify_ledger},
};
}  // namespace

std::span<const AdminRow> ledger_rows() { return rows; }

}  // namespace aig::api
