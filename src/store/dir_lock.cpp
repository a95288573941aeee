#include "store/dir_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace aig::store {

Result<DirLock> DirLock::take(const std::string& folder) {
    const std::string path = folder + "/lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return Error(ErrorCode::storage_unavailable, "cannot open " + path + ": " + std::strerror(errno));
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return DirLock(fd);
    const int why = errno;
    ::close(fd);
    if (why == EWOULDBLOCK) return Error(ErrorCode::conflict, folder + " is in use by another aig");
    return Error(ErrorCode::storage_unavailable, "cannot lock " + path + ": " + std::strerror(why));
}

DirLock::~DirLock() {
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace aig::store
