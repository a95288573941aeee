// What an account may ask of its operator: all that is held about it, and to be forgotten.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/held.h"
#include "api/admin/detail/rows.h"
#include "api/erase.h"

namespace aig::api {
namespace {
constexpr size_t max_page_bytes = 8 << 20;

/// One page of a part, so that an account of any size fits into memory: the caller goes on with `next`.
struct Page {
    std::string items;
    int64_t last = 0;
    bool more = false;
};

Result<Page> read_page(const Ask& ask, const HeldPart& part, AccountId account, int64_t after, int64_t limit) {
    Page page;
    TRYV(ask.read([&](store::Db& db) -> Status {
        page = {};
        JsonWriter w(page.items);
        w.begin_array();
        auto q = db.query(part.sql);
        q.bind(account.value).bind(after).bind(limit);
        for (int64_t n = 0;; ++n) {
            TRY(const bool row, q.step());
            page.more = row ? page.items.size() > max_page_bytes : n == limit;
            if (!row || page.more) break;
            write_row(w, q);
            page.last = q.integer(0);
        }
        w.end_array();
        return {};
    }));
    return page;
}

Result<AdminReply> export_account(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"part", "after", "limit"}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRY(const int64_t limit, query.integer("limit", max_page, 1, max_page));
    TRY(const int64_t after, query.integer("after", 0, 0, INT64_MAX));
    TRYV(ask.directory.account(AccountId{id}));
    AdminReply reply;
    JsonWriter w(reply.json);
    if (query.text("part").empty()) {
        w.begin_object().key("parts").begin_array();
        for (const auto& p : held_parts()) w.string(p.name);
        w.end_array().end_object();
        return reply;
    }
    for (const auto& p : held_parts()) {
        if (p.name != query.text("part")) continue;
        TRY(const auto page, read_page(ask, p, AccountId{id}, after, limit));
        w.begin_object().field("part", p.name).field_raw("items", page.items);
        page.more ? w.field("next", page.last) : w.field_null("next");
        w.end_object();
        return reply;
    }
    return Error(ErrorCode::bad_param, "'part' is none of those that the export without it lists.").param("part");
}

/// Money that is still there belongs to somebody: it is paid back first, or given up by name.
Status nothing_left(const Ask& ask, AccountId account) {
    TRY(const auto wallet, ask.book.wallet_now(account));
    if (wallet.held_nanos > 0) return Error(ErrorCode::conflict, "Calls of this account are still running.");
    if (wallet.balance_nanos <= 0) return {};
    return Error(ErrorCode::conflict,
                 fmt::format("The wallet still holds {} {}: pay it back first, or send \"force\": true.",
                             dollars(wallet.balance_nanos), wallet.currency));
}

Result<AdminReply> erase_account(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"force", "confirm"}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    const AccountId account{id};
    TRY(const std::string confirm, body.text("confirm", ""));
    if (confirm != to_text(account))
        return Error(ErrorCode::bad_param, "'confirm' must repeat the account's id: this cannot be undone.")
            .param("confirm");
    const auto force = body.member("force");
    if (force && !force.is_bool()) return Error(ErrorCode::bad_param, "'force' must be true or false.").param("force");
    TRYV(ask.directory.account(account));
    if (!force.boolean()) TRYV(nothing_left(ask, account));
    auto with = ask.audited("account.erase", to_text(account), account, fmt::format(R"("force":{})", force.boolean()));
    TRYV(forget_account(ask.directory, account, std::move(with)));
    AdminReply reply;
    JsonWriter(reply.json).begin_object().field("account_id", to_text(account)).field("status", "erased").end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/accounts/{id}/export", export_account},
    {"POST", "/admin/accounts/{id}/erase", erase_account},
};
}  // namespace

std::span<const AdminRow> privacy_rows() { return rows; }

}  // namespace aig::api
