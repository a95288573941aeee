// Exchange rates: units of a wallet's currency for one USD. A new one holds for calls that begin after it.
#include "ledger/rates.h"
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"

namespace aig::api {
namespace {
/// "3.5", or "7/3" where the decimal does not end.
std::string ratio_text(Ratio r) {
    __int128 scaled = static_cast<__int128>(r.num) * nanos_per_unit;
    if (scaled % r.den != 0 || scaled / r.den > INT64_MAX) return fmt::format("{}/{}", r.num, r.den);
    return decimal(static_cast<int64_t>(scaled / r.den), 9);
}

Result<AdminReply> list(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("rates").begin_array();
    const auto table = ask.book.rates();
    for (const auto& [currency, rate] : table->all())
        w.begin_object()
            .field("currency", currency)
            .field("per_usd", ratio_text(rate.per_usd))
            .field("rate_id", id_text("fxr_", rate.id))
            .end_object();
    w.end_array().end_object();
    return reply;
}

Result<AdminReply> set(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"currency", "per_usd"}));
    TRY(const auto currency, body.needed_text("currency"));
    if (!ledger::is_currency(currency) || currency == "USD")
        return Error(ErrorCode::bad_param, "'currency' must be three to eight capital letters or digits, and not USD.")
            .param("currency");
    TRY(const auto text, body.needed_text("per_usd"));
    TRY(const auto rate, decimal_ratio(text, "per_usd"));
    TRYV(ask.commit(ask.book.set_rate(currency, rate, "operator"), "rate.set", "rate " + currency, {},
                    fmt::format(R"("per_usd":"{}")", ratio_text(rate))));
    AdminReply reply;
    JsonWriter(reply.json).begin_object().field("currency", currency).field("per_usd", ratio_text(rate)).end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/rates", list},
    {"POST", "/admin/rates", set},
};
}  // namespace

std::span<const AdminRow> rate_rows() { return rows; }

}  // namespace aig::api
