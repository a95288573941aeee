#include <fmt/ranges.h>

#include <future>

#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "api/topup/deposits.h"
#include "base/time.h"

namespace aig::api {
namespace {
constexpr size_t max_addresses_a_time = 10'000;
constexpr int64_t proof_patience_ms = 60'000;

Result<topup::Topups*> needed(const Ask& ask) {
    if (ask.hooks.topups) return ask.hooks.topups;
    return Error(ErrorCode::topup_disabled,
                 "top-ups are not configured (section topups), or no gateway runs on this database");
}
Result<topup::tron::Watcher*> watcher(const Ask& ask) {
    TRY(auto* topups, needed(ask));
    if (topups->watcher()) return topups->watcher();
    return Error(ErrorCode::topup_disabled, "topups.tron is not configured");
}

Result<AdminReply> import_addresses(const Ask& ask) {
    TRY(auto* topups, needed(ask));
    TRY(const Body body, Body::parse(ask.request.body, {"addresses"}));
    TRY(auto addresses, body.texts("addresses", max_addresses_a_time));
    auto act = ask.audited("topup.addresses.import", std::string(topup::usdt_trc20), {},
                           fmt::format("\"given\":{}", addresses.size()));
    TRY(const auto done, topups->addresses().import_now(std::move(addresses), std::move(act)));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("added", done.added).field("known", done.known);
    write_stamp(w, "usable_at", done.usable_us);
    w.end_object();
    return reply;
}

Result<AdminReply> list_addresses(const Ask& ask) {
    TRY(auto* topups, needed(ask));
    TRY(const Query query, Query::parse(ask.request.query, {"after", "limit"}));
    TRY(const int64_t after, query.id("after", "adr_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    TRY(const auto found, topups->addresses().list_now(after, limit));
    TRY(const auto pool, topups->addresses().count_now());
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("free", pool.free).field("assigned", pool.assigned).key("addresses").begin_array();
    for (const auto& [row, sealed] : found) {
        w.begin_object().field("address_id", id_text("adr_", row.id)).field("rail", row.rail);
        w.field("address", row.address);
        row.account ? w.field("account_id", to_text(row.account)) : w.field_null("account_id");
        w.field("sealed", sealed);
        write_stamp(w, "usable_at", row.usable_us);
        write_stamp(w, "assigned_at", row.assigned_us);
        write_stamp(w, "retired_at", row.retired_us);
        w.end_object();
    }
    w.end_array();
    std::ssize(found) == limit ? w.field("next", id_text("adr_", found.back().row.id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> retire_address(const Ask& ask) {
    TRY(auto* topups, needed(ask));
    TRY(const Body body, Body::parse(ask.request.body, {"address"}));
    TRY(const std::string address, body.needed_text("address"));
    TRY(const int64_t from,
        topups->addresses().retire_now(address, ask.audited("topup.addresses.retire", address, {})));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("address", address);
    write_stamp(w, "retired_at", from);
    w.end_object();
    return reply;
}

/// The address or the order of an account, as its customer would be given it.
Result<AdminReply> make_deposit_for(const Ask& ask) {
    TRY(auto* topups, needed(ask));
    TRY(const Body body, Body::parse(ask.request.body, {"account_id", "rail", "amount", "currency"}));
    TRY(const std::string account_text, body.needed_text("account_id"));
    TRY(const int64_t id, path_id("acc_", account_text));
    TRYV(ask.directory.account(AccountId{id}));
    const AccountId account{id};
    TRY(const std::string rail, body.needed_text("rail"));
    TRYV(topups->usable(rail));
    if (rail == topup::usdt_trc20) {
        TRY(const auto address, topups->addresses().address_of_now(account));
        if (topups->watcher()) topups->watcher()->expect(account);
        return AdminReply{200, address_json(*topups, address)};
    }
    TRY(const auto amount, body.amount("amount", max_amount_nanos));
    TRY(const auto wallet, ask.book.wallet_now(account));
    TRY(std::string currency, body.text("currency", wallet.currency));
    TRY(const auto order, topups->desk().order_now({account, rail, std::move(currency), amount.value_or(0)},
                                                   ask.audited("topup.order", to_text(account), account)));
    AdminReply reply{201, {}};
    JsonWriter w(reply.json);
    write_order(w, order);
    return reply;
}

Result<AdminReply> list_all_deposits(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"account", "status", "before", "limit"}));
    TRY(const int64_t account, query.id("account", "acc_"));
    TRY(const int64_t before, query.id("before", "dpt_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    int status = -1;
    for (int s = 0; s < 10; ++s)
        if (query.text("status") == topup::status_name(static_cast<topup::DepositStatus>(s))) status = s;
    if (!query.text("status").empty() && status < 0)
        return Error(ErrorCode::bad_param, "'status' must be one that a deposit has, such as credited or pending.")
            .param("status");
    std::vector<topup::Deposit> found;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(found, topup::sql::list_deposits(db, AccountId{account}, status, before, limit));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("deposits").begin_array();
    for (const auto& d : found) {
        std::string one;
        JsonWriter v(one);
        write_deposit(v, d);
        one.pop_back();
        one += fmt::format(R"(,"account_id":{},"external_id":{},"told":{},"witnesses":{},"block":{}}})",
                           d.account ? json_string(to_text(d.account)) : "null", json_string(d.external_id),
                           json_string(d.told), d.witnesses, d.block);
        w.raw(one);
    }
    w.end_array();
    std::ssize(found) == limit ? w.field("next", id_text("dpt_", found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> accept_deposit(const Ask& ask) {
    TRY(auto* topups, needed(ask));
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const int64_t id, path_id("dpt_", ask.id));
    TRY(const auto deposit,
        topups->desk().accept_now(id, ask.audited("topup.deposit.accept", id_text("dpt_", id), {})));
    AdminReply reply;
    JsonWriter w(reply.json);
    write_deposit(w, deposit);
    return reply;
}

Result<AdminReply> look_again(const Ask& ask) {
    TRY(auto* w, watcher(ask));
    TRY(const Body body, Body::parse(ask.request.body, {"tx"}));
    TRY(const std::string tx, body.needed_text("tx"));
    TRYV(w->look_at_now(tx));
    return AdminReply{200, R"({"queued":true})"};
}

std::string proof_json(const topup::sql::ProofRow& p) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("rail", p.rail).field("day", p.day).field("ok", p.ok).field("transfers", p.transfers);
    w.field("on_chain", decimal(p.on_chain, 9, 6)).field("recorded", decimal(p.recorded, 9, 6));
    w.field("credited", decimal(p.credited, 9, 6)).field_raw("faults", p.faults_json);
    write_stamp(w, "made_at", p.at_us);
    w.end_object();
    return out;
}

/// Runs on the watcher's loop; this thread (of the pool) waits for it.
struct ProofRun {
    std::promise<Result<topup::sql::ProofRow>> done;
    static rt::Task<> go(topup::tron::Watcher* w, std::string day, std::shared_ptr<ProofRun> run) {
        auto row = co_await w->prove(std::move(day));
        run->done.set_value(std::move(row));
    }
};

Result<AdminReply> make_proof(const Ask& ask) {
    TRY(auto* w, watcher(ask));
    TRY(const Body body, Body::parse(ask.request.body, {"day"}));
    TRY(std::string day, body.text("day", utc_day(now_us())));
    auto run = std::make_shared<ProofRun>();
    auto future = run->done.get_future();
    w->loop().spawn([w, day, run] { return ProofRun::go(w, day, run); });
    if (future.wait_for(std::chrono::milliseconds(proof_patience_ms)) != std::future_status::ready)
        return Error(ErrorCode::upstream_timeout,
                     "the proof still runs; GET /admin/topup/proofs shows it when it is done");
    TRY(const auto row, future.get());
    return AdminReply{200, proof_json(row)};
}

Result<AdminReply> list_proofs(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"limit"}));
    TRY(const int64_t limit, query.integer("limit", 31, 1, max_page));
    std::vector<topup::sql::ProofRow> found;
    TRYV(ask.read([&](store::Db& db) -> Status {
        TRY(found, topup::sql::list_proofs(db, topup::usdt_trc20, limit));
        return {};
    }));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("proofs").begin_array();
    for (const auto& p : found) w.raw(proof_json(p));
    w.end_array().end_object();
    return reply;
}

Result<AdminReply> topup_status(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(auto* topups, needed(ask));
    TRY(const auto pool, topups->addresses().count_now());
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object()
        .field("rails", fmt::format("{}", fmt::join(topups->open_rails(), ", ")))
        .field("addresses_free", pool.free);
    w.field("addresses_assigned", pool.assigned);
    if (const auto* watching = topups->watcher()) {
        const auto& s = watching->state();
        w.field("head_block", s.head.load());
        write_stamp(w, "head_at", s.head_ms.load() * 1'000);
        w.field("rounds", s.rounds.load()).field("failed_rounds", s.failures.load()).field("open", s.open.load());
    }
    w.end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"GET", "/admin/topup/status", topup_status},
    {"POST", "/admin/topup/addresses", import_addresses},
    {"GET", "/admin/topup/addresses", list_addresses},
    {"POST", "/admin/topup/addresses/retire", retire_address},
    {"POST", "/admin/topup/deposits", make_deposit_for},
    {"GET", "/admin/topup/deposits", list_all_deposits},
    {"POST", "/admin/topup/deposits/{id}/accept", accept_deposit},
    {"POST", "/admin/topup/recheck", look_again},
    {"POST", "/admin/topup/proofs", make_proof},
    {"GET", "/admin/topup/proofs", list_proofs},
};
}  // namespace

std::span<const AdminRow> topup_rows() { return rows; }

}  // namespace aig::api
