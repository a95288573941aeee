// CPU time of the ledger's writer thread per hold + settle pair, by how many pairs share a transaction, without and
// with the call record. Durable (synchronous=FULL), one funded account and 64. Plain output: one line a case.
//
//   bench_ledger [seconds a case, default 2] [folder, default the temporary one]
//   bench_ledger 0 [folder]      how long opening takes with a million holds left open, then opening and verifying with
//                                that many charges in history
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/ids.h"
#include "base/time.h"
#include "ledger/book.h"
#include "ledger/detail/moves.h"
#include "records/records.h"

namespace aig::ledger {
namespace {

int64_t thread_cpu_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

/// The highest resident size since this was last asked.
int64_t peak_kb() {
    int64_t kb = 0;
    std::string line;
    for (std::ifstream status("/proc/self/status"); std::getline(status, line);)
        if (line.starts_with("VmHWM:")) kb = std::atoll(line.c_str() + 6);
    std::ofstream("/proc/self/clear_refs") << 5;  // from here on anew
    return kb;
}

struct Case {
    size_t batch = 8;
    int64_t accounts = 64;
    bool budget = false, record = false;
};

/// Waits until n things have happened on another thread.
class Latch {
  public:
    explicit Latch(size_t n) : left_(n) {}
    void arrive() {
        if (left_.fetch_sub(1) != 1) return;
        const std::lock_guard lock(mutex_);
        done_ = true;
        wake_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return done_; });
    }

  private:
    std::atomic<size_t> left_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool done_ = false;
};

