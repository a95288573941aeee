#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "ledger/statement.h"

namespace aig::api {
namespace {

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

void write_statement(JsonWriter& w, const ledger::Statement& s) {
    w.begin_object().field("day", ledger::day_text(s.day)).field("text", s.body);
    w.field("signature", hex(s.signature)).field("public_key", hex(s.node_key));
}

/// The signed text, byte for byte, and whether the books still say the same.
Result<AdminReply> one_statement(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"day"}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRY(const int64_t day, ledger::day_number(query.text("day")));
    AdminReply reply;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(const auto found, ledger::statement(db, AccountId{id}, day));
        TRY(const auto fault, ledger::check_statement(db, found));
        JsonWriter w(reply.json);
        write_statement(w, found);
        w.field("ok", fault.empty());
        fault.empty() ? w.field_null("fault") : w.field("fault", fault);
        w.end_object();
        return {};
    }));
    return reply;
}

Result<AdminReply> list_statements(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"after", "limit"}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    int64_t before = 0;
    if (!query.text("after").empty()) {
        TRY(before, ledger::day_number(query.text("after")));
    }
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    TRYV(ask.directory.account(AccountId{id}));
    AdminReply reply;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(const auto found, ledger::statements(db, AccountId{id}, before, limit));
        JsonWriter w(reply.json);
        w.begin_object().key("statements").begin_array();
        for (const auto& s : found) {
            write_statement(w, s);
            w.end_object();
        }
        w.end_array();
        std::ssize(found) == limit ? w.field("next", ledger::day_text(found.back().day)) : w.field_null("next");
        w.end_object();
        return {};
    }));
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/accounts/{id}/statement", one_statement},
    {"GET", "/admin/accounts/{id}/statements", list_statements},
};
}  // namespace

std::span<const AdminRow> statement_rows() { return rows; }

}  // namespace aig::api
