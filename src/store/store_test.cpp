#include "store/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <latch>

#include "rt/quiet.h"
#include "store/deferred.h"
#include "store/detail/migrate.h"
#include "store/dir_lock.h"
#include "store/testing/lossy_vfs.h"

namespace aig::store {
namespace {

class StoreTest : public ::testing::Test {
  protected:
    StoreTest() {
        std::string name = (std::filesystem::temp_directory_path() / "aig-store-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        options_.path = folder_ + "/aig.db";
        options_.on_fatal = [this](std::string_view) { ++fatal_; };
    }
    ~StoreTest() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        auto opened = Store::open(options_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = *std::move(opened);
        ASSERT_TRUE(write("CREATE TABLE IF NOT EXISTS t (v INTEGER PRIMARY KEY)"));
    }
    static Batch batch(std::unique_ptr<Op> o, bool guarded = false, bool must_land = false) {
        Batch b;
        b.ops.push_back(std::move(o));
        b.guarded = guarded;
        b.must_land = must_land;
        return b;
    }
    static std::unique_ptr<Op> script(std::string sql) {
        return op([sql = std::move(sql)](Db& db) { return db.script(sql); });
    }
    static std::unique_ptr<Op> insert(int64_t v) { return script("INSERT INTO t VALUES (" + std::to_string(v) + ")"); }
    Status write(std::string sql) { return store_->commit_now(batch(script(std::move(sql)))); }
    std::vector<int64_t> rows() {
        std::vector<int64_t> out;
        EXPECT_TRUE(store_->read_now([&](Db& db) -> Status {
            auto q = db.query("SELECT v FROM t ORDER BY v");
            for (;;) {
                TRY(const bool row, q.step());
                if (!row) return {};
                out.push_back(q.integer(0));
            }
        }));
        return out;
    }
    /// Queues batches while the writer waits, so that they become one transaction; gives their outcomes in order.
    std::vector<Status> together(std::vector<Batch> batches) {
        std::latch entered(1), gate(1), done(static_cast<ptrdiff_t>(batches.size()));
        std::vector<Status> outcomes(batches.size());
        struct Gate : Op {
            Gate(std::latch& in, std::latch& l) : entered(in), latch(l) {}
            Status check(Db&) override { return entered.count_down(), latch.wait(), Status{}; }
            Status apply(Db&) override { return {}; }
            bool writes() const override { return false; }
            std::latch &entered, &latch;
        };
        store_->submit(batch(std::make_unique<Gate>(entered, gate), false, true), [](const Status&) {});
        entered.wait();  // the writer has taken it alone
        for (size_t i = 0; i < batches.size(); ++i)
            store_->submit(std::move(batches[i]), [&outcomes, &done, i](Status s) {
                outcomes[i] = std::move(s);
                done.count_down();
            });
        gate.count_down();
        done.wait();
        return outcomes;
    }

    std::string folder_;
    Options options_;
    std::unique_ptr<Store> store_;
    std::atomic<int> fatal_{0};
};

TEST_F(StoreTest, queued_batches_share_one_transaction) {
    open();
    auto commits = std::make_shared<std::atomic<int>>(0);
    store_->before_commit([commits](Db&) { return ++*commits, Status{}; });
    std::vector<Batch> batches;
    for (int i = 0; i < 100; ++i) batches.push_back(batch(insert(i)));
    for (const auto& s : together(std::move(batches))) EXPECT_TRUE(s);
    EXPECT_EQ(rows().size(), 100u);
    EXPECT_EQ(*commits, 1);
}

TEST_F(StoreTest, all_checks_of_a_batch_run_before_its_first_apply) {
    open();
    struct Step : Op {
        Step(std::string& l, char n, bool r) : log(l), name(n), refuse(r) {}
        Status check(Db&) override {
            log += {'c', name};
            if (refuse) return Error(ErrorCode::no_money, "no");
            return {};
        }
        Status apply(Db&) override { return log += {'a', name}, Status{}; }
        void settled(bool durable) override { log += {durable ? 's' : 'x', name}; }
        std::string& log;
        char name;
        bool refuse;
    };
    std::string log;
    Batch good, bad;
    for (const char n : {'1', '2'}) good.ops.push_back(std::make_unique<Step>(log, n, false));
    for (const char n : {'3', '4'}) bad.ops.push_back(std::make_unique<Step>(log, n, n == '4'));
    EXPECT_TRUE(store_->commit_now(std::move(good)));
    EXPECT_EQ(store_->commit_now(std::move(bad)).error().code(), ErrorCode::no_money);
    EXPECT_EQ(log, "c1c2a1a2s1s2c3c4x3x4");
}

TEST_F(StoreTest, a_batch_that_fails_by_itself_leaves_its_neighbours) {
    open();
    auto reloads = std::make_shared<std::atomic<int>>(0);
    store_->on_rollback([reloads](Db&) { return ++*reloads, Status{}; });
    std::vector<Batch> batches;
    for (const int v : {1, 2, 1, 3}) batches.push_back(batch(insert(v)));
    const auto outcomes = together(std::move(batches));
    EXPECT_TRUE(outcomes[0] && outcomes[1] && outcomes[3]);
    EXPECT_FALSE(outcomes[2]);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(*reloads, 2);  // the shared transaction and the failing one alone
}

TEST_F(StoreTest, a_guarded_batch_refuses_within_the_shared_transaction) {
    open();
    auto reloads = std::make_shared<std::atomic<int>>(0);
    auto commits = std::make_shared<std::atomic<int>>(0);
    store_->on_rollback([reloads](Db&) { return ++*reloads, Status{}; });
    std::vector<Batch> batches;
    batches.push_back(batch(insert(1)));
    Batch two;
    two.guarded = true;
    two.ops.push_back(insert(2));
    two.ops.push_back(op([](Db& db) -> Status {
        auto q = db.query("INSERT INTO t VALUES (?)");
        TRYV(q.bind(1).run());
        return {};
    }));
    batches.push_back(std::move(two));
    batches.push_back(batch(insert(3), true));
    const auto outcomes = together(std::move(batches));
    EXPECT_TRUE(outcomes[0] && outcomes[2]);
    ASSERT_FALSE(outcomes[1]);
    EXPECT_EQ(outcomes[1].error().code(), ErrorCode::conflict);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1, 3}));
    EXPECT_EQ(*reloads, 1);
}

