// The single writer: one thread, one queue, group commit. It drains what is queued (at most 1,024 Ops or 5 ms of work)
// into one transaction, commits once, then completes every batch. A group forms while the fsync before it runs and
// while loops still have work at hand: it begins when all rest (rt/quiet.h), a millisecond after its first batch at the
// latest, and under load a millisecond after the last one (pace.h).
//
// After the commit it checkpoints the WAL itself and looks at the result: SQLite's own automatic checkpoint swallows
// I/O errors.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "rt/handover.h"
#include "rt/quiet.h"
#include "store/detail/pace.h"
#include "store/store.h"

namespace aig::store {

/// A task's commit. Its Ops come back with it, to be freed on the thread that made them: memory that changes threads is
/// the dearest kind.
class Writer;
struct Commit final : rt::Handover {
    Commit(rt::Loop& loop, Writer& to, Batch b) : Handover(loop), writer(to), batch(std::move(b)) {}
    Writer& writer;
    Batch batch;
};

class Writer {
  public:
    Writer(std::unique_ptr<Db> db, const Options& options);
    ~Writer();

    /// `done` runs on the writer thread, or for a refusal (the queue is full or old) at once on the calling one.
    void submit(Batch batch, std::function<void(Status)> done);
    /// The same for a task of the calling loop: one wake-up for all of a group.
    void submit(std::shared_ptr<Commit> task);
    void before_commit(std::function<Status(Db&)> flush);
    void on_rollback(std::function<Status(Db&)> reload);
    int64_t queue_length() const;

  private:
    struct Pending {
        Batch batch;
        std::shared_ptr<Commit> task;  // null: done
        std::function<void(Status)> done;
        int64_t queued_ns = 0;
        Status outcome;
        bool applied = false;
    };
    using Group = std::vector<Pending>;
    enum class Outcome : uint8_t { committed, refused, unavailable, broken };

    /// What is refused stays with the caller.
    /// `rings`: the calling loop will ring the bell soon, and until then nobody needs to be woken.
    Status enqueue(Pending& pending, bool rings);
    void run();
    bool take(Group& group);
    void linger(std::unique_lock<std::mutex>& lock);
    bool wait_for_company(std::unique_lock<std::mutex>& lock);
    void process(Group& group);
    void one_by_one(Group& group);
    void hold_back(Group& group);
    void put_back_locked(Group& group, size_t from);
    Outcome attempt(Group& group);
    Outcome write(Group& group);
    Outcome run_batch(Pending& p, bool& open);
    Outcome apply_batch(Pending& p);
    Outcome apply_guarded(Pending& p);
    Outcome roll_back(Outcome why);
    Outcome why_failed() const;
    Status run(const char* sql);
    Status flush();
    void complete(Group& group);
    void fail_all(Group& group, const Error& error);
    void checkpoint();
    void die(std::string_view why);
    bool too_long_locked(int64_t now_ns) const;

    std::unique_ptr<Db> db_;
    const size_t max_queue_;
    const int checkpoint_pages_;
    const int64_t max_wait_ns_;
    std::function<void(std::string_view)> on_fatal_;

    mutable std::mutex mutex_;  // guards what stands between here and the blank line
    std::condition_variable wake_;
    Group queue_;
    std::vector<std::function<Status(Db&)>> new_flushes_, new_reloads_;
    int64_t oldest_ns_ = 0;       // of the group being written, 0 = none
    int64_t pause_until_ns_ = 0;  // the disk is full: refuse what need not land until then
    size_t company_ = 0;          // batches the writer waits for, 0 = it does not
    bool stop_ = false, dead_ = false;
    bool idle_ = false;    // the writer waits for its first batch, and nobody has woken it
    bool belled_ = false;  // the bell was armed for it
    bool quiet_ = false;   // since it was last idle or began to linger

    std::vector<std::function<Status(Db&)>> flushes_, reloads_;  // the writer thread's own
    std::atomic<int64_t> length_{0};
    int wal_pages_ = 0;
    Pace pace_;
    Error last_error_{ErrorCode::storage_unavailable, "the ledger cannot be written"};
    rt::QuietBell bell_;
    std::thread thread_;
};

}  // namespace aig::store
