// The daily proof: what the chain says our addresses received, against what the books have.
#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/time.h"
#include "topup/detail/watch.h"

namespace aig::topup::tron {
namespace {
constexpr int64_t day_ms = 86'400'000;
constexpr int64_t settle_ms = 600'000;  // a day is proved ten minutes after its end
constexpr size_t max_faults = 100;
constexpr int64_t max_pages = 1'000;

/// "2026-11-21" -> its first millisecond.
std::optional<int64_t> start_of(std::string_view day) {
    int y = 0, m = 0, d = 0;
    if (day.size() != 10 || day[4] != '-' || day[7] != '-') return {};
    const auto number = [&](size_t at, size_t n, int& out) {
        const auto* end = day.data() + at + n;
        return std::from_chars(day.data() + at, end, out).ptr == end;
    };
    if (!number(0, 4, y) || !number(5, 2, m) || !number(8, 2, d) || y < 2018) return {};
    const std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(static_cast<unsigned>(m)),
                                           std::chrono::day(static_cast<unsigned>(d))};
    if (!date.ok()) return {};
    return std::chrono::sys_days(date).time_since_epoch().count() * day_ms;
}

struct Proving {
    sql::ProofRow row;
    std::vector<std::string> faults;
    std::vector<sql::Sighting> missing;
    void fault(std::string what) {
        if (faults.size() < max_faults) faults.push_back(std::move(what));
    }
};

void add_value(Proving& p, const std::string& micros) {
    auto nanos = parse_decimal(micros, 3, "value");
    int64_t sum = 0;
    if (!nanos || __builtin_add_overflow(p.row.on_chain, *nanos, &sum))
        return p.fault(fmt::format("an amount does not fit: {}", micros));
    p.row.on_chain = sum;
    ++p.row.transfers;
}

/// A row of the list against the books: is the transaction known, and to the end?
Status compare(store::Db& db, Proving& p, const ListedTransfer& t) {
    TRY(const bool failed, sql::failed_on_chain(db, usdt_trc20, t.tx));
    if (failed) return {};
    add_value(p, t.value);
    TRY(const auto known, sql::load_sighting(db, usdt_trc20, t.tx));
    if (!known) {
        p.fault(fmt::format("{}: {} were received and are not in the books", t.tx, t.value));
        sql::Sighting s;
        s.tx = t.tx;
        s.block_ms = t.block_ms;
        s.seen_us = s.due_us = now_us();
        p.missing.push_back(std::move(s));
    } else if (known->status != sql::SightingStatus::resolved) {
        p.fault(fmt::format("{}: still waits: {}", t.tx, known->reason));
    }
    return {};
}

}  // namespace

rt::Task<Result<sql::ProofRow>> Watcher::prove(std::string day) {
    const auto from = start_of(day);
    if (!from) co_return Error(ErrorCode::bad_param, "'day' must be a UTC day like 2026-11-21.").param("day");
    auto p = std::make_shared<Proving>();
    p->row.rail = usdt_trc20;
    p->row.day = day;
    auto* node = awake(nodes_.size() - 1);  // the last one: another than the one whose lists were followed
    if (!node) co_return Error(ErrorCode::upstream_unreachable, "every TRON node rests; try again in a minute");
    struct Place {
        sql::AddressRow row;
        Address address;
    };
    std::vector<Place> all;  // copies: a round may read the address book again meanwhile
    for (const auto& [address, watch] : watches_) all.push_back({watch->row, address});
    for (const auto& place : all) {
        const auto& row = place.row;
        const auto& address = place.address;
        ListAsk ask;
        ask.address = row.address;
        ask.token = token_text_;
        ask.from_ms = std::max(*from, row.assigned_us / 1'000 - settings_.assigned_tolerance_ms);
        ask.to_ms = *from + day_ms - 1;
        ask.limit = settings_.page;
        if (ask.from_ms > ask.to_ms) continue;
        for (int64_t page = 0; page < max_pages; ++page) {
            auto listing = co_await node->list(ask);
            if (!listing) co_return std::move(listing).error();
            auto rows = std::make_shared<std::vector<ListedTransfer>>();
            for (auto& t : listing->rows)
                if (t.type == "Transfer" && t.to == address && t.token == settings_.token && t.value != "0" &&
                    t.block_ms >= ask.from_ms && t.block_ms <= ask.to_ms)
                    rows->push_back(std::move(t));
            std::function<Status(store::Db&)> read = [p, rows](store::Db& db) -> Status {
                for (const auto& t : *rows) TRYV(compare(db, *p, t));
                return {};
            };
            CO_TRYV(co_await store_.read(std::move(read)));
            ask.fingerprint = listing->fingerprint;
            if (ask.fingerprint.empty() || listing->size == 0) break;
        }
    }
    std::function<Status(store::Db&)> read = [p, start = *from](store::Db& db) -> Status {
        TRY(const auto sums, sql::sums(db, usdt_trc20, start, start + day_ms));
        p->row.recorded = sums.recorded;
        p->row.credited = sums.credited;
        return {};
    };
    CO_TRYV(co_await store_.read(std::move(read)));
    if (p->row.recorded != p->row.on_chain)
        p->fault(fmt::format("the books have {} USDT, the chain {}", decimal(p->row.recorded, 9, 6),
                             decimal(p->row.on_chain, 9, 6)));
    p->row.ok = p->faults.empty();
    p->row.faults_json.clear();
    JsonWriter w(p->row.faults_json);
    w.begin_array();
    for (const auto& f : p->faults) w.string(f);
    w.end_array();
    p->row.at_us = now_us();
    store::Batch batch;
    batch.ops.push_back(store::op([p](store::Db& db) -> Status {
        for (const auto& s : p->missing) TRYV(sql::insert_sighting(db, usdt_trc20, s));
        return sql::save_proof(db, p->row);
    }));
    CO_TRYV(co_await store_.commit(std::move(batch)));
    static auto& bad = metrics::counter("aig_topup_proofs_failed_total", "Daily proofs that found a difference");
    if (!p->row.ok) {
        bad.add();
        log::error("topup_proof_failed", {{"day", day}, {"faults", p->row.faults_json}});
    }
    co_return p->row;
}

rt::Task<Status> Watcher::prove_yesterday() {
    const std::string day = utc_day((head_ms_ - day_ms - settle_ms) * 1'000);
    if (day == proved_day_) co_return Status{};
    auto done = std::make_shared<bool>(false);
    std::function<Status(store::Db&)> read = [done, day](store::Db& db) -> Status {
        TRY(const auto rows, sql::list_proofs(db, usdt_trc20, 1));
        *done = !rows.empty() && rows.front().day >= day;
        return {};
    };
    CO_TRYV(co_await store_.read(std::move(read)));
    if (!*done) {
        auto row = co_await prove(day);
        if (!row) co_return std::move(row).error();
    }
    proved_day_ = day;
    co_return Status{};
}

}  // namespace aig::topup::tron