/// Gathers numbers and writes them in front of the commit.
class Numbers final : public Deferred {
  public:
    void add(int64_t v) { numbers_.push_back(v); }
    Status flush(Db& db) override {
        for (const int64_t v : numbers_) {
            auto q = db.query("INSERT INTO t VALUES (?)");
            TRYV(q.bind(v).run());
        }
        drop();
        return {};
    }
    void drop() override { numbers_.clear(); }

  private:
    std::vector<int64_t> numbers_;
};
std::unique_ptr<Op> gather(int64_t v) {
    return op([v](Db&) { return deferred<Numbers>().add(v), Status{}; });
}

TEST_F(StoreTest, what_a_transaction_gathers_is_written_in_front_of_its_commit) {
    open();
    std::vector<Batch> batches;
    batches.push_back(batch(gather(1)));
    batches.push_back(batch(insert(2)));
    batches.push_back(batch(gather(3)));
    for (const auto& s : together(std::move(batches))) EXPECT_TRUE(s);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(StoreTest, what_was_gathered_is_forgotten_with_its_transaction) {
    open();
    std::vector<Batch> batches;
    batches.push_back(batch(gather(1)));
    batches.push_back(batch(insert(2)));
    batches.push_back(batch(gather(2)));  // refused when it is written: then all run alone
    batches.push_back(batch(gather(3)));
    const auto outcomes = together(std::move(batches));
    EXPECT_TRUE(outcomes[0] && outcomes[1] && outcomes[3]);
    ASSERT_FALSE(outcomes[2]);
    EXPECT_EQ(outcomes[2].error().code(), ErrorCode::conflict);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(StoreTest, a_guarded_refusal_forgets_only_its_own) {
    open();
    std::vector<Batch> batches;
    batches.push_back(batch(gather(1)));
    Batch two;
    two.guarded = true;
    two.ops.push_back(gather(2));
    two.ops.push_back(op([](Db&) { return Status(Error(ErrorCode::conflict, "no")); }));
    batches.push_back(std::move(two));
    batches.push_back(batch(gather(3)));
    const auto outcomes = together(std::move(batches));
    EXPECT_TRUE(outcomes[0] && outcomes[2]);
    EXPECT_FALSE(outcomes[1]);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1, 3}));
}