class Bench {
  public:
    explicit Bench(const std::string& folder) {
        options_.path = folder + "/aig.db";
        options_.max_wait_ms = 60'000;
        store_ = *store::Store::open(options_);
        vault_ = std::make_shared<Vault>();
        store_->before_commit([v = vault_](store::Db& db) { return v->flush(db); });
        store_->on_rollback([v = vault_](store::Db& db) { return v->load(db); });
        for (int64_t a = 1; a <= 64; ++a) {
            commit(std::make_unique<CreateWalletOp>(vault_, AccountId{a}, "USD"));
            commit(std::make_unique<CreditOp>(
                vault_, nullptr, CreditOrder{AccountId{a}, EntryKind::deposit, 1'000'000'000'000'000, 0, "x", ""}));
        }
    }

    /// What one durable transaction costs by itself: one row changed.
    void measure_empty(double seconds) {
        const int64_t cpu = writer_cpu(), start = mono_ns();
        int64_t n = 0;
        for (; static_cast<double>(mono_ns() - start) < seconds * 1e9; ++n)
            commit(store::op([&](store::Db& db) -> Status { return db.script("UPDATE chain_head SET node = node"); }));
        fmt::print("one-row transaction {:36.2f} us writer CPU\n",
                   static_cast<double>(writer_cpu() - cpu) / 1e3 / static_cast<double>(n));
    }

    /// Leaves holds open, as a kill does, and opens the book, which voids them: time, and memory beyond what a book
    /// without them takes.
    void measure_left_open(int64_t holds) {
        const Case c{512, 64, true, false};
        for (int64_t n = 0; n < holds; n += static_cast<int64_t>(c.batch)) hold_round(c);
        store_.reset();
        vault_.reset();
        const int64_t before = peak_kb(), start = mono_ns();
        store_ = *store::Store::open(options_);
        auto book = *Book::open(*store_);
        fmt::print("open with {} holds left open, all voided: {:.0f} ms, {} MB more at the peak, {} still open\n",
                   holds, static_cast<double>(mono_ns() - start) / 1e6, (peak_kb() - before) / 1024,
                   book->open_holds());
    }

    /// Fills the history with settled holds, then opens the book again and again. The last thing a bench does.
    void measure_restart(int64_t charges) {
        const Case c{512, 64, true, true};
        for (int64_t n = 0; n < charges; n += static_cast<int64_t>(c.batch)) settle_round(c, hold_round(c));
        store_.reset();
        for (int i = 0; i < 5; ++i) {
            const int64_t start = mono_ns();
            auto store = *store::Store::open(options_);
            auto book = *Book::open(*store);
            fmt::print("open store and book with {} charges in history: {:.2f} ms\n", charges,
                       static_cast<double>(mono_ns() - start) / 1e6);
        }
        auto store = *store::Store::open(options_);
        const int64_t start = mono_ns();
        const auto report = *Book::verify(*store);
        fmt::print("verify {} entries: {:.0f} ms, {}\n", report.entries, static_cast<double>(mono_ns() - start) / 1e6,
                   report.ok ? "sound" : report.faults[0]);
    }

    /// The median over slices of 64 rounds: other load on the machine disturbs single ones.
    void measure(const Case& c, double seconds) {
        const int64_t start = mono_ns();
        std::vector<double> slices;
        int64_t pairs = 0;
        while (static_cast<double>(mono_ns() - start) < seconds * 1e9 || slices.size() < 3) {
            const int64_t cpu = writer_cpu();
            for (int i = 0; i < 64; ++i) settle_round(c, hold_round(c));
            slices.push_back(static_cast<double>(writer_cpu() - cpu) / 1e3 / 64 / static_cast<double>(c.batch));
            pairs += static_cast<int64_t>(64 * c.batch);
        }
        std::sort(slices.begin(), slices.end());
        fmt::print(
            "batch {:3}  accounts {:3}  {:6} {:6} writer CPU us/pair: median {:6.2f} best {:6.2f}  {:7.0f} pairs/s\n",
            c.batch, c.accounts, c.budget ? "budget" : "", c.record ? "record" : "", slices[slices.size() / 2],
            slices[0], static_cast<double>(pairs) * 1e9 / static_cast<double>(mono_ns() - start));
        std::fflush(stdout);
    }

  private:
    void commit(std::unique_ptr<store::Op> op) {
        store::Batch b;
        b.ops.push_back(std::move(op));
        if (auto done = store_->commit_now(std::move(b)); !done) {
            fmt::print("failed: {}\n", done.error().message());
            std::exit(1);
        }
    }
    int64_t writer_cpu() {
        int64_t ns = 0;
        commit(store::op([&](store::Db&) -> Status { return ns = thread_cpu_ns(), Status{}; }));
        return ns;
    }
    /// Everything of a round is queued while the writer is held back, so that it becomes one transaction.
    void round(std::vector<store::Batch> batches) {
        Latch entered(1), gate(1), all(batches.size() + 1);
        store::Batch first;
        first.ops.push_back(std::make_unique<GateOp>(entered, gate));
        store_->submit(std::move(first), [&](const Status&) { all.arrive(); });
        entered.wait();
        for (auto& b : batches)
            store_->submit(std::move(b), [&](const Status& s) {
                if (!s) fmt::print("failed: {}\n", s.error().message());
                all.arrive();
            });
        gate.arrive();
        all.wait();
    }
    struct GateOp : store::Op {
        GateOp(Latch& in, Latch& g) : entered(in), gate(g) {}
        Status check(store::Db&) override { return entered.arrive(), gate.wait(), Status{}; }
        Status apply(store::Db&) override { return {}; }
        bool writes() const override { return false; }
        Latch &entered, &gate;
    };

    std::vector<std::shared_ptr<HoldOutcome>> hold_round(const Case& c) {
        std::vector<std::shared_ptr<HoldOutcome>> outcomes;
        std::vector<store::Batch> batches;
        for (size_t i = 0; i < c.batch; ++i) {
            auto outcome = std::make_shared<HoldOutcome>();
            outcome->store = store_.get();
            outcome->vault = vault_;
            HoldRequest r;
            r.account.value = 1 + next_++ % c.accounts;
            r.amount_nanos = r.least_nanos = 50'000;
            r.request_id = "req_" + new_ulid();
            if (c.budget) r.budgets = {{1, r.account.value, "2026-11", 1'000'000'000'000'000}};
            store::Batch b;
            b.ops.push_back(std::make_unique<HoldOp>(vault_, outcome, std::move(r)));
            batches.push_back(std::move(b));
            outcomes.push_back(std::move(outcome));
        }
        round(std::move(batches));
        for (auto& o : outcomes) o->granted = false;
        return outcomes;
    }
    void settle_round(const Case& c, const std::vector<std::shared_ptr<HoldOutcome>>& holds) {
        std::vector<store::Batch> batches;
        for (const auto& h : holds) {
            Settlement s;
            s.cost_nanos = 31'500;
            s.lines = {{0, 200, 50'000}, {4, 100, 200'000}};
            s.ratio = {21, 20};
            s.price_version = 3;
            store::Batch b;
            b.must_land = true;
            b.ops.push_back(
                std::make_unique<SettleOp>(vault_, std::make_shared<ResolveOutcome>(), HoldId{h->hold}, std::move(s)));
            if (c.record) b.ops.push_back(records::record(record_of(h->account)));
            batches.push_back(std::move(b));
        }
        round(std::move(batches));
    }
    static records::CallRecord record_of(int64_t account) {
        records::CallRecord r;
        r.request_id = "req_" + new_ulid();
        r.correlation_id = r.request_id;
        r.account.value = account;
        r.key.value = account;
        r.model = r.upstream_model = "gpt-4o-mini";
        r.provider = "openai";
        r.operation = "chat";
        r.stop_reason = "stop";
        r.started_us = now_us();
        r.duration_us = 400'000;
        r.status = 200;
        r.attempts = 1;
        r.input = 200;
        r.output = 100;
        r.cost_nanos = 31'500;
        return r;
    }

    store::Options options_;
    std::unique_ptr<store::Store> store_;
    std::shared_ptr<Vault> vault_;
    int64_t next_ = 0;
};
}  // namespace
}  // namespace aig::ledger

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
    std::string folder =
        (std::filesystem::path(argc > 2 ? argv[2] : std::filesystem::temp_directory_path()) / "aig-bench-XXXXXX")
            .string();
    if (!mkdtemp(folder.data())) return 1;
    {
        aig::ledger::Bench bench(folder);
        if (seconds == 0) {
            std::filesystem::create_directory(folder + "/open");
            aig::ledger::Bench(folder + "/open").measure_left_open(1'000'000);
            bench.measure_restart(1'000'000);
            std::filesystem::remove_all(folder);
            return 0;
        }
        bench.measure_empty(seconds);
        for (const bool record : {false, true})
            for (const bool budget : {false, true})
                for (const size_t batch : {8, 32, 64}) bench.measure({batch, 64, budget, record}, seconds);
        for (const bool record : {false, true})
            for (const size_t batch : {8, 32, 64}) bench.measure({batch, 1, record, record}, seconds);
    }
    std::filesystem::remove_all(folder);
    return 0;
}
