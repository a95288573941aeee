#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/money.h"
#include "records/records.h"

namespace aig::api {
namespace {
void write_call(JsonWriter& w, const records::CallRecord& c) {
    w.begin_object()
        .field("request_id", c.request_id)
        .field("account_id", to_text(c.account))
        .field("key_id", to_text(c.key));
    w.field("model", c.model).field("provider", c.provider).field("operation", c.operation).field("status", c.status);
    w.field("error_code", c.error_code).field("streamed", c.streamed).field("attempts", c.attempts).field("tag", c.tag);
    write_stamp(w, "started_at", c.started_us);
    w.field("duration_ms", c.duration_us / 1000).field("first_byte_ms", c.first_byte_us / 1000);
    w.field("input_tokens", c.input).field("cached_input_tokens", c.cached_input).field("output_tokens", c.output);
    w.field("cost", dollars(c.cost_nanos)).field("operator_cost", dollars(c.operator_cost_nanos)).end_object();
}

Result<AdminReply> recent_calls(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"account", "limit"}));
    TRY(const int64_t account, query.id("account", "acc_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    std::vector<records::CallRecord> calls;
    TRYV(ask.store.read_now([&](store::Db& db) -> Status {
        TRY(calls, records::recent(db, AccountId{account}, limit));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("calls").begin_array();
    for (const auto& c : calls) write_call(w, c);
    w.end_array().end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/calls/recent", recent_calls},
};
}  // namespace

std::span<const AdminRow> call_rows() { return rows; }

}  // namespace aig::api
