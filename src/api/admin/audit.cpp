// The audit log as a list: who did what to which object, when, from where.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"

namespace aig::api {
namespace {
void write_row(JsonWriter& w, const records::AuditRow& r) {
    const auto& e = r.entry;
    w.begin_object().field("audit_id", id_text("aud_", r.id));
    write_stamp(w, "at", r.at_us);
    w.field("actor", e.actor).field("from", e.from).field("action", e.action).field("object", e.object);
    e.account ? w.field("account_id", to_text(e.account)) : w.field_null("account_id");
    // A damaged row is shown as the text it is; aig ledger verify names it.
    JsonDoc::parse(e.detail_json) ? w.field_raw("detail", e.detail_json) : w.field("detail", e.detail_json);
    w.end_object();
}

Result<AdminReply> list_audit(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"account", "action", "after", "limit"}));
    TRY(const int64_t account, query.id("account", "acc_"));
    TRY(const int64_t after, query.id("after", "aud_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    std::vector<records::AuditRow> rows;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(rows, records::audit_log(db, AccountId{account}, query.text("action"), after, limit));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("audit").begin_array();
    for (const auto& r : rows) write_row(w, r);
    w.end_array();
    std::ssize(rows) == limit ? w.field("next", id_text("aud_", rows.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/audit", list_audit},
};
}  // namespace

std::span<const AdminRow> audit_rows() { return rows; }

}  // namespace aig::api
