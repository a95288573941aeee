#include "api/topup/deposits.h"

#include <fmt/format.h>

#include "api/idempotent.h"
#include "base/money.h"
#include "base/time.h"

namespace aig::api {
namespace {
constexpr size_t max_callback = 64 << 10, max_body = 16 << 10;
constexpr int64_t page = 100, max_page = 1'000;

Error none_set_up() { return Error(ErrorCode::topup_disabled, "no way of paying is set up here"); }

void write_when(JsonWriter& w, std::string_view name, int64_t us) {
    us ? w.field(name, iso_utc(us)) : w.field_null(name);
}

struct Wanted {
    std::string rail, currency;
    int64_t amount_nanos = 0;
};

Result<std::string> text_of(JsonRef root, std::string_view name, std::string otherwise) {
    const auto v = root[name];
    if (v.is_null()) return otherwise;
    if (!v.is_string() || v.text().size() > 64)
        return Error(ErrorCode::bad_param, fmt::format("'{}' must be a string of at most 64 bytes.", name))
            .param(std::string(name));
    return std::string(v.text());
}

Result<Wanted> wanted(std::string_view body, const std::string& wallet_currency) {
    TRY(const auto doc, JsonDoc::parse(body.empty() ? "{}" : body));
    const auto root = doc.root();
    if (!root.is_object()) return Error(ErrorCode::bad_json, "the body must be one JSON object");
    Wanted w;
    TRY(w.rail, text_of(root, "rail", ""));
    TRY(w.currency, text_of(root, "currency", wallet_currency));
    const auto amount = root["amount"];
    if (!amount.is_string() && !amount.is_number()) return w;
    TRY(w.amount_nanos, parse_decimal(amount.is_string() ? amount.text() : amount.raw(), 9, "amount"));
    return w;
}

Result<int64_t> number_of(std::string_view query, std::string_view name, int64_t otherwise, int64_t most) {
    const auto text = net::query_value(query, name);
    if (text.empty()) return otherwise;
    auto v = parse_decimal(text, 0, name);
    if (!v || *v < 1 || *v > most)
        return Error(ErrorCode::bad_param, fmt::format("'{}' must be a whole number from 1 to {}.", name, most))
            .param(std::string(name));
    return *v;
}
}  // namespace

void write_deposit(JsonWriter& w, const topup::Deposit& d) {
    w.begin_object().field("deposit_id", id_text("dpt_", d.id)).field("rail", d.rail);
    w.field("status", topup::status_name(d.status)).field("amount", decimal(d.amount_nanos, 9));
    w.field("currency", d.currency).field("credited", decimal(d.credited_nanos, 9));
    w.field("credited_currency", d.credited_currency);
    d.tx.empty() ? w.field_null("tx_id") : w.field("tx_id", d.tx);
    d.address.empty() ? w.field_null("address") : w.field("address", d.address);
    w.field("reason", d.reason);
    write_when(w, "created_at", d.seen_us);
    write_when(w, "credited_at", d.settled_us);
    w.end_object();
}

void write_order(JsonWriter& w, const topup::Order& o) {
    w.begin_object().field("order_id", o.public_id).field("rail", o.rail);
    w.field("amount", decimal(o.amount_nanos, 9)).field("currency", o.currency);
    w.field("status", o.paid ? "paid" : "open");
    write_when(w, "created_at", o.created_us);
    write_when(w, "expires_at", o.expires_us);
    w.end_object();
}

std::string address_json(const topup::Topups& topups, std::string_view address) {
    const auto& tron = *topups.settings().tron;
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("rail", topup::usdt_trc20)
        .field("network", "TRC-20")
        .field("token", "USDT")
        .field("contract", to_base58(tron.token))
        .field("address", address)
        .field("min_amount", decimal(tron.minimum_nanos, 9))
        .end_object();
    return out;
}

rt::Task<Status> list_deposits(Request& request) {
    const auto query = request.http.head().query;
    CO_TRY(const int64_t limit, number_of(query, "limit", page, max_page));
    const auto before_text = net::query_value(query, "before");
    const auto before = before_text.empty() ? std::optional<int64_t>(0) : id_value("dpt_", before_text);
    if (!before) co_return Error(ErrorCode::bad_param, "'before' must be an id such as dpt_1.").param("before");
    auto found = std::make_shared<std::vector<topup::Deposit>>();
    const auto account = request.principal->account;
    std::function<Status(store::Db&)> read = [found, account, from = *before, limit](store::Db& db) -> Status {
        TRY(*found, topup::sql::list_deposits(db, account, -1, from, limit));
        return {};
    };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    std::string json;
    JsonWriter w(json);
    w.begin_object().key("data").begin_array();
    for (const auto& d : *found) write_deposit(w, d);
    w.end_array();
    std::ssize(*found) == limit ? w.field("next", id_text("dpt_", found->back().id)) : w.field_null("next");
    w.end_object();
    auto sent = co_await reply_json(request, 200, std::move(json));
    co_return sent;
}

rt::Task<Status> make_deposit(Request& request) {
    auto* topups = request.services.topups;
    if (!topups) co_return none_set_up();
    CO_TRY(const auto body, co_await take_body(request, max_body));
    CO_TRY(auto want, wanted(body.bytes, request.principal->currency));
    CO_TRYV(topups->usable(want.rail));
    const auto account = request.principal->account;
    if (want.rail == topup::usdt_trc20) {
        CO_TRY(const auto address, co_await topups->addresses().address_of(account));
        if (topups->watcher()) topups->watcher()->expect(account);
        auto sent = co_await reply_json(request, 200, address_json(*topups, address));
        co_return sent;
    }
    CO_TRY(const auto order,
           topup::Desk::draft({account, std::move(want.rail), std::move(want.currency), want.amount_nanos}));
    std::string json;
    JsonWriter w(json);
    write_order(w, order);
    store::Batch batch;
    batch.ops = keep_reply(request, 201, json);
    batch.ops.push_back(topup::Desk::order_row(order));
    CO_TRYV(co_await request.services.store->commit(std::move(batch)));
    auto sent = co_await reply_json(request, 201, std::move(json));
    co_return sent;
}

rt::Task<Status> topup_callback(Request& request) {
    auto* topups = request.services.topups;
    if (!topups) co_return none_set_up();
    CO_TRYV(topups->door().open(request.arg));
    CO_TRY(const auto body, co_await request.http.read_body(max_callback));
    auto headers = request.http.head().headers;
    auto received = co_await topups->door().receive(request.arg, std::move(headers), body.bytes);
    if (!received) co_return std::move(received).error();
    std::string json;
    JsonWriter w(json);
    w.begin_object().field("received", true).field("ignored", received->ignored);
    w.field("duplicate", received->duplicate);
    if (!received->ignored) w.field("status", topup::status_name(received->deposit.status));
    w.end_object();
    auto sent = co_await reply_json(request, 200, std::move(json));
    co_return sent;
}

}  // namespace aig::api
