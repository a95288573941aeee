#include "ledger/watch.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "ledger/detail/check.h"
#include "store/outbox.h"

namespace aig::ledger {
namespace {
constexpr int64_t at_once = 20'000;         // entries a query
constexpr int64_t history_a_step = 20'000;  // of entries that were checked before
constexpr size_t max_wallets = 100'000;
}  // namespace

struct Watch::Inside {
    Faults faults;
    EntryCheck fresh{faults, nullptr};
    std::unique_ptr<EntryCheck> history;
    struct Known {
        Wide credits = 0, debits = 0;
    };
    std::map<int64_t, Known> known;  ///< wallets as they were when they were last compared
    std::vector<int64_t> resolved;   ///< holds resolved since the last step: under load a million and more
    std::set<std::string> told;
    bool started = false;
    Wide overage_told = 0;

    Status begin(store::Db& db);
    Status follow(store::Db& db, const ChainHead& head);
    Status compare(store::Db& db);
    Status holds(store::Db& db, std::map<int64_t, Wide>& held);
    Status reread(store::Db& db, const ChainHead& head, WatchReport& report);
};

Watch::Watch(store::Store& store) : store_(store), in_(std::make_unique<Inside>()) {
    in_->fresh.resolved = [in = in_.get()](int64_t hold, int64_t) { in->resolved.push_back(hold); };
}
Watch::~Watch() = default;

/// History is verify's and the re-reading's: the watch begins where the chain ends now.
Status Watch::Inside::begin(store::Db& db) {
    if (std::exchange(started, true)) return {};
    TRY(auto head, sql::load_head(db));
    fresh.start_behind(head.entry, std::move(head.hash));
    return {};
}

Status Watch::Inside::follow(store::Db& db, const ChainHead& head) {
    fresh.read_from(db);
    for (int64_t before = -1; fresh.last_entry() < head.entry && fresh.last_entry() != before;) {
        before = fresh.last_entry();
        TRYV(sql::each_entry(db, before, head.entry, at_once, [this](const auto& e) { fresh.entry(e); }));
    }
    fresh.end();
    if (fresh.last_entry() != head.entry || fresh.last_hash() != head.hash)
        faults.add("the chain ends where its head says", "entry", head.entry);
    return {};
}

Status Watch::Inside::holds(store::Db& db, std::map<int64_t, Wide>& held) {
    std::sort(resolved.begin(), resolved.end());  // nearly in order as they come
    for (auto twice = resolved.begin(); (twice = std::adjacent_find(twice, resolved.end())) != resolved.end(); ++twice)
        faults.add("each hold is resolved at most once", "hold", *twice);
    return sql::each_hold(db, [&](int64_t id, Result<OpenHold> hold) {
        if (std::binary_search(resolved.begin(), resolved.end(), id))
            faults.add("an open hold has no resolution", "hold", id);
        if (!hold) return faults.add("holds can be read", "hold", id);
        Wide parts = 0;
        for (const auto& p : hold->body.parts) {
            parts += p.amount;
            held[p.wallet] += p.amount;
        }
        if (parts != hold->amount) faults.add("a hold's parts add up to it", "hold", id);
    });
}

/// The wallets that moved since the last step, and those with open holds.
Status Watch::Inside::compare(store::Db& db) {
    std::map<int64_t, Wide> held;
    TRYV(holds(db, held));
    auto moved = std::exchange(fresh.wallets, {});
    for (const auto& [id, sum] : held) moved.try_emplace(id);
    for (const auto& [id, sums] : moved) {
        TRY(const auto row, sql::find_wallet(db, id));
        if (!row) {
            faults.add("journal names a missing wallet", "wallet", id);
            continue;
        }
        const Wallet& w = row->wallet;
        if (held[id] != w.held) faults.add("held = sum of open holds", "wallet", id);
        if (w.available() < 0) faults.add("available is not negative", "wallet", id);
        if (sums.account && sums.account != row->account) faults.add("a wallet is one account's", "wallet", id);
        if (const auto it = known.find(id); it != known.end())
            if (it->second.credits + sums.credits != w.credits || it->second.debits + sums.debits != w.debits)
                faults.add("wallet counters = journal", "wallet", id);
        known[id] = {w.credits, w.debits};
    }
    if (known.size() > max_wallets) known.clear();
    return {};
}

Status Watch::Inside::reread(store::Db& db, const ChainHead& head, WatchReport& report) {
    if (!history || history->last_entry() >= head.entry) history = std::make_unique<EntryCheck>(faults, &db);
    history->read_from(db);
    const int64_t before = history->entries();
    TRYV(sql::each_entry(db, history->last_entry(), head.entry, history_a_step,
                         [this](const auto& e) { history->entry(e); }));
    report.history = history->entries() - before;
    return {};
}

Status Watch::read(store::Db& db, WatchReport& report) {
    TRYV(in_->begin(db));
    const int64_t before = in_->fresh.entries();
    TRY(const auto head, sql::load_head(db));
    TRYV(in_->follow(db, head));
    TRYV(in_->compare(db));
    report.entries = in_->fresh.entries() - before;
    std::vector<int64_t>().swap(in_->resolved);
    in_->fresh.spent.clear();
    in_->fresh.refunds.clear();
    return in_->reread(db, head, report);
}

Result<WatchReport> Watch::step() {
    WatchReport report;
    in_->faults.all.clear();
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRYV(db.script("BEGIN"));
        auto done = read(db, report);
        TRYV(db.script("COMMIT"));
        return done;
    }));
    report.faults = in_->faults.all;
    tell(report);
    tell_overage();
    return report;
}

/// What wallets could not pay is the deployment's loss: more than a thousandth of what they paid means that holds are
/// too small for what a provider reports.
void Watch::tell_overage() {
    const Wide overage = in_->fresh.overage_booked;
    if (overage * 1'000 <= in_->fresh.charged || overage <= in_->overage_told * 2) return;
    in_->overage_told = overage;
    const auto nanos = static_cast<int64_t>(std::min<Wide>(overage, INT64_MAX));
    log::error("ledger_overage", {{"overage", dollars(nanos)}, {"next", "see which calls: aig ledger recon"}});
    std::string data;
    JsonWriter(data).begin_object().field("overage", dollars(nanos)).end_object();
    store::Batch batch;
    batch.ops.push_back(store::event({"ledger.overage", {}, "", std::move(data), 0}));
    store_.submit(std::move(batch), [](const Status&) {});
}

void Watch::tell(const WatchReport& report) {
    static auto& checked = metrics::counter("aig_ledger_entries_checked_total", "Entries the ledger's watch has read");
    static auto& faults = metrics::counter("aig_ledger_faults_total", "Faults the ledger's watch has found");
    checked.add(report.entries + report.history);
    for (const auto& fault : report.faults) {
        if (in_->told.size() > 10'000 || !in_->told.insert(fault).second) continue;
        faults.add();
        log::error("ledger_fault", {{"fault", fault}, {"next", "stop taking money and run: aig ledger verify"}});
        std::string data;
        JsonWriter(data).begin_object().field("fault", fault).end_object();
        store::Batch batch;
        batch.ops.push_back(store::event({"ledger.fault", {}, fault.substr(0, 200), std::move(data), 0}));
        store_.submit(std::move(batch), [](const Status&) {});
    }
}

}  // namespace aig::ledger
