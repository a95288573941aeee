// The lock on a data folder: one process at a time opens the database (flock on <folder>/lock; the kernel frees it with
// the process, however it ends). Held as long as the object lives.
#pragma once

#include <string>

#include "base/result.h"

namespace aig::store {

class DirLock {
  public:
    /// conflict when another process holds it.
    static Result<DirLock> take(const std::string& folder);
    DirLock(DirLock&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
    DirLock& operator=(DirLock&& o) noexcept { return std::swap(fd_, o.fd_), *this; }
    ~DirLock();

  private:
    explicit DirLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace aig::store
