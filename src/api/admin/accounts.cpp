#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"

namespace aig::api {
namespace {
void write_account(JsonWriter& w, const identity::AccountRow& a) {
    w.begin_object()
        .field("account_id", to_text(a.id))
        .field("name", a.name)
        .field("email", a.email)
        .field("status", a.status);
    write_stamp(w, "created_at", a.created_us);
    w.end_object();
}

Status read_text(const Body& body, std::string_view name, std::optional<std::string>& into) {
    TRY(into, body.text(name, ""));
    return {};
}

Result<AdminReply> make_account(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"name", "email", "currency"}));
    TRY(const std::string name, body.needed_text("name"));
    TRY(std::string email, body.text("email", ""));
    TRY(const std::string currency, body.text("currency", ask.hooks.currency));
    bool letters = currency.size() == 3;
    for (const char c : currency) letters = letters && c >= 'A' && c <= 'Z';
    if (!letters)
        return Error(ErrorCode::bad_param, "'currency' must be three capital letters, such as USD.").param("currency");
    const auto wallet = [&](AccountId id) {
        auto ops = ask.audited("account.create", to_text(id), id,
                               fmt::format(R"("name":{},"currency":"{}")", json_string(name), currency));
        ops.push_back(ask.book.create_wallet(id, currency));
        return ops;
    };
    TRY(const AccountId id, ask.directory.create_account(name, std::move(email), wallet));
    log::info("account_created", {{"account", to_text(id)}});
    AdminReply reply{201, {}};
    JsonWriter(reply.json).begin_object().field("account_id", to_text(id)).end_object();
    return reply;
}

Result<AdminReply> list_accounts(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"after", "limit"}));
    TRY(const int64_t after, query.id("after", "acc_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    TRY(const auto rows_found, ask.directory.accounts(AccountId{after}, limit));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("accounts").begin_array();
    for (const auto& a : rows_found) write_account(w, a);
    w.end_array();
    std::ssize(rows_found) == limit ? w.field("next", to_text(rows_found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> show_account(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRY(const auto row, ask.directory.account(AccountId{id}));
    AdminReply reply;
    JsonWriter w(reply.json);
    write_account(w, row);
    return reply;
}

Result<AdminReply> set_blocked(const Ask& ask, bool blocked) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    const AccountId account{id};
    TRYV(ask.directory.block_account(
        account, blocked, ask.audited(blocked ? "account.block" : "account.unblock", to_text(account), account)));
    log::info(blocked ? "account_blocked" : "account_unblocked", {{"account", to_text(account)}});
    return show_account(ask);
}

Result<AdminReply> block_account(const Ask& ask) { return set_blocked(ask, true); }

Result<AdminReply> unblock_account(const Ask& ask) { return set_blocked(ask, false); }

Result<AdminReply> update_account(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"name", "email"}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    std::optional<std::string> name, email;
    if (body.has("name")) TRYV(read_text(body, "name", name));
    if (body.has("email")) TRYV(read_text(body, "email", email));
    const AccountId account{id};
    TRY(const auto row,
        ask.directory.update_account(account, std::move(name), std::move(email),
                                     ask.audited("account.update", to_text(account), account, ask.change())));
    AdminReply reply;
    JsonWriter w(reply.json);
    write_account(w, row);
    return reply;
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/accounts", make_account},
    {"GET", "/admin/accounts", list_accounts},
    {"GET", "/admin/accounts/{id}", show_account},
    {"PATCH", "/admin/accounts/{id}", update_account},
    {"POST", "/admin/accounts/{id}/block", block_account},
    {"POST", "/admin/accounts/{id}/unblock", unblock_account},
};
}  // namespace

std::span<const AdminRow> account_rows() { return rows; }

}  // namespace aig::api
