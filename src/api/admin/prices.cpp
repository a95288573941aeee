#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "base/time.h"
#include "catalogue/build.h"
#include "catalogue/price_history.h"
#include "catalogue/price_lists.h"

namespace aig::api {
namespace {
Result<catalogue::PriceLists*> lists_of(const Ask& ask) {
    if (ask.hooks.price_lists) return ask.hooks.price_lists;
    return Error(ErrorCode::conflict, "price lists need a running gateway");
}

/// The document without its name, as it is stored.
std::string document_of(JsonRef root) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const auto m : root)
        if (m.key() != "name") w.field_raw(m.key(), m.raw());
    w.end_object();
    return out;
}

Result<AdminReply> put_list(const Ask& ask) {
    TRY(auto* const lists, lists_of(ask));
    TRY(const auto doc, JsonDoc::parse(ask.request.body));
    if (!doc.root().is_object()) return Error(ErrorCode::bad_json, "The body must be a JSON object.");
    const std::string name(doc.root()["name"].text());
    if (name.empty()) return Error(ErrorCode::bad_param, "'name' is required.").param("name");
    auto body = document_of(doc.root());
    TRY(const auto list, catalogue::parse_price_list(name, body));
    auto act =
        ask.audited("price_list.put", "price_list " + name, {}, fmt::format(R"("models":{})", list.models.size()));
    AdminReply reply;
    JsonWriter(reply.json).begin_object().field("name", name).field_raw("price_list", body).end_object();
    TRYV(lists->put(name, std::move(body), now_us(), std::move(act)));
    log::info("price_list_set", {{"name", name}});
    return reply;
}

Result<AdminReply> list_lists(const Ask& ask) {
    TRY(auto* const lists, lists_of(ask));
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const auto all, lists->all());
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("price_lists").begin_array();
    for (const auto& l : all) {
        w.begin_object().field("name", l.name).field_raw("price_list", l.body);
        write_stamp(w, "updated_at", l.updated_us);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

Result<AdminReply> remove_list(const Ask& ask) {
    TRY(auto* const lists, lists_of(ask));
    TRYV(Body::parse(ask.request.body, {}));
    const std::string name(ask.id);
    TRYV(lists->remove(name, ask.audited("price_list.remove", "price_list " + name, {})));
    log::info("price_list_removed", {{"name", name}});
    return AdminReply{200, fmt::format(R"({{"name":{},"removed":true}})", json_string(name))};
}

std::string assigned_json(AccountId account, std::string_view name) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("account_id", to_text(account));
    name.empty() ? w.field_null("price_list") : w.field("price_list", name);
    w.end_object();
    return out;
}

Result<AdminReply> assign_list(const Ask& ask) {
    TRY(auto* const lists, lists_of(ask));
    TRY(const Body body, Body::parse(ask.request.body, {"price_list"}));
    TRY(const std::string name, body.text("price_list", ""));
    TRY(const int64_t id, path_id("acc_", ask.id));
    const AccountId account{id};
    TRYV(ask.directory.account(account));
    auto act = ask.audited("account.price_list", to_text(account), account,
                           fmt::format(R"("price_list":{})", json_string(name)));
    TRYV(lists->assign(account, name, std::move(act)));
    return AdminReply{200, assigned_json(account, name)};
}

Result<AdminReply> show_assigned(const Ask& ask) {
    TRY(auto* const lists, lists_of(ask));
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const int64_t id, path_id("acc_", ask.id));
    TRYV(ask.directory.account(AccountId{id}));
    TRY(const auto name, lists->assigned(AccountId{id}));
    return AdminReply{200, assigned_json(AccountId{id}, name)};
}

/// Which versions of a price a model had, newest first, with what stood on them.
Result<AdminReply> price_changes(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"model", "limit"}));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("model", query.text("model")).key("prices").begin_array();
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(const auto changes, catalogue::price_history(db, query.text("model"), limit));
        for (const auto& c : changes) {
            TRY(const auto card, catalogue::price_version(db, c.card_id));
            w.begin_object().field("version", fmt::format("price_{:x}", c.card_id));
            write_stamp(w, "from", c.from_us);
            w.key("price").begin_object();
            for (const auto& [key, text] : catalogue::price_text(card)) w.field(key, text);
            w.end_object().end_object();
        }
        return {};
    }));
    w.end_array().end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/price-lists", list_lists},
    {"POST", "/admin/price-lists", put_list},
    {"POST", "/admin/price-lists/{id}/remove", remove_list},
    {"GET", "/admin/accounts/{id}/price-list", show_assigned},
    {"POST", "/admin/accounts/{id}/price-list", assign_list},
    {"GET", "/admin/prices", price_changes},
};
}  // namespace

std::span<const AdminRow> price_rows() { return rows; }

}  // namespace aig::api
