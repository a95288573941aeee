// Margin and loss, and the comparison of the books with the request log and a provider's invoice.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/recon.h"
#include "api/admin/detail/rows.h"
#include "ledger/charges.h"
#include "records/margin.h"

namespace aig::api {
namespace {
constexpr int64_t max_days = 366, hour_us = 3'600'000'000;
constexpr size_t max_report_rows = 10'000, max_beyond = 5'000'000;

Result<records::MarginBy> by_of(std::string_view text) {
    if (text.empty()) return records::MarginBy{};
    records::MarginBy by{false, false, false, false};
    while (!text.empty()) {
        const auto name = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), name.size() + 1));
        if (name == "day")
            by.day = true;
        else if (name == "model")
            by.model = true;
        else if (name == "provider")
            by.provider = true;
        else if (name == "account")
            by.account = true;
        else if (name != "none")
            return Error(ErrorCode::bad_param, "'by' is a list of day, model, provider, account, or none.").param("by");
    }
    return by;
}

/// What the journal says about the calls of those days. A call is settled when it ends, at most hours after its start.
Result<records::BeyondByRequest> beyond(store::Db& db, const Days& range) {
    records::BeyondByRequest out;
    bool too_many = false;
    TRYV(ledger::each_resolved(db, range.from_us(), range.to_us() + 24 * hour_us, [&](const ledger::Resolved& r) {
        if (!r.overage_nanos && !r.loss_nanos && !r.exchanged) return;
        too_many |= out.size() >= max_beyond;
        if (too_many) return;
        const auto usd = r.exchanged ? std::optional(r.usd_nanos) : std::nullopt;
        out[std::string(r.request_id)] = {r.overage_nanos, r.loss_nanos, usd};
    }));
    if (too_many) return Error(ErrorCode::bad_param, "These days have too many calls: choose fewer.").param("from");
    return out;
}

void write_row(JsonWriter& w, const records::MarginRow& r, const records::MarginBy& by) {
    w.begin_object();
    if (by.day) w.field("day", day_text(r.day));
    if (by.model) w.field("model", r.model);
    if (by.provider) w.field("provider", r.provider);
    if (by.account) w.field("account_id", to_text(r.account));
    w.field("currency", r.currency).field("calls", r.calls).field("failed", r.failed);
    w.field("charged", dollars(r.charged_nanos)).field("overage", dollars(r.overage_nanos));
    w.field("charged_usd", dollars(r.charged_usd_nanos)).field("operator_cost_usd", dollars(r.operator_cost_nanos));
    w.field("operator_loss_usd", dollars(r.operator_loss_nanos)).field("margin_usd", dollars(r.margin_nanos()));
    w.field("without_rate", r.without_rate).end_object();
}

/// Sums of all rows, as far as they are in one currency.
Result<records::MarginRow> total_of(const std::vector<records::MarginRow>& rows) {
    records::MarginRow t;
    bool fits = true;
    for (const auto& r : rows)
        for (auto [sum, v] : {std::pair{&t.calls, r.calls},
                              {&t.failed, r.failed},
                              {&t.charged_usd_nanos, r.charged_usd_nanos},
                              {&t.operator_cost_nanos, r.operator_cost_nanos},
                              {&t.operator_loss_nanos, r.operator_loss_nanos},
                              {&t.without_rate, r.without_rate}})
            fits = !__builtin_add_overflow(*sum, v, sum) && fits;
    if (!fits) return Error(ErrorCode::internal, "the sums of the report do not fit 64 bits");
    return t;
}

Result<AdminReply> margin(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"from", "to", "by"}));
    TRY(const auto range, days(query, max_days));
    TRY(const auto by, by_of(query.text("by")));
    std::vector<records::MarginRow> rows;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(const auto more, beyond(db, range));
        TRY(rows, records::margin(db, range.from_us(), range.to_us(), by, more, max_report_rows));
        return {};
    }));
    TRY(const auto total, total_of(rows));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("from", day_text(range.from)).field("to", day_text(range.to)).key("rows").begin_array();
    for (const auto& r : rows) write_row(w, r, by);
    w.end_array().key("total").begin_object().field("calls", total.calls).field("failed", total.failed);
    w.field("charged_usd", dollars(total.charged_usd_nanos));
    w.field("operator_cost_usd", dollars(total.operator_cost_nanos));
    w.field("operator_loss_usd", dollars(total.operator_loss_nanos));
    w.field("margin_usd", dollars(total.margin_nanos())).field("without_rate", total.without_rate);
    w.end_object().end_object();
    return reply;
}

Result<AdminReply> recon(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"from", "to"}));
    TRY(const auto range, days(query, max_days));
    Recon r;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(r, reconcile_log(db, range.from_us(), range.to_us()));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object()
        .field("ok", r.differences == 0)
        .field("from", day_text(range.from))
        .field("to", day_text(range.to));
    w.field("calls", r.calls).field("resolved", r.resolved).field("differences", r.differences);
    w.key("requests").begin_array();
    for (const auto& d : r.listed)
        w.begin_object()
            .field("request_id", d.request_id)
            .field("what", d.what)
            .field("log", dollars(d.log_nanos))
            .field("ledger", dollars(d.ledger_nanos))
            .end_object();
    w.end_array().end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/reports/margin", margin},
    {"GET", "/admin/ledger/recon", recon},
};
}  // namespace

std::span<const AdminRow> report_rows() { return rows; }

}  // namespace aig::api
