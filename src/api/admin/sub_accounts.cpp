// Sub-accounts, seen by the operator: names under an account with a budget and keys of their own.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"

namespace aig::api {
namespace {
constexpr size_t max_models = 1'000;

void write_limit(JsonWriter& w, std::string_view name, std::optional<int64_t> v) {
    v ? w.field(name, *v) : w.field_null(name);
}

void write_sub_account(JsonWriter& w, const identity::SubAccountRow& s) {
    w.begin_object().field("sub_account_id", to_text(s.id)).field("account_id", to_text(s.account));
    w.field("name", s.terms.name).field("external_ref", s.terms.external_ref).field("tag", s.terms.tag);
    s.terms.spend_cap_nanos ? w.field("spend_cap", dollars(*s.terms.spend_cap_nanos)) : w.field_null("spend_cap");
    write_limit(w, "rpm", s.terms.rpm);
    write_limit(w, "tpm", s.terms.tpm);
    write_limit(w, "concurrency", s.terms.concurrency);
    w.key("models").begin_array();
    for (const auto& m : s.terms.models) w.string(m);
    w.end_array().field("key_shown", s.key_shown);
    write_stamp(w, "created_at", s.created_us);
    w.end_object();
}

Result<AdminReply> create(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"name", "external_ref", "spend_cap", "rpm", "tpm",
                                                        "concurrency", "models", "tag", "prefix"}));
    identity::SubAccountTerms t;
    TRY(t.name, body.needed_text("name"));
    TRY(t.external_ref, body.text("external_ref", ""));
    TRY(t.spend_cap_nanos, body.amount_from_zero("spend_cap", max_amount_nanos));
    TRY(t.rpm, body.integer("rpm", 1, 1'000'000'000));
    TRY(t.tpm, body.integer("tpm", 1, 1'000'000'000'000));
    TRY(t.concurrency, body.integer("concurrency", 1, 1'000'000));
    TRY(t.models, body.texts("models", max_models));
    TRY(t.tag, body.text("tag", ""));
    TRY(const auto prefix, body.text("prefix", "sk-aig-"));
    TRY(const auto account, path_account(ask));
    const auto about = fmt::format(R"("name":{})", json_string(t.name));
    const auto with = [&](const identity::MintedSubAccount& made) {
        return ask.audited("sub_account.create", to_text(made.row.id), account, about);
    };
    TRY(const auto made, ask.directory.create_sub_account(account, std::move(t), prefix, with));
    AdminReply reply{201, {}};
    JsonWriter(reply.json)
        .begin_object()
        .field("sub_account_id", to_text(made.row.id))
        .field("key_id", to_text(made.key.id))
        .field("key", made.key.key)
        .end_object();
    return reply;
}

Result<AdminReply> list(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"external_ref", "after", "limit"}));
    TRY(const int64_t after, query.id("after", "sub_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    TRY(const auto account, path_account(ask));
    TRY(const auto found, ask.directory.sub_accounts(account, query.text("external_ref"), SubAccountId{after}, limit));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("sub_accounts").begin_array();
    for (const auto& s : found) write_sub_account(w, s);
    w.end_array();
    std::ssize(found) == limit ? w.field("next", to_text(found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/accounts/{id}/sub-accounts", create},
    {"GET", "/admin/accounts/{id}/sub-accounts", list},
};
}  // namespace

std::span<const AdminRow> sub_account_rows() { return rows; }

}  // namespace aig::api
