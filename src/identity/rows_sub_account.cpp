#include <fmt/format.h>

#include "identity/detail/rows.h"

namespace aig::identity {
namespace {
#define SUB_ACCOUNT_COLUMNS                                                                                          \
    "SELECT s.id, s.account_id, s.name, s.external_ref, s.metadata, s.spend_cap_nanos, s.rpm, s.tpm, s.concurrency," \
    " s.tag, s.models, s.created_us, COALESCE(k.id, 0), COALESCE(k.shown, '') FROM sub_account s"                    \
    " LEFT JOIN api_key k ON k.id = (SELECT MAX(n.id) FROM api_key n WHERE n.sub_account_id = s.id"                  \
    " AND n.revoked_us = 0) WHERE s.deleted_us = 0 AND s.account_id = ?1 "
constexpr const char* sub_account_by_id = SUB_ACCOUNT_COLUMNS "AND s.id = ?2";
constexpr const char* sub_accounts_of = SUB_ACCOUNT_COLUMNS "AND s.id > ?2 ORDER BY s.id LIMIT ?3";
constexpr const char* sub_accounts_named =
    SUB_ACCOUNT_COLUMNS "AND s.id > ?2 AND s.external_ref = ?4 ORDER BY s.id LIMIT ?3";
#undef SUB_ACCOUNT_COLUMNS
constexpr const char* sub_account_highest = "SELECT COALESCE(MAX(id), 0) FROM sub_account";
constexpr const char* sub_account_insert =
    "INSERT INTO sub_account (id, account_id, name, external_ref, metadata, spend_cap_nanos, rpm, tpm, concurrency,"
    " tag, models, created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
constexpr const char* sub_account_update =
    "UPDATE sub_account SET name = ?2, external_ref = ?3, metadata = ?4, spend_cap_nanos = ?5, rpm = ?6, tpm = ?7,"
    " concurrency = ?8, tag = ?9, models = ?10 WHERE id = ?1";
constexpr const char* sub_account_delete = "UPDATE sub_account SET deleted_us = ?1 WHERE id = ?2";

SubAccountRow row_of(const store::Query& q) {
    SubAccountRow s;
    s.id = SubAccountId{q.integer(0)};
    s.account = AccountId{q.integer(1)};
    auto& t = s.terms;
    t.name = q.text(2), t.external_ref = q.text(3), t.metadata_json = q.text(4);
    t.spend_cap_nanos = maybe(q, 5), t.rpm = maybe(q, 6), t.tpm = maybe(q, 7), t.concurrency = maybe(q, 8);
    t.tag = q.text(9);
    t.models = texts_of(q.text(10));
    s.created_us = q.integer(11);
    s.key = KeyId{q.integer(12)};
    s.key_shown = q.text(13);
    return s;
}

void bind_terms(store::Query& q, const SubAccountTerms& t) {
    q.bind(std::string_view(t.name)).bind(std::string_view(t.external_ref)).bind(std::string_view(t.metadata_json));
    q.bind(t.spend_cap_nanos).bind(t.rpm).bind(t.tpm).bind(t.concurrency).bind(std::string_view(t.tag));
    q.bind(std::string_view(texts_json(t.models)));
}
}  // namespace

Error no_sub_account(SubAccountId id) {
    return Error(ErrorCode::resource_not_found, fmt::format("There is no sub-account '{}'.", to_text(id)))
        .param("sub_account_id");
}

Result<SubAccountId> highest_sub_account(store::Db& db) {
    auto q = db.query(sub_account_highest);
    TRYV(q.step());
    return SubAccountId{q.integer(0)};
}

Result<SubAccountRow> load_sub_account(store::Db& db, SubAccountId id, AccountId of) {
    auto q = db.query(sub_account_by_id);
    q.bind(of.value).bind(id.value);
    TRY(const bool row, q.step());
    if (!row) return no_sub_account(id);
    return row_of(q);
}

Result<std::vector<SubAccountRow>> list_sub_accounts(store::Db& db, AccountId of, std::string_view external_ref,
                                                     SubAccountId after, int64_t limit) {
    auto q = db.query(external_ref.empty() ? sub_accounts_of : sub_accounts_named);
    q.bind(of.value).bind(after.value).bind(limit);
    if (!external_ref.empty()) q.bind(external_ref);
    std::vector<SubAccountRow> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back(row_of(q));
    }
}

Status insert_sub_account(store::Db& db, const SubAccountRow& s) {
    TRYV(load_account(db, s.account));
    auto q = db.query(sub_account_insert);
    q.bind(s.id.value).bind(s.account.value);
    bind_terms(q, s.terms);
    q.bind(s.created_us);
    TRYV(q.run());
    return {};
}

Status save_sub_account(store::Db& db, const SubAccountRow& s) {
    auto q = db.query(sub_account_update);
    q.bind(s.id.value);
    bind_terms(q, s.terms);
    TRYV(q.run());
    return {};
}

Status mark_sub_account_deleted(store::Db& db, SubAccountId id, int64_t now_us) {
    auto q = db.query(sub_account_delete);
    q.bind(now_us).bind(id.value);
    TRYV(q.run());
    return {};
}

}  // namespace aig::identity
