// Providers' invoices: import once, compare with the request log.
#include "records/invoices.h"
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "net/http.h"

namespace aig::api {
namespace {
constexpr size_t max_id = 200, max_listed_requests = 1'000;

void write_head(JsonWriter& w, const records::InvoiceHead& h) {
    w.field("invoice_id", h.invoice_id).field("lines", h.lines);
    write_stamp(w, "imported_at", h.imported_us);
}

void write_side(JsonWriter& w, std::string_view name, const records::Side& s, bool priced) {
    w.key(name).begin_object().field("calls", s.calls).field("units", s.units);
    priced ? w.field("cost_usd", dollars(s.cost_nanos)) : w.field_null("cost_usd");
    w.end_object();
}

void write_reconciliation(JsonWriter& w, const records::Reconciliation& r) {
    w.field("agrees", r.agrees()).key("rows").begin_array();
    for (const auto& row : r.rows) {
        w.begin_object().field("day", day_text(row.day)).field("provider", row.provider).field("model", row.model);
        w.field("agrees", row.agrees());
        write_side(w, "theirs", row.theirs, row.priced);
        write_side(w, "ours", row.ours, true);
        w.end_object();
    }
    w.end_array().field("request_differences", r.request_differences).key("requests").begin_array();
    for (const auto& d : r.requests)
        w.begin_object()
            .field("request_id", d.request_id)
            .field("what", d.what)
            .field("their_units", d.their_units)
            .field("our_units", d.our_units)
            .field("their_cost_usd", dollars(d.their_cost_nanos))
            .field("our_cost_usd", dollars(d.our_cost_nanos))
            .end_object();
    w.end_array();
}

Result<AdminReply> reply_with(const Ask& ask, const records::InvoiceHead& head, int status, bool before) {
    records::Reconciliation r;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(r, records::reconcile(db, head, max_listed_requests));
        return {};
    }));
    AdminReply reply{status, {}};
    JsonWriter w(reply.json);
    w.begin_object();
    write_head(w, head);
    if (before) w.field("imported_before", true);
    write_reconciliation(w, r);
    w.end_object();
    return reply;
}

Result<AdminReply> import(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"invoice_id", "provider", "text"}, max_invoice_body));
    TRY(const std::string invoice_id, body.needed_text("invoice_id"));
    if (invoice_id.size() > max_id)
        return Error(ErrorCode::bad_param, fmt::format("'invoice_id' may have at most {} bytes.", max_id))
            .param("invoice_id");
    TRY(const std::string provider, body.text("provider", ""));
    TRY(const std::string_view text, body.long_text("text"));
    TRY(const auto lines, records::parse_invoice(text, provider));
    auto act = ask.act("invoice.import", "invoice " + invoice_id, {});
    act.detail_json = fmt::format(R"({{"lines":{}}})", lines.size());
    TRY(const auto imported, records::import_invoice(ask.store, invoice_id, text, lines, std::move(act)));
    if (!imported.before) log::info("invoice_imported", {{"invoice_id", invoice_id}, {"lines", imported.head.lines}});
    return reply_with(ask, imported.head, imported.before ? 200 : 201, imported.before);
}

Result<AdminReply> list(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"limit"}));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    std::vector<records::InvoiceHead> heads;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(heads, records::invoices(db, limit));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("invoices").begin_array();
    for (const auto& h : heads) {
        w.begin_object();
        write_head(w, h);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

Result<AdminReply> show(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const auto invoice_id, net::percent_decode(ask.id));
    records::InvoiceHead head;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(head, records::invoice(db, invoice_id));
        return {};
    }));
    return reply_with(ask, head, 200, false);
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/invoices", import},
    {"GET", "/admin/invoices", list},
    {"GET", "/admin/invoices/{id}", show},
};
}  // namespace

std::span<const AdminRow> invoice_rows() { return rows; }

}  // namespace aig::api
