#include "api/admin/detail/held.h"

#include <fmt/format.h>

#include <algorithm>

namespace aig::api {
namespace {
#define ENTRY_COLUMNS "id, kind, account_id, wallet_id, amount, hold_id, at_us, ref, body"
#define CALL_COLUMNS                                                                                              \
    "id, request_id, correlation_id, account_id, key_id, model, provider, upstream_model, operation, tag, "       \
    "error_code, "                                                                                                \
    "losses, stop_reason, started_us, duration_us, first_byte_us, status, attempts, flags, input, cached_input, " \
    "cache_write, output, reasoning, cost_nanos, operator_cost_nanos, sub_account_id"
constexpr HeldPart parts[] = {
    {"account", "account", "SELECT * FROM account WHERE id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"users", "membership",
     "SELECT u.id, u.email, u.status, u.verified_us, u.created_us, u.login_us, m.role, m.created_us AS member_us"
     " FROM membership m JOIN portal_user u ON u.id = m.user_id WHERE m.account_id = ?1 AND u.id > ?2"
     " ORDER BY u.id LIMIT ?3"},
    {"sessions", "portal_session",
     "SELECT id, user_id, created_us, seen_us, expires_us, peer, agent FROM portal_session WHERE account_id = ?1"
     " AND id > ?2 ORDER BY id LIMIT ?3"},
    {"invitations", "mail_token",
     "SELECT id, kind, email, role, created_us, expires_us, used_us FROM mail_token WHERE account_id = ?1 AND id > ?2"
     " ORDER BY id LIMIT ?3"},
    {"keys", "api_key", "SELECT * FROM api_key WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"sub_accounts", "sub_account", "SELECT * FROM sub_account WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"wallets", "wallet", "SELECT * FROM wallet WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"tag_budgets", "tag_budget", "SELECT * FROM tag_budget WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"entries", "entry",
     "SELECT * FROM (SELECT * FROM (SELECT " ENTRY_COLUMNS " FROM entry WHERE account_id = ?1 AND id > ?2 ORDER BY id"
     " LIMIT ?3) UNION ALL SELECT * FROM (SELECT " ENTRY_COLUMNS " FROM entry_paged WHERE account_id = ?1 AND id > ?2"
     " AND page > ?2 ORDER BY page, id LIMIT ?3)) ORDER BY id LIMIT ?3"},
    {"deposit_addresses", "topup_address",
     "SELECT id, rail, address, assigned_us, retired_us FROM topup_address WHERE account_id = ?1 AND id > ?2"
     " ORDER BY id LIMIT ?3"},
    {"orders", "topup_order", "SELECT * FROM topup_order WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"deposits", "deposit", "SELECT * FROM deposit WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"calls", "call",
     "SELECT * FROM (SELECT * FROM (SELECT " CALL_COLUMNS " FROM call WHERE account_id = ?1 AND id > ?2 ORDER BY id"
     " LIMIT ?3) UNION ALL SELECT * FROM (SELECT " CALL_COLUMNS " FROM call_paged WHERE account_id = ?1 AND id > ?2"
     " AND page IN (SELECT DISTINCT page FROM call_page_account WHERE account_id = ?1 AND page > ?2 ORDER BY page"
     " LIMIT ?3 + 1) ORDER BY page, id LIMIT ?3)) ORDER BY id LIMIT ?3"},
    {"events", "event", "SELECT * FROM event WHERE account_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"},
    {"audit", "audit",
     "SELECT id, at_us, actor, action, object, origin, detail FROM audit WHERE account_id = ?1 AND id > ?2"
     " ORDER BY id LIMIT ?3"},
};
#undef CALL_COLUMNS
#undef ENTRY_COLUMNS
constexpr NotExported others[] = {
    {"call_page_account", "says where `calls` are"},
    {"open_hold", "gone within minutes; the wallet's `held` says it"},
    {"call_day", "sums over `calls`"},
    {"usage_day", "sums over `calls`"},
    {"account_price_list", "the name of a price list, the operator's own"},
    {"quote", "a price that was promised, gone when it ends"},
    {"idempotent_reply", "sealed, and gone within a day"},
    {"stored_response", "sealed, and gone after responses.retention; GET /v1/responses/{id} reads it"},
    {"webhook_secret", "a secret"},
    {"trial", "a hash that tells nobody's address"},
    {"coupon_use", "its money is in `entries`"},
    {"statement", "sums over `entries`"},
};
constexpr std::string_view secret_columns[] = {"hash", "sealed", "seal", "password"};

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char b : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(b));
    return out;
}
}  // namespace

std::span<const HeldPart> held_parts() { return parts; }
std::span<const NotExported> not_exported() { return others; }

void write_row(JsonWriter& w, const store::Query& row) {
    using Kind = store::Query::Kind;
    w.begin_object();
    for (int i = 0; i < row.columns(); ++i) {
        const auto name = row.name(i);
        if (std::find(std::begin(secret_columns), std::end(secret_columns), name) != std::end(secret_columns)) continue;
        switch (row.kind(i)) {
            case Kind::null:
                w.field_null(name);
                break;
            case Kind::integer:
                w.field(name, row.integer(i));
                break;
            case Kind::text:
                w.field(name, row.text(i));
                break;
            case Kind::blob:
                w.field(name, hex(row.blob(i)));
                break;
        }
    }
    w.end_object();
}

}  // namespace aig::api
