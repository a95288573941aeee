#include "app/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace aig::app {
namespace fs = std::filesystem;
namespace {

Error failed(std::string_view doing, const std::string& path) {
    return Error(ErrorCode::storage_unavailable, fmt::format("cannot {} {}: {}", doing, path, std::strerror(errno)));
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}
}  // namespace

Status write_file(const std::string& path, std::string_view bytes, unsigned mode) {
    const std::string beside = fmt::format("{}.{}.new", path, ::getpid());
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return failed("write", beside);
    const bool written = write_all(fd, bytes) && ::fsync(fd) == 0;
    if (::close(fd) != 0 || !written || ::rename(beside.c_str(), path.c_str()) != 0) {
        auto error = failed("write", path);
        ::unlink(beside.c_str());
        return error;
    }
    return {};
}

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed("read", path);
    std::string out;
    char buffer[64 * 1024];
    ssize_t n = 0;
    while ((n = ::read(fd, buffer, sizeof buffer)) > 0 && out.size() <= max_bytes)
        out.append(buffer, static_cast<size_t>(n));
    ::close(fd);
    if (n < 0) return failed("read", path);
    if (out.size() > max_bytes)
        return Error(ErrorCode::too_large, fmt::format("{} is larger than {} bytes", path, max_bytes));
    return out;
}

Status make_folder(const std::string& path) {
    std::error_code bad;
    const bool made = fs::create_directories(path, bad);
    if (bad)
        return Error(ErrorCode::storage_unavailable,
                     fmt::format("cannot create the folder {}: {}", path, bad.message()));
    if (made) fs::permissions(path, fs::perms::owner_all, bad);
    return {};
}

Result<std::string> temporary_folder() {
    std::string name = (fs::temp_directory_path() / "aig-dev-XXXXXX").string();
    if (!::mkdtemp(name.data())) return failed("create", name);
    return name;
}

void remove_folder(const std::string& path) {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

}  // namespace aig::app
