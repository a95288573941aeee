#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "ledger/book.h"

namespace aig::api {
namespace {
Result<AdminReply> reload(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    if (!ask.hooks.reload) return Error(ErrorCode::conflict, "There is no configuration file to reload.");
    TRY(const auto waiting, ask.hooks.reload());
    TRYV(ask.store.commit_now({.ops = ask.audited("config.reload", "configuration", {})}));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("reloaded", true).key("needs_restart").begin_array();
    for (const auto& setting : waiting) w.string(setting);
    w.end_array().end_object();
    return reply;
}

Result<AdminReply> status(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("schema_version", ask.store.schema_version()).field("open_holds", ask.book.open_holds());
    w.field("write_queue", ask.store.queue_length());
    if (ask.hooks.status_json) w.raw_members(ask.hooks.status_json());
    w.end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/reload", reload},
    {"GET", "/admin/status", status},
};
}  // namespace

std::span<const AdminRow> gateway_rows() { return rows; }

}  // namespace aig::api
