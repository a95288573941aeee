#include "api/admin/admin.h"

#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "base/time.h"

namespace aig::api {
namespace {
/// The topics, in the order of docs/reference/admin-api.md. A new one is a file beside this one and a line here.
constexpr std::span<const AdminRow> (*topics[])() = {
    account_rows, user_rows,        wallet_rows, money_rows,   coupon_rows, rate_rows,    tag_budget_rows,
    key_rows,     sub_account_rows, secret_rows, privacy_rows, price_rows,  call_rows,    topup_rows,
    ledger_rows,  statement_rows,   report_rows, invoice_rows, audit_rows,  gateway_rows,
};

/// The id in `path` when it has the pattern's form ("" for a pattern without one); nothing when it has not.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
    const auto hole = pattern.find("{id}");
    if (hole == std::string_view::npos) return pattern == path ? std::optional<std::string_view>("") : std::nullopt;
    const auto before = pattern.substr(0, hole), after = pattern.substr(hole + 4);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return {};
    const auto id = path.substr(before.size(), path.size() - before.size() - after.size());
    return id.find('/') == std::string_view::npos ? std::optional(id) : std::nullopt;
}
}  // namespace

Result<AdminReply> Admin::dispatch(const AdminRequest& request, std::shared_ptr<const records::Claim> claim) {
    std::string methods;
    for (const auto topic : topics)
        for (const auto& row : topic()) {
            const auto id = match(row.path, request.path);
            if (!id) continue;
            if (row.method == request.method && row.method != "GET") TRYV(Query::parse(request.query, {}));
            if (row.method == request.method)
                return row.handler({request, *id, store_, book_, directory_, hooks_, claim});
            fmt::format_to(std::back_inserter(methods), "{}{}", methods.empty() ? "" : ", ", row.method);
        }
    if (methods.empty())
        return Error(ErrorCode::route_not_found, fmt::format("There is no {}.", request.path.substr(0, 200)));
    return Error(ErrorCode::method_not_allowed, fmt::format("{} takes {}.", request.path, methods));
}

/// The act itself leaves a mark under the key in its own batch (Ask::done_once), so that it is never done twice; the
/// reply, which is known only then, follows in a second one.
Result<AdminReply> Admin::once(const AdminRequest& r) {
    constexpr AccountId operators{-1};
    TRY(auto begun, hooks_.idempotency->begin_now({operators, r.method + ' ' + r.path, r.idempotency_key,
                                                   records::digest({r.method, r.path, r.query, r.body}), now_us()}));
    if (begun.reply) return AdminReply{begun.reply->status, std::move(begun.reply->body), true};
    auto reply = dispatch(r, begun.claim);
    if (reply && reply->status < 300) {
        store::Batch kept;
        kept.ops.push_back(records::keep(begun.claim, {reply->status, r.path, {}, reply->json}));
        if (const auto written = store_.commit_now(std::move(kept)); !written)
            log::warn("admin_reply_not_kept", {{"path", r.path}, {"code", written.error().row().name}});
    }
    begun.claim->release();
    return reply;
}

AdminReply Admin::answer(const AdminRequest& request) {
    const bool keyed = request.method == "POST" && !request.idempotency_key.empty() && hooks_.idempotency;
    auto reply = keyed ? once(request) : dispatch(request, nullptr);
    if (reply) return *std::move(reply);
    return {reply.error().status(), admin_error_json(reply.error())};
}

records::AuditEntry Ask::act(std::string action, std::string object, AccountId account) const {
    return {.actor = request.actor,
            .action = std::move(action),
            .object = std::move(object),
            .account = account,
            .from = request.from};
}

store::Ops Ask::audited(std::string action, std::string object, AccountId account, std::string_view detail) const {
    auto entry = act(std::move(action), std::move(object), account);
    entry.detail_json = fmt::format("{{{}}}", detail);
    store::Ops ops;
    done_once(ops, entry.action);
    ops.push_back(records::audit(std::move(entry)));
    return ops;
}

void Ask::done_once(store::Ops& ops, const std::string& action) const {
    if (claim) ops.push_back(records::keep(claim, {0, action}));
}

std::string Ask::change() const { return fmt::format(R"("change":{})", request.body.empty() ? "{}" : request.body); }

Status Ask::commit(std::unique_ptr<store::Op> op, std::string action, std::string object, AccountId account,
                   std::string_view detail, ledger::PostedPtr posted) const {
    auto entry = act(std::move(action), std::move(object), account);
    entry.detail_json = fmt::format("{{{}}}", detail);
    store::Batch b;
    b.ops.push_back(std::move(op));
    done_once(b.ops, entry.action);
    b.ops.push_back(records::audit([entry, posted]() -> std::optional<records::AuditEntry> {
        if (posted && posted->before) return {};
        return entry;
    }));
    return store.commit_now(std::move(b));
}

Result<AccountId> path_account(const Ask& ask) {
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRYV(ask.directory.account(AccountId{id}));
    return AccountId{id};
}

void write_stamp(JsonWriter& w, std::string_view name, int64_t us) {
    us ? w.field(name, iso_utc(us)) : w.field_null(name);
}

std::string admin_error_json(const Error& error) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("error").begin_object().field("code", error.row().name).field("message", error.message());
    if (!error.param().empty()) w.field("param", error.param());
    w.field("next_step", error.row().advice).raw_members(error.details_json()).end_object().end_object();
    return out;
}

}  // namespace aig::api
