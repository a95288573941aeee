// Rows that a transaction gathers while its batches run and writes once, in front of its commit: daily sums, where many
// calls change one row, and rows that several go into one statement of. An Op's apply() adds to them; nothing may read
// what they will write in the same transaction. Dropped when it is rolled back (the Ops run again).
//
// Writer thread only: they belong to the transaction that is open on the calling thread.
#pragma once

#include <memory>

#include "store/db.h"

namespace aig::store {

class Deferred {
  public:
    virtual ~Deferred() = default;
    /// Writes and forgets what was gathered.
    virtual Status flush(Db& db) = 0;
    /// Forgets it.
    virtual void drop() = 0;
};

/// The thread's T, made at its first use and kept.
template <class T>
T& deferred();

Status flush_deferred(Db& db);
void drop_deferred();

namespace detail {
Deferred& keep_deferred(std::unique_ptr<Deferred> made);
}

template <class T>
T& deferred() {
    thread_local T* const one = static_cast<T*>(&detail::keep_deferred(std::make_unique<T>()));
    return *one;
}

}  // namespace aig::store