TEST_F(StoreTest, a_long_queue_refuses_what_need_not_land) {
    options_.max_queue = 5;
    open();
    std::vector<Batch> batches;
    for (int i = 0; i < 10; ++i) batches.push_back(batch(insert(i), false, i == 9));
    int refused = 0;
    const auto outcomes = together(std::move(batches));
    for (const auto& s : outcomes) {
        if (s) continue;
        ++refused;
        EXPECT_EQ(s.error().code(), ErrorCode::storage_unavailable);
        EXPECT_GT(s.error().retry_after_ms(), 0);
    }
    EXPECT_EQ(refused, 4);
    EXPECT_TRUE(outcomes[9]);
    EXPECT_EQ(rows().size(), 10u - static_cast<size_t>(refused));
}

TEST_F(StoreTest, a_queue_that_waits_too_long_refuses) {
    options_.max_wait_ms = 20;
    open();
    // What opening queued must be gone, or the first batch would be the one that is refused.
    while (store_->queue_length() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::latch gate(1);
    std::promise<Status> first;
    struct Gate : Op {
        explicit Gate(std::latch& l) : latch(l) {}
        Status check(Db&) override { return latch.wait(), Status{}; }
        Status apply(Db&) override { return {}; }
        std::latch& latch;
    };
    store_->submit(batch(std::make_unique<Gate>(gate)), [&](Status s) { first.set_value(std::move(s)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    Status refused;
    store_->submit(batch(insert(1)), [&](Status s) { refused = std::move(s); });  // at once, on this thread
    EXPECT_EQ(refused.error().code(), ErrorCode::storage_unavailable);
    gate.count_down();
    EXPECT_TRUE(first.get_future().get());
    EXPECT_EQ(store_->queue_length(), 0);
}

TEST_F(StoreTest, closing_writes_what_is_queued) {
    open();
    for (int i = 0; i < 50; ++i) store_->submit(batch(insert(i)), [](const Status&) {});
    store_.reset();
    open();
    EXPECT_EQ(rows().size(), 50u);
}

TEST_F(StoreTest, under_load_a_batch_waits_for_company_until_the_store_closes_at_most) {
    open();
    const auto load = [this](int first) {
        std::vector<Batch> batches;
        for (int i = first; i < first + 8; ++i) batches.push_back(batch(insert(i)));
        for (const Status& one : together(std::move(batches))) EXPECT_TRUE(one);
    };
    load(0);
    EXPECT_TRUE(write("INSERT INTO t VALUES (8)"));  // within a millisecond of the last transaction
    load(10);                                        // one batch alone has ended the load
    store_->submit(batch(insert(9)), [](const Status&) {});
    store_.reset();
    open();
    EXPECT_EQ(rows().size(), 18u);
}

TEST_F(StoreTest, a_task_resumes_on_its_loop) {
    open();
    rt::Loops loops(1);
    struct Frame {
        static rt::Task<> go(Store* store, Batch b, std::promise<bool>* same) {
            auto* before = rt::Loop::current();
            auto status = co_await store->commit(std::move(b));
            auto read = co_await store->read([](Db&) { return Status{}; });
            same->set_value(status && read && before && rt::Loop::current() == before);
        }
    };
    std::promise<bool> same;
    auto b = std::make_shared<Batch>(batch(insert(1)));
    loops[0].spawn([this, b, &same] { return Frame::go(store_.get(), std::move(*b), &same); });
    EXPECT_TRUE(same.get_future().get());
    loops.stop_and_join();
}

TEST_F(StoreTest, a_loop_that_does_not_rest_holds_a_commit_up_for_a_moment_only) {
    open();
    std::promise<Status> done;
    rt::Loops loops(1);
    loops[0].post([&] {
        rt::put_off_quiet();
        done.set_value(write("INSERT INTO t VALUES (1)"));  // this thread waits for it, and is busy meanwhile
    });
    EXPECT_TRUE(done.get_future().get());
    EXPECT_EQ(rows(), std::vector<int64_t>{1});
}

TEST_F(StoreTest, a_full_disk_refuses_keeps_what_must_land_and_recovers) {
    testing::LossyVfs vfs;
    options_.vfs = vfs.name();
    open();
    ASSERT_TRUE(store_->commit_now(batch(insert(1))));
    vfs.fill(true);
    EXPECT_EQ(store_->commit_now(batch(insert(2))).error().code(), ErrorCode::storage_unavailable);
    std::promise<Status> landed;
    store_->submit(batch(insert(3), false, true), [&](Status s) { landed.set_value(std::move(s)); });
    auto future = landed.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1}));  // reading goes on
    EXPECT_EQ(store_->commit_now(batch(insert(4))).error().code(), ErrorCode::storage_unavailable);
    vfs.fill(false);
    EXPECT_TRUE(future.get());
    Status later;
    for (int i = 0; i < 50 && !(later = store_->commit_now(batch(insert(5)))); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_TRUE(later);
    EXPECT_EQ(rows(), (std::vector<int64_t>{1, 3, 5}));
    EXPECT_EQ(fatal_, 0);
    store_.reset();
}

TEST_F(StoreTest, a_commit_of_many_pages_is_one_write_and_its_sync) {
    testing::LossyVfs vfs;
    options_.vfs = vfs.name();
    open();
    ASSERT_TRUE(write("CREATE TABLE large (bytes BLOB)"));
    const auto commit = [&](const char* sql) {
        const int64_t before = vfs.calls();
        EXPECT_TRUE(write(sql)) << sql;
        return vfs.calls() - before;
    };
    EXPECT_EQ(commit("INSERT INTO large VALUES (randomblob(100000))"), 2);
    EXPECT_EQ(commit("INSERT INTO large VALUES (randomblob(300000))"), 4);
    // More than the connection's cache holds: pages go to the log and are read again before the commit.
    EXPECT_LT(commit("INSERT INTO large SELECT randomblob(40000000)"), 1'000);
    int64_t size = 0;
    EXPECT_TRUE(store_->read_now([&](Db& db) -> Status {
        auto q = db.query("SELECT SUM(length(bytes)) FROM large");
        TRYV(q.step());
        size = q.integer(0);
        return {};
    }));
    EXPECT_EQ(size, 40'400'000);
    store_.reset();
}

TEST_F(StoreTest, a_failed_sync_ends_it_without_acknowledging) {
    testing::LossyVfs vfs;
    options_.vfs = vfs.name();
    open();
    vfs.fail_sync();
    EXPECT_EQ(store_->commit_now(batch(insert(1), false, true)).error().code(), ErrorCode::storage_unavailable);
    EXPECT_EQ(fatal_, 1);
    EXPECT_EQ(store_->commit_now(batch(insert(2))).error().code(), ErrorCode::storage_unavailable);
    EXPECT_EQ(fatal_, 1);
    store_.reset();
}

TEST_F(StoreTest, a_failed_sync_of_a_checkpoint_ends_it_too) {
    testing::LossyVfs vfs;
    options_.vfs = vfs.name();
    options_.checkpoint_pages = 1;
    open();
    struct FailNext : Op {
        explicit FailNext(testing::LossyVfs& v) : vfs(v) {}
        Status apply(Db&) override { return {}; }
        void settled(bool) override { vfs.fail_sync(); }  // after the commit, before the checkpoint
        testing::LossyVfs& vfs;
    };
    Batch b = batch(insert(1));
    b.ops.push_back(std::make_unique<FailNext>(vfs));
    EXPECT_TRUE(store_->commit_now(std::move(b)));  // its own transaction is durable
    EXPECT_EQ(store_->commit_now(batch(insert(2))).error().code(), ErrorCode::storage_unavailable);
    EXPECT_EQ(fatal_, 1);
    store_.reset();
}

TEST_F(StoreTest, statements_report_conflicts_and_missing_values) {
    open();
    ASSERT_TRUE(write("INSERT INTO t VALUES (1)"));
    EXPECT_TRUE(store_->commit_now(batch(op([](Db& db) -> Status {
        auto twice = db.query("INSERT INTO t VALUES (?)");
        EXPECT_EQ(twice.bind(1).run().error().code(), ErrorCode::conflict);
        EXPECT_EQ(db.failure(), 0);
        auto unbound = db.query("SELECT v FROM t WHERE v = ? OR v = ?");
        EXPECT_EQ(unbound.bind(1).step().error().code(), ErrorCode::storage_unavailable);
        db.clear_failure();
        auto outer = db.query("SELECT v FROM t"), inner = db.query("SELECT v FROM t");
        EXPECT_TRUE(*outer.step() && *inner.step());
        return {};
    }))));
}

class MigrateTest : public StoreTest {
  protected:
    Result<int> run(const std::vector<Migration>& migrations) {
        auto db = Db::open(options_.path, Db::Mode::writer);
        EXPECT_TRUE(db);
        return migrate(**db, options_.path, migrations);
    }
    size_t backups() {
        size_t n = 0;
        for (const auto& e : std::filesystem::directory_iterator(folder_)) n += e.path().extension() == ".bak";
        return n;
    }
    const Migration one_{1, "0001_a.sql", "CREATE TABLE a (id $ID, b $BYTES); INSERT INTO a (b) VALUES (x'00')"};
    const Migration two_{2, "0002_b.sql",
                         "ALTER TABLE a ADD COLUMN c TEXT; CREATE TABLE k (p BIGINT PRIMARY KEY) $CLUSTERED"};
};

TEST_F(MigrateTest, goes_forward_with_a_backup_of_what_was) {
    EXPECT_EQ(*run({one_}), 1);
    EXPECT_EQ(backups(), 0u);  // nothing was there before
    EXPECT_EQ(*run({one_, two_}), 2);
    EXPECT_EQ(backups(), 1u);
    EXPECT_EQ(*run({one_, two_}), 2);
    EXPECT_EQ(backups(), 1u);
    for (const auto& e : std::filesystem::directory_iterator(folder_)) {
        if (e.path().extension() != ".bak") continue;
        auto copy = Db::open(e.path(), Db::Mode::writer);
        auto q = (*copy)->query("SELECT COUNT(*) FROM a");
        EXPECT_TRUE(q.step());
        EXPECT_EQ(q.integer(0), 1);
    }
}

TEST_F(MigrateTest, refuses_a_newer_database) {
    ASSERT_TRUE(run({one_, two_}));
    EXPECT_EQ(run({one_}).error().code(), ErrorCode::schema_newer);
}

TEST_F(MigrateTest, a_failing_step_leaves_the_database_as_it_was) {
    ASSERT_TRUE(run({one_}));
    const Migration bad{2, "0002_bad.sql", "CREATE TABLE z (id $ID); INSERT INTO nowhere VALUES (1)"};
    const auto failed = run({one_, bad});
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message().find("0002_bad.sql"), std::string::npos);
    EXPECT_EQ(*run({one_, two_}), 2);
    auto db = Db::open(options_.path, Db::Mode::writer);
    EXPECT_FALSE((*db)->script("SELECT * FROM z"));
}

TEST_F(MigrateTest, the_embedded_ones_have_distinct_numbers) {
    int last = 0;
    for (const auto& m : embedded_migrations()) {
        EXPECT_GT(m.number, last) << m.name;
        last = m.number;
    }
    EXPECT_GT(last, 0);
}

TEST_F(StoreTest, one_process_at_a_time_has_the_folder) {
    auto lock = DirLock::take(folder_);
    ASSERT_TRUE(lock);
    EXPECT_EQ(DirLock::take(folder_).error().code(), ErrorCode::conflict);
    { const auto moved = *std::move(lock); }
    EXPECT_TRUE(DirLock::take(folder_));
    EXPECT_EQ(DirLock::take(folder_ + "/none").error().code(), ErrorCode::storage_unavailable);
}

}  // namespace
}  // namespace aig::store
