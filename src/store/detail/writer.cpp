#include "store/detail/writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "store/deferred.h"

namespace aig::store {
namespace {
constexpr size_t max_group_ops = 1'024;
constexpr int64_t max_group_ns = 5'000'000;
/// A transaction begins when no loop has anything left to do, so that all who could join it have: a sync costs the
/// processor as much as thirty holds do. Loops that never rest hold it up no longer than this.
constexpr int64_t longest_linger_ns = 1'000'000;
constexpr int64_t pause_ns = 250'000'000;
constexpr int64_t stop_patience_ns = 2'000'000'000;  // how long the last batches may wait for space while we stop
constexpr int exit_code = 70;  // EX_SOFTWARE: a supervisor starts us again, from what the disk has

/// Nothing is broken, later it may work: no space (the shared-memory file reports it as SHMSIZE), no memory, a foreign
/// lock.
bool is_passing(int code) {
    const int kind = code & 0xff;
    return kind == SQLITE_FULL || kind == SQLITE_BUSY || code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_NOMEM;
}
bool is_broken(int code) {
    const int kind = code & 0xff;
    return !is_passing(code) &&
           (kind == SQLITE_IOERR || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_CANTOPEN);
}
void exit_now(std::string_view) {
    log::flush();
    std::_Exit(exit_code);  // no destructors: they would write again to a file whose pages are unknown
}
Error refusing(std::string why) { return Error(ErrorCode::storage_unavailable, std::move(why)).retry_after_ms(1'000); }
}  // namespace

Writer::Writer(std::unique_ptr<Db> db, const Options& options)
    : db_(std::move(db)),
      max_queue_(options.max_queue),
      checkpoint_pages_(options.checkpoint_pages),
      max_wait_ns_(options.max_wait_ms * 1'000'000),
      on_fatal_(options.on_fatal ? options.on_fatal : exit_now),
      bell_([this] {
          {
              const std::lock_guard lock(mutex_);
              quiet_ = true;
              idle_ = false;
          }
          wake_.notify_one();
      }) {
    sqlite3_wal_hook(
        db_->handle(),
        [](void* self, sqlite3*, const char*, int pages) {
            return static_cast<Writer*>(self)->wal_pages_ = pages, SQLITE_OK;
        },
        this);
    thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Writer::before_commit(std::function<Status(Db&)> flush) {
    const std::lock_guard lock(mutex_);
    new_flushes_.push_back(std::move(flush));
}
void Writer::on_rollback(std::function<Status(Db&)> reload) {
    const std::lock_guard lock(mutex_);
    new_reloads_.push_back(std::move(reload));
}
int64_t Writer::queue_length() const { return length_.load(std::memory_order_relaxed); }

bool Writer::too_long_locked(int64_t now_ns) const {
    if (queue_.size() >= max_queue_) return true;
    const int64_t oldest = oldest_ns_ ? oldest_ns_ : queue_.empty() ? now_ns : queue_.front().queued_ns;
    return now_ns - oldest > max_wait_ns_;
}

void Writer::submit(Batch batch, std::function<void(Status)> done) {
    Pending pending{std::move(batch), nullptr, std::move(done), mono_ns(), {}, false};
    if (auto queued = enqueue(pending, false); !queued) pending.done(std::move(queued));
}
void Writer::submit(std::shared_ptr<Commit> task) {
    const bool rings = rt::put_off_quiet();
    auto batch = std::move(task->batch);
    Pending pending{std::move(batch), std::move(task), nullptr, mono_ns(), {}, false};
    auto queued = enqueue(pending, rings);
    if (queued) return;
    pending.task->set(std::move(queued));
    pending.task->arrive_later();
}

Status Writer::enqueue(Pending& p, bool rings) {
    bool wake = false, arm = false;
    {
        const std::lock_guard lock(mutex_);
        if (dead_ || stop_) return refusing("the ledger's storage has stopped");
        if (!p.batch.must_land && p.queued_ns < pause_until_ns_) return refusing("the disk has no room");
        if (!p.batch.must_land && too_long_locked(p.queued_ns)) return refusing("the ledger's queue is too long");
        queue_.push_back(std::move(p));
        length_.fetch_add(1, std::memory_order_relaxed);
        if (rings)
            arm = idle_ && !std::exchange(belled_, true);
        else
            wake = std::exchange(idle_, false);
        if (company_ > 0 && queue_.size() >= company_) {
            company_ = 0;
            (rings ? arm : wake) = true;
            quiet_ = !rings;
        }
    }
    if (wake) wake_.notify_one();
    if (arm) bell_.arm();
    return {};
}

/// Until it is quiet, or the oldest batch has waited long enough.
void Writer::linger(std::unique_lock<std::mutex>& lock) {
    if (quiet_) return;
    const int64_t left = queue_.front().queued_ns + longest_linger_ns - mono_ns();
    if (left <= 0) return;
    lock.unlock();
    bell_.arm();
    lock.lock();
    wake_.wait_for(lock, std::chrono::nanoseconds(left), [this] { return stop_ || quiet_; });
}

/// Under load the queue fills by itself: see pace.h. True: in the last part of a wait nobody came.
bool Writer::wait_for_company(std::unique_lock<std::mutex>& lock) {
    const int64_t left = pace_.until_ns() - mono_ns();
    if (queue_.size() >= pace_.wanted() || left <= 0) return false;
    company_ = pace_.wanted();
    const auto all_here = [this] { return stop_ || (company_ == 0 && quiet_); };
    wake_.wait_for(lock, std::chrono::nanoseconds(left), all_here);
    const bool timed_out = std::exchange(company_, 0) > 0;
    return timed_out && !queue_.empty() && mono_ns() - queue_.back().queued_ns > pace_.apart_ns() / 2;
}

bool Writer::take(Group& group) {
    std::unique_lock lock(mutex_);
    oldest_ns_ = 0;
    quiet_ = false;
    const bool in_vain = !stop_ && wait_for_company(lock);
    while (queue_.empty() && !stop_) {
        idle_ = true;
        quiet_ = false;
        wake_.wait(lock, [this] { return !idle_ || stop_; });
        idle_ = belled_ = false;
    }
    if (!stop_) linger(lock);
    pace_.begins(queue_.size(), in_vain, mono_ns());
    if (const int64_t pause = pause_until_ns_ - mono_ns();
        pause > 0)  // what must land waits for space, also while we stop
        wake_.wait_for(lock, std::chrono::nanoseconds(stop_ ? pause / 10 : pause),
                       [was = stop_, this] { return stop_ && !was; });
    for (auto& f : new_flushes_) flushes_.push_back(std::move(f));
    for (auto& f : new_reloads_) reloads_.push_back(std::move(f));
    new_flushes_.clear();
    new_reloads_.clear();
    size_t ops = 0, n = 0;
    while (n < queue_.size() && ops < max_group_ops) ops += std::max<size_t>(queue_[n++].batch.ops.size(), 1);
    group.swap(queue_);  // whose memory is used again; what is too much goes back
    put_back_locked(group, n);
    if (!group.empty()) oldest_ns_ = group.front().queued_ns;
    return !group.empty();
}

/// What stands behind the first `from` waits for another transaction, in front of what came since.
void Writer::put_back_locked(Group& group, size_t from) {
    const auto rest = group.begin() + static_cast<std::ptrdiff_t>(from);
    queue_.insert(queue_.begin(), std::make_move_iterator(rest), std::make_move_iterator(group.end()));
    group.erase(rest, group.end());
}

void Writer::run() {
    Group group;
    while (take(group)) {
        process(group);
        group.clear();
        if (group.capacity() > max_group_ops) Group().swap(group);
    }
}

void Writer::process(Group& group) {
    if (dead_) return fail_all(group, last_error_);
    switch (attempt(group)) {
        case Outcome::committed:
            complete(group);
            return checkpoint();
        case Outcome::unavailable:
            return hold_back(group);
        case Outcome::broken:
            return fail_all(group, last_error_);
        case Outcome::refused:
            break;
    }
    if (group.size() == 1) {
        if (group[0].outcome) group[0].outcome = last_error_;
        return complete(group);
    }
    one_by_one(group);
}

/// One batch's apply() refused without a guard: only that one may fail.
void Writer::one_by_one(Group& group) {
    for (auto& p : group) {
        Group single;
        single.push_back(std::move(p));
        process(single);
    }
}

/// The disk is full (or locked): what must land goes back to the head of the queue, the rest fails. While the store
/// stops, the patience ends.
void Writer::hold_back(Group& group) {
    static auto& count =
        metrics::counter("aig_storage_full_total", "Transactions rolled back because the disk is full or locked");
    count.add();
    const int64_t now_ns = mono_ns();
    {
        const std::lock_guard lock(mutex_);
        if (now_ns >= pause_until_ns_ + pause_ns)
            log::error("storage_unavailable", {{"why", last_error_.message()}, {"queued", length_.load()}});
        pause_until_ns_ = now_ns + pause_ns;
        const auto may_wait = [&](const Pending& p) {
            return p.batch.must_land && !(stop_ && now_ns - p.queued_ns > stop_patience_ns);
        };
        const auto waiting =
            std::stable_partition(group.begin(), group.end(), [&](const Pending& p) { return !may_wait(p); });
        put_back_locked(group, static_cast<size_t>(waiting - group.begin()));
    }
    fail_all(group, last_error_);
}

Writer::Outcome Writer::why_failed() const {
    if (is_broken(db_->failure())) return Outcome::broken;
    if (is_passing(db_->failure())) return Outcome::unavailable;
    return Outcome::refused;
}

Writer::Outcome Writer::attempt(Group& group) {
    db_->clear_failure();
    for (auto& p : group) {
        p.outcome = {};
        p.applied = false;
    }
    const Outcome outcome = write(group);
    if (outcome == Outcome::committed) return outcome;
    return roll_back(outcome);
}

Writer::Outcome Writer::write(Group& group) {
    bool open = false;
    const int64_t start_ns = mono_ns();
    for (size_t i = 0; i < group.size(); ++i) {
        const Outcome outcome = run_batch(group[i], open);
        if (outcome != Outcome::committed) return outcome;
        if (i + 1 == group.size() || mono_ns() - start_ns < max_group_ns) continue;
        // Five milliseconds of work: the rest waits for the next transaction.
        const std::lock_guard lock(mutex_);
        put_back_locked(group, i + 1);
    }
    if (!open) return Outcome::committed;
    const int64_t before_ns = thread_cpu_ns();
    auto done = flush();
    if (done) done = run("COMMIT");
    pace_.committed(thread_cpu_ns() - before_ns);
    if (done) return Outcome::committed;
    last_error_ = done.error();
    return why_failed();
}

Writer::Outcome Writer::run_batch(Pending& p, bool& open) {
    bool writes = false;
    for (auto& op : p.batch.ops) {
        p.outcome = op->check(*db_);
        if (!p.outcome) {
            if (is_broken(db_->failure())) return last_error_ = p.outcome.error(), Outcome::broken;
            return Outcome::committed;  // refused without side effects
        }
        writes |= op->writes();
    }
    if (!writes) return Outcome::committed;
    if (!std::exchange(open, true)) {
        if (auto begun = run("BEGIN IMMEDIATE"); !begun) return last_error_ = begun.error(), why_failed();
    }
    return p.batch.guarded ? apply_guarded(p) : apply_batch(p);
}

Writer::Outcome Writer::apply_batch(Pending& p) {
    for (auto& op : p.batch.ops) {
        if (auto done = op->apply(*db_); !done) {
            last_error_ = done.error();
            return why_failed();
        }
    }
    p.applied = true;
    return Outcome::committed;
}

Writer::Outcome Writer::apply_guarded(Pending& p) {
    // Owners' counters go to disk first, so that after undoing the savepoint they can be read back.
    auto ready = flush();
    if (ready) ready = db_->script("SAVEPOINT batch");
    if (!ready) return last_error_ = ready.error(), why_failed();
    const Outcome outcome = apply_batch(p);
    if (outcome == Outcome::committed) {
        if (auto done = db_->script("RELEASE batch"); !done) return last_error_ = done.error(), why_failed();
        return outcome;
    }
    if (outcome != Outcome::refused) return outcome;
    p.outcome = last_error_;
    drop_deferred();  // the batch's own: what was there before it is written
    auto undone = db_->script("ROLLBACK TO batch; RELEASE batch");
    for (auto& reload : reloads_)
        if (undone) undone = reload(*db_);
    if (!undone) return last_error_ = undone.error(), Outcome::broken;
    db_->clear_failure();
    return Outcome::committed;
}

Status Writer::run(const char* sql) {
    TRYV(db_->query(sql).run());
    return {};
}

Status Writer::flush() {
    TRYV(flush_deferred(*db_));
    for (auto& f : flushes_) TRYV(f(*db_));
    return {};
}

Writer::Outcome Writer::roll_back(Outcome why) {
    drop_deferred();
    if (why == Outcome::broken) return die(last_error_.message()), why;
    if (!sqlite3_get_autocommit(db_->handle()))
        if (auto undone = db_->script("ROLLBACK"); !undone) return die(undone.error().message()), Outcome::broken;
    db_->clear_failure();
    for (auto& reload : reloads_)
        if (auto done = reload(*db_); !done) return die(done.error().message()), Outcome::broken;
    return why;
}

void Writer::complete(Group& group) {
    rt::Handovers tasks;
    for (auto& p : group) {
        for (auto& op : p.batch.ops) op->settled(p.applied);
        length_.fetch_sub(1, std::memory_order_relaxed);
        if (!p.task) {
            p.done(std::move(p.outcome));
            continue;
        }
        p.task->set(std::move(p.outcome));
        p.task->batch.ops = std::move(p.batch.ops);
        tasks.add(std::move(p.task));
    }
    tasks.send();
}

void Writer::fail_all(Group& group, const Error& error) {
    for (auto& p : group) {
        p.applied = false;
        p.outcome = refusing(error.message());
    }
    complete(group);
}

void Writer::checkpoint() {
    if (wal_pages_ < checkpoint_pages_) return;
    int in_wal = 0, moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &moved);
    if (is_broken(code == SQLITE_OK ? SQLITE_OK : sqlite3_extended_errcode(db_->handle())))
        return die(sqlite3_errmsg(db_->handle()));
    wal_pages_ = in_wal - moved;
}

void Writer::die(std::string_view why) {
    log::error("storage_failed", {{"why", why}, {"next", "the process ends; what was acknowledged is on disk"}});
    {
        const std::lock_guard lock(mutex_);
        dead_ = true;
        last_error_ = Error(ErrorCode::storage_unavailable, std::string(why));
    }
    on_fatal_(why);
}

}  // namespace aig::store
