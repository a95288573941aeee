// Coupons: codes that are money, or a percentage off a call's price.
#include "ledger/coupons.h"
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/time.h"
#include "net/http.h"

namespace aig::api {
namespace {
constexpr size_t max_models = 100;
constexpr int64_t max_uses = 1'000'000'000, max_days = 36'500, max_expiry_s = 32'503'680'000;  // the year 3000

void write_coupon(JsonWriter& w, const ledger::Coupon& c) {
    const bool bonus = c.kind == ledger::CouponKind::bonus;
    w.begin_object().field("coupon_id", id_text("cpn_", c.id)).field("code", c.code);
    w.field("kind", bonus ? "bonus" : "discount");
    if (bonus)
        w.field("amount", dollars(c.amount_nanos)).field("currency", c.currency).field("bonus_days", c.bonus_days);
    else
        w.field("percent", decimal(c.percent_bps, 2)).key("models").begin_array();
    if (!bonus) {
        for (const auto& m : c.models) w.string(m);
        w.end_array();
    }
    w.field("uses", c.uses).field("max_uses", c.max_uses).field("max_per_account", c.max_per_account);
    w.field("status", c.disabled                                 ? "disabled"
                      : c.expires_us && c.expires_us <= now_us() ? "expired"
                      : c.uses >= c.max_uses                     ? "used up"
                                                                 : "active");
    write_stamp(w, "expires_at", c.expires_us);
    write_stamp(w, "created_at", c.created_us);
    w.field("note", c.note).end_object();
}

Result<AdminReply> show(const Ask& ask, std::string_view code, int status) {
    ledger::Coupon coupon;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(coupon, ledger::find_coupon(db, code));
        return {};
    }));
    AdminReply reply{status, {}};
    JsonWriter w(reply.json);
    write_coupon(w, coupon);
    return reply;
}

/// "12.5" percent in hundredths of a percent, 0.01 to 99.99.
Result<int64_t> percent_of(const std::string& text) {
    TRY(const int64_t bps, parse_decimal(text, 2, "percent"));
    if (bps < 1 || bps > 9'999)
        return Error(ErrorCode::bad_param, "'percent' must be from 0.01 to 99.99.").param("percent");
    return bps;
}

Result<AdminReply> create(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"code", "amount", "currency", "percent", "models", "max_uses",
                                                        "max_per_account", "expires_at", "bonus_days", "note"}));
    ledger::NewCoupon c;
    TRY(const auto code, body.text("code", random_base62(12)));
    TRY(c.code, ledger::coupon_code(code));
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    TRY(const auto percent, body.text("percent", ""));
    if (amount.has_value() == !percent.empty())
        return Error(ErrorCode::bad_param, "Give 'amount' (a bonus) or 'percent' (a discount).").param("amount");
    if (amount) {
        c.amount_nanos = *amount;
    } else {
        c.kind = ledger::CouponKind::discount;
        TRY(c.percent_bps, percent_of(percent));
    }
    TRY(c.currency, body.text("currency", ask.hooks.currency));
    TRY(c.models, body.texts("models", max_models));
    TRY(const auto uses, body.integer("max_uses", 1, max_uses));
    TRY(const auto each, body.integer("max_per_account", 1, max_uses));
    TRY(const auto expires_s, body.integer("expires_at", 1, max_expiry_s));
    TRY(const auto days, body.integer("bonus_days", 0, max_days));
    TRY(c.note, body.text("note", ""));
    c.max_uses = uses.value_or(1);
    c.max_per_account = each.value_or(1);
    c.expires_us = expires_s.value_or(0) * 1'000'000;
    c.bonus_days = days.value_or(0);
    const auto what = amount ? fmt::format(R"("amount":"{}","currency":{})", dollars(*amount), json_string(c.currency))
                             : fmt::format(R"("percent":"{}")", decimal(c.percent_bps, 2));
    const auto object = "coupon " + c.code, kept = c.code;
    TRYV(ask.commit(ask.book.create_coupon(std::move(c), nullptr), "coupon.create", object, {}, what));
    return show(ask, kept, 201);
}

Result<AdminReply> list(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"after", "limit"}));
    TRY(const int64_t after, query.id("after", "cpn_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    std::vector<ledger::Coupon> found;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(found, ledger::coupons(db, after, limit));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("coupons").begin_array();
    for (const auto& c : found) write_coupon(w, c);
    w.end_array();
    std::ssize(found) == limit ? w.field("next", id_text("cpn_", found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> show_one(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const auto code, net::percent_decode(ask.id));
    return show(ask, code, 200);
}

Result<AdminReply> set_disabled(const Ask& ask, bool disabled) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const auto given, net::percent_decode(ask.id));
    TRY(const auto code, ledger::coupon_code(given));
    TRYV(ask.commit(ask.book.disable_coupon(code, disabled), disabled ? "coupon.disable" : "coupon.enable",
                    "coupon " + code, {}));
    return show(ask, code, 200);
}
Result<AdminReply> disable(const Ask& ask) { return set_disabled(ask, true); }
Result<AdminReply> enable(const Ask& ask) { return set_disabled(ask, false); }

/// For a customer who cannot: the same rules as when the customer does it.
Result<AdminReply> redeem(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"code"}));
    TRY(const auto given, body.needed_text("code"));
    TRY(const auto code, ledger::coupon_code(given));
    TRY(const auto account, path_account(ask));
    auto posted = std::make_shared<ledger::Posted>();
    TRYV(ask.commit(ask.book.redeem(account, code, posted), "coupon.redeem", to_text(account), account,
                    fmt::format(R"("code":"{}")", code), posted));
    return AdminReply{200, wallet_json(posted->wallet)};
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/coupons", create},
    {"GET", "/admin/coupons", list},
    {"GET", "/admin/coupons/{id}", show_one},
    {"POST", "/admin/coupons/{id}/disable", disable},
    {"POST", "/admin/coupons/{id}/enable", enable},
    {"POST", "/admin/accounts/{id}/redeem", redeem},
};
}  // namespace

std::span<const AdminRow> coupon_rows() { return rows; }

}  // namespace aig::api
