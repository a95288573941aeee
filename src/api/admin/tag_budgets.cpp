// Spend caps of tags, per account.
#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/time.h"
#include "ledger/budgets.h"
#include "ledger/ledger_store.h"

namespace aig::api {
namespace {
constexpr size_t max_tag = 128;

Result<AdminReply> list(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const auto account, path_account(ask));
    std::vector<ledger::TagBudget> found;
    std::vector<ledger::Budget> sums;
    const int64_t now = now_us();
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(found, ledger::tag_budgets(db, account));
        sums.clear();
        for (const auto& b : found) {
            TRY(const auto sum, ledger::sql::load_budget(db, b.at(now)));
            sums.push_back(sum);
        }
        return {};
    }));
    TRY(const auto wallet, ask.book.wallet_now(account));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("tag_budgets").begin_array();
    for (size_t i = 0; i < found.size(); ++i) {
        const auto& b = found[i];
        w.begin_object().field("tag", b.tag).field("cap", dollars(b.cap_nanos));
        w.field("period", b.period.empty() ? "ever" : b.period).field("spent", dollars(sums[i].spent));
        w.field("held", dollars(sums[i].held)).field("currency", wallet.currency).end_object();
    }
    w.end_array().end_object();
    return reply;
}

Result<std::string> tag_of(const Body& body) {
    TRY(auto tag, body.needed_text("tag"));
    if (tag.size() > max_tag)
        return Error(ErrorCode::bad_param, fmt::format("'tag' may have at most {} bytes.", max_tag)).param("tag");
    return tag;
}

Result<AdminReply> set(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"tag", "cap", "period"}));
    ledger::TagBudget b;
    TRY(b.tag, tag_of(body));
    TRY(const auto cap, body.amount_from_zero("cap", max_amount_nanos));
    if (!cap) return Error(ErrorCode::bad_param, "'cap' is required, as decimal text.").param("cap");
    TRY(b.period, body.text("period", ""));
    if (b.period == "ever") b.period.clear();
    if (!ledger::is_budget_period(b.period))
        return Error(ErrorCode::bad_param, "'period' must be day, month or ever.").param("period");
    TRY(b.account, path_account(ask));
    b.cap_nanos = *cap;
    const auto account = b.account;
    TRYV(ask.commit(ask.book.set_tag_budget(b), "tag_budget.set", to_text(account), account,
                    fmt::format(R"("tag":{},"cap":"{}","period":"{}")", json_string(b.tag), dollars(*cap), b.period)));
    AdminReply reply;
    JsonWriter(reply.json)
        .begin_object()
        .field("tag", b.tag)
        .field("cap", dollars(*cap))
        .field("period", b.period.empty() ? "ever" : b.period)
        .end_object();
    return reply;
}

Result<AdminReply> drop(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"tag"}));
    TRY(const auto tag, tag_of(body));
    TRY(const auto account, path_account(ask));
    TRYV(ask.commit(ask.book.drop_tag_budget(account, tag), "tag_budget.drop", to_text(account), account,
                    fmt::format(R"("tag":{})", json_string(tag))));
    return AdminReply{200, fmt::format(R"({{"tag":{},"dropped":true}})", json_string(tag))};
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/accounts/{id}/tag-budgets", list},
    {"POST", "/admin/accounts/{id}/tag-budgets", set},
    {"POST", "/admin/accounts/{id}/tag-budgets/drop", drop},
};
}  // namespace

std::span<const AdminRow> tag_budget_rows() { return rows; }

}  // namespace aig::api
