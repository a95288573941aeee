#include "api/portal/transactions.h"

#include <fmt/format.h>

#include <charconv>

#include "base/money.h"
#include "base/time.h"
#include "ledger/history.h"
#include "records/charges.h"
#include "records/usage.h"

namespace aig::api {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t max_statement = 50'000;

std::string cursor_text(const HistoryCursor& c) { return fmt::format("{}-{}-{}", c.entry, c.started_us, c.call); }

Result<HistoryCursor> cursor_of(std::string_view text) {
    HistoryCursor c;
    if (text.empty()) return c;
    const char* at = text.data();
    const char* const end = at + text.size();
    bool good = true;
    for (int64_t* v : {&c.entry, &c.started_us, &c.call}) {
        const auto [next, failed] = std::from_chars(at, end, *v);
        good = good && failed == std::errc{} && *v >= 0 && (next == end || *next == '-');
        at = next == end ? next : next + 1;
    }
    if (good && at == end) return c;
    return Error(ErrorCode::bad_param, "'cursor' must be the 'next' of the page before.").param("cursor");
}

Transaction of_call(const records::Charged& c) {
    return {"usage", c.request_id, c.model, -c.cost_nanos, c.at.started_us, false};
}
Transaction of_movement(const ledger::Movement& m) {
    return {m.kind, id_text("txn_", m.entry), m.memo, m.amount_nanos, m.at_us, m.bonus};
}

/// A cell that no spreadsheet takes for a formula, and that cannot end early.
std::string csv_cell(std::string_view text) {
    std::string out = "\"";
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) out += '\'';
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c == '\n' || c == '\r' ? ' ' : c);
    return out + '"';
}
}  // namespace

Result<std::vector<Transaction>> history(store::Db& db, AccountId account, HistoryCursor& cursor, int64_t limit) {
    TRY(const auto moves, ledger::movements(db, account, cursor.entry, limit));
    TRY(const auto calls, records::charges(db, account, {cursor.started_us, cursor.call}, limit));
    std::vector<Transaction> out;
    auto move = moves.begin();
    auto call = calls.begin();
    while (std::ssize(out) < limit && (move != moves.end() || call != calls.end())) {
        const bool newer = call == calls.end() || (move != moves.end() && move->at_us > call->at.started_us);
        if (newer) {
            out.push_back(of_movement(*move));
            cursor.entry = move++->entry;
        } else {
            out.push_back(of_call(*call));
            cursor.started_us = call->at.started_us;
            cursor.call = call++->at.id;
        }
    }
    return out;
}

void write_transaction(JsonWriter& w, const Transaction& t, std::string_view currency) {
    w.begin_object().field("id", t.id).field("type", t.type).field("amount", dollars(t.amount_nanos));
    w.field("currency", currency).field("about", t.about).field("bonus", t.bonus);
    write_when(w, "created_at", t.at_us);
    w.end_object();
}

Result<PortalReply> list_transactions(Call& c) {
    TRY(const Query query, Query::parse(c.query, {"cursor", "limit"}));
    TRY(const int64_t limit, query.integer("limit", 50, 1, 500));
    TRY(auto cursor, cursor_of(query.text("cursor")));
    TRY(const auto wallet, c.portal.services().book->wallet_now(c.account()));
    std::vector<Transaction> rows;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        TRY(rows, history(db, c.account(), cursor, limit));
        return {};
    }));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    for (const auto& t : rows) write_transaction(w, t, wallet.currency);
    w.end_array();
    std::ssize(rows) == limit ? w.field("next", cursor_text(cursor)) : w.field_null("next");
    w.end_object();
    return reply;
}

/// One row a UTC day, days without calls included.
Result<PortalReply> portal_usage(Call& c) {
    TRY(const Query query, Query::parse(c.query, {"days"}));
    TRY(const int64_t days, query.integer("days", 30, 1, 366));
    TRY(const auto wallet, c.portal.services().book->wallet_now(c.account()));
    const int64_t today = now_us() / day_us;
    records::UsageReport report;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        records::UsageQuery ask;
        ask.account = c.account();
        ask.first_day = today - days + 1;
        ask.last_day = today;
        TRY(report, records::usage(db, ask));
        return {};
    }));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    auto row = report.rows.begin();
    for (int64_t day = today - days + 1; day <= today; ++day) {
        const auto date = utc_day(day * day_us);
        const bool there = row != report.rows.end() && row->name == date;
        const auto spend = there ? row++->spend : records::Spend{};
        w.begin_object().field("date", date).field("requests", spend.calls).field("input_tokens", spend.input);
        w.field("output_tokens", spend.output).field("cost", dollars(spend.cost_nanos));
        w.field("currency", wallet.currency).end_object();
    }
    w.end_array().end_object();
    return reply;
}

/// A month as CSV, oldest last, up to 50,000 lines; the last line says when there is more.
Result<PortalReply> portal_statement(Call& c) {
    TRY(const Query query, Query::parse(c.query, {"month"}));
    const auto month = query.text("month").empty() ? utc_month(now_us()) : std::string(query.text("month"));
    TRY(const auto days, records::parse_month(month));
    const int64_t from = days.first * day_us, to = (days.second + 1) * day_us;
    TRY(const auto wallet, c.portal.services().book->wallet_now(c.account()));
    std::vector<Transaction> rows;
    bool more = false;
    TRYV(c.portal.services().store->read_now([&](store::Db& db) -> Status {
        HistoryCursor cursor{0, to, 0};
        while (!more) {
            TRY(const auto page, history(db, c.account(), cursor, 1'000));
            for (const auto& t : page)
                if (t.at_us >= from && t.at_us < to) rows.push_back(t);
            if (page.empty() || page.back().at_us < from) return {};
            more = std::ssize(rows) >= max_statement;
        }
        return {};
    }));
    PortalReply reply;
    reply.type = "text/csv; charset=utf-8";
    reply.file = fmt::format("statement-{}.csv", month);
    reply.json = "time,type,id,about,amount,currency\r\n";
    for (const auto& t : rows)
        reply.json += fmt::format("{},{},{},{},{},{}\r\n", iso_utc(t.at_us), t.type, csv_cell(t.id), csv_cell(t.about),
                                  dollars(t.amount_nanos), wallet.currency);
    if (more) reply.json += "\"there is more than fits here; use /portal/api/transactions\",,,,,\r\n";
    return reply;
}

}  // namespace aig::api
