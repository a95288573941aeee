// One SQL database, one writer thread, some readers. Every write is a value (Op); what must happen together is one
// Batch: all of it or nothing. The writer drains whatever is queued into one transaction and one fsync (group commit),
// then completes all.
//
// Rules for an Op: check() decides from memory or by reading and may refuse without side effects; apply() writes and
// may only fail because storage failed. All checks of a batch run before its first apply. Ops run on the writer thread;
// what they own there (the ledger's counters) needs no lock. A failed transaction rolls everything back and tells every
// owner (on_rollback); a full disk fails its batches with storage_unavailable, except those that must land: they wait
// and are run again. One batch whose apply() refuses without a guard fails alone: the others are run again without it.
// So check() and apply() may run more than once, and must not consume their values. A failed fsync ends the process
// (its pages are unknown).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/event.h"
#include "rt/loop.h"
#include "store/db.h"

namespace aig::store {

class Op {
  public:
    virtual ~Op() = default;
    /// Refuse here what can be refused, by a SELECT if need be: a refusal in an unguarded apply() costs the whole group
    /// a rollback.
    virtual Status check(Db&) { return {}; }
    virtual Status apply(Db&) = 0;
    /// False for an Op that only looks (its work is in check): a batch of such opens no transaction.
    virtual bool writes() const { return true; }
    /// The transaction is durable (true) or was rolled back (false); writer thread.
    virtual void settled(bool durable) { (void)durable; }
};
using Ops = std::vector<std::unique_ptr<Op>>;

struct Batch {
    Ops ops;
    /// Runs in a savepoint, so that apply() may also refuse (a UNIQUE constraint). Dearer; for control operations.
    bool guarded = false;
    /// Never refused for a long queue and kept over a full disk (settlements and voids: as many as there are open
    /// holds).
    bool must_land = false;
};

struct Options {
    std::string path;  ///< folder/aig.db
    std::string vfs;   ///< "" = the default; tests name theirs
    size_t readers = 2;
    size_t max_queue = 10'000;     ///< batches; beyond it submit() refuses with storage_unavailable
    int checkpoint_pages = 2'000;  ///< WAL pages after which the writer moves them into the database (8 MB)
    int64_t max_wait_ms = 2'000;   ///< the same when the oldest batch has waited this long
    /// Ends the process after an fsync or I/O error; null = log and exit 70. Where it returns (tests), the store stays
    /// refusing.
    std::function<void(std::string_view why)> on_fatal;
};

class Store {
  public:
    /// Opens, backs up and migrates (forward only; schema_newer refuses), starts the writer.
    static Result<std::unique_ptr<Store>> open(Options options);
    virtual ~Store() = default;  ///< drains the queue, then stops

    /// Queues a batch; `done` runs on the writer thread once it is durable or refused. Thread-safe.
    virtual void submit(Batch batch, std::function<void(Status)> done) = 0;
    /// The same for a task: resumes on the calling loop (internal where there is none).
    virtual rt::Task<Status> commit(Batch batch) = 0;
    /// Runs fn on a reader connection (blocking pool), resumes on the calling loop. fn must not keep the Db.
    virtual rt::Task<Status> read(std::function<Status(Db&)> fn) = 0;
    /// The same without a loop: on the calling thread, for start-up, the CLI and tests. Never from the
    /// writer thread (an Op, a `done`): it would wait for itself.
    virtual Status read_now(const std::function<Status(Db&)>& fn) = 0;
    virtual Status commit_now(Batch batch) = 0;

    /// Called on the writer thread before each commit: owners write what they keep in memory (the wallets' counters).
    virtual void before_commit(std::function<Status(Db&)> flush) = 0;
    /// Called on the writer thread after a rollback, before its batches fail: owners reload their counters.
    virtual void on_rollback(std::function<Status(Db&)> reload) = 0;
    virtual int64_t queue_length() const = 0;
    virtual int schema_version() const = 0;
};

/// The newest schema this program knows; it migrates older databases and refuses newer ones.
int newest_schema();

/// An Op from a function, for control operations.
std::unique_ptr<Op> op(std::function<Status(Db&)> apply);

}  // namespace aig::store
