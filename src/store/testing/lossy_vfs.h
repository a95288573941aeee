// A SQLite VFS for tests that knows what a power cut would leave. It passes everything to the real one, and beside each
// file keeps the image of what was written before its last sync and the list of what came after. The power cut happens
// at a chosen call: from then on the image is fixed; crash_into() writes it to another folder, with a random part of
// the unsynced writes, each whole, torn in the middle, or lost. It can also fail a sync with EIO and every write with
// ENOSPC. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace aig::store::testing {

class LossyVfs {
  public:
    /// Registers under a name of its own, for as long as it lives (longer than every database on it).
    LossyVfs();
    ~LossyVfs();
    LossyVfs(const LossyVfs&) = delete;
    const std::string& name() const;

    /// The power goes at the n-th write or sync from now.
    void crash_at(int64_t call);
    bool crashed() const;
    /// Writes and syncs so far.
    int64_t calls() const;
    /// The files of `folder` as the disk has them, into `into` (made). Crashes now if it did not yet.
    void crash_into(const std::string& folder, const std::string& into, uint64_t seed);

    /// From now on writes find no space.
    void fill(bool full);
    /// The next sync fails with an I/O error.
    void fail_sync();

    struct Inside;

  private:
    std::unique_ptr<Inside> in_;
};

}  // namespace aig::store::testing
