#include "store/store.h"

#include <condition_variable>
#include <mutex>

#include "store/detail/migrate.h"
#include "store/detail/writer.h"

namespace aig::store {
namespace {

/// A fixed set of reader connections; read() waits for a free one.
class Readers {
  public:
    Status open(const Options& options) {
        for (size_t i = 0; i < std::max<size_t>(options.readers, 1); ++i) {
            TRY(auto db, Db::open(options.path, Db::Mode::reader, options.vfs));
            free_.push_back(std::move(db));
        }
        return {};
    }
    Status read(const std::function<Status(Db&)>& fn) {
        auto db = take();
        auto status = fn(*db);
        db->clear_failure();
        const std::lock_guard lock(mutex_);
        free_.push_back(std::move(db));
        wake_.notify_one();
        return status;
    }

  private:
    std::unique_ptr<Db> take() {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !free_.empty(); });
        auto db = std::move(free_.back());
        free_.pop_back();
        return db;
    }
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::unique_ptr<Db>> free_;
};

class SqliteStore : public Store {
  public:
    SqliteStore(std::unique_ptr<Db> db, std::shared_ptr<Readers> readers, const Options& options, int version)
        : readers_(std::move(readers)), writer_(std::move(db), options), version_(version) {}

    void submit(Batch batch, std::function<void(Status)> done) override {
        writer_.submit(std::move(batch), std::move(done));
    }

    rt::Task<Status> commit(Batch batch) override {
        auto* loop = rt::Loop::current();
        if (!loop) return no_loop();
        return rt::Handover::wait_for(std::make_shared<Commit>(*loop, writer_, std::move(batch)), start);
    }

    rt::Task<Status> read(std::function<Status(Db&)> fn) override {
        auto result = std::make_shared<Status>();
        std::function<void()> work = [readers = readers_, fn = std::move(fn), result] { *result = readers->read(fn); };
        auto ran = co_await rt::blocking(std::move(work));
        if (!ran) co_return std::move(ran).error();
        co_return std::move(*result);
    }

    Status read_now(const std::function<Status(Db&)>& fn) override { return readers_->read(fn); }

    Status commit_now(Batch batch) override {
        struct Wait {
            std::mutex mutex;
            std::condition_variable wake;
            std::optional<Status> status;
        };
        auto wait = std::make_shared<Wait>();
        writer_.submit(std::move(batch), [wait](Status s) {
            const std::lock_guard lock(wait->mutex);
            wait->status = std::move(s);
            wait->wake.notify_one();
        });
        std::unique_lock lock(wait->mutex);
        wait->wake.wait(lock, [&] { return wait->status.has_value(); });
        return std::move(*wait->status);
    }

    void before_commit(std::function<Status(Db&)> flush) override { writer_.before_commit(std::move(flush)); }
    void on_rollback(std::function<Status(Db&)> reload) override { writer_.on_rollback(std::move(reload)); }
    int64_t queue_length() const override { return writer_.queue_length(); }
    int schema_version() const override { return version_; }

  private:
    static rt::Task<Status> no_loop() { co_return Error(ErrorCode::internal, "a commit needs a loop to resume on"); }
    static void start(rt::HandoverPtr work) {
        auto task = std::static_pointer_cast<Commit>(std::move(work));
        Writer& writer = task->writer;
        writer.submit(std::move(task));
    }

    std::shared_ptr<Readers> readers_;  // shared with reads still on the blocking pool
    Writer writer_;
    int version_;
};

class FunctionOp : public Op {
  public:
    explicit FunctionOp(std::function<Status(Db&)> apply) : apply_(std::move(apply)) {}
    Status apply(Db& db) override { return apply_(db); }

  private:
    std::function<Status(Db&)> apply_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Options options) {
    TRY(auto db, Db::open(options.path, Db::Mode::writer, options.vfs));
    TRY(const int version, migrate(*db, options.path, embedded_migrations()));
    auto readers = std::make_shared<Readers>();
    TRYV(readers->open(options));
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(db), std::move(readers), options, version));
}

std::unique_ptr<Op> op(std::function<Status(Db&)> apply) { return std::make_unique<FunctionOp>(std::move(apply)); }

}  // namespace aig::store
