#include "store/testing/lossy_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <vector>

namespace aig::store::testing {
namespace {
constexpr size_t sector = 512;

struct Change {
    int64_t offset = 0;
    std::string bytes;
    bool truncate = false;  // to `offset`
};
struct Image {
    std::string durable;
    std::vector<Change> pending;
};
void put(std::string& image, const Change& c) {
    const auto at = static_cast<size_t>(c.offset);
    if (c.truncate) return image.resize(std::min(image.size(), at));
    if (image.size() < at + c.bytes.size()) image.resize(at + c.bytes.size());
    std::memcpy(image.data() + at, c.bytes.data(), c.bytes.size());
}
}  // namespace

struct LossyVfs::Inside {
    sqlite3_vfs vfs{};
    sqlite3_vfs* real = nullptr;
    std::string name;
    mutable std::mutex mutex;
    std::map<std::string, Image> images;
    std::map<std::string, Image> at_crash;
    int64_t calls = 0, crash_at = -1;
    bool crashed = false;
    std::atomic<bool> full{false}, fail_sync{false};

    void count() {  // under the mutex
        ++calls;
        if (!crashed && crash_at >= 0 && calls >= crash_at) crash();
    }
    void crash() {
        crashed = true;
        at_crash = images;
    }
};

namespace {
using Inside = LossyVfs::Inside;

struct File {
    sqlite3_file base;
    Inside* in;
    std::string* path;  // null: a temporary file, not followed
    sqlite3_file* real;
};
File& of(sqlite3_file* f) { return *reinterpret_cast<File*>(f); }
Inside& of(sqlite3_vfs* v) { return *static_cast<Inside*>(v->pAppData); }

int file_close(sqlite3_file* f) {
    auto& file = of(f);
    const int code = file.real->pMethods ? file.real->pMethods->xClose(file.real) : SQLITE_OK;
    delete file.path;
    sqlite3_free(file.real);
    return code;
}
int file_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return of(f).real->pMethods->xRead(of(f).real, to, n, at);
}
int file_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
    auto& file = of(f);
    if (file.in->full) return SQLITE_FULL;
    if (file.path) {
        const std::lock_guard lock(file.in->mutex);
        file.in->count();
        file.in->images[*file.path].pending.push_back(
            {at, std::string(static_cast<const char*>(from), static_cast<size_t>(n)), false});
    }
    return file.real->pMethods->xWrite(file.real, from, n, at);
}
int file_truncate(sqlite3_file* f, sqlite3_int64 size) {
    auto& file = of(f);
    if (file.path) {
        const std::lock_guard lock(file.in->mutex);
        file.in->images[*file.path].pending.push_back({size, {}, true});
    }
    return file.real->pMethods->xTruncate(file.real, size);
}
int file_sync(sqlite3_file* f, int) {
    auto& file = of(f);
    if (file.in->fail_sync.exchange(false)) return SQLITE_IOERR_FSYNC;
    if (file.path) {
        const std::lock_guard lock(file.in->mutex);
        file.in->count();
        auto& image = file.in->images[*file.path];
        for (const auto& c : image.pending) put(image.durable, c);
        image.pending.clear();
    }
    return SQLITE_OK;  // the real disk need not: only the image counts
}
int file_size(sqlite3_file* f, sqlite3_int64* size) { return of(f).real->pMethods->xFileSize(of(f).real, size); }
int file_lock(sqlite3_file* f, int level) { return of(f).real->pMethods->xLock(of(f).real, level); }
int file_unlock(sqlite3_file* f, int level) { return of(f).real->pMethods->xUnlock(of(f).real, level); }
int file_reserved(sqlite3_file* f, int* out) { return of(f).real->pMethods->xCheckReservedLock(of(f).real, out); }
int file_control(sqlite3_file* f, int op, void* arg) {
    // No size hints: they would grow the real file unseen.
    return op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE
               ? SQLITE_OK
               : of(f).real->pMethods->xFileControl(of(f).real, op, arg);
}
int file_sector(sqlite3_file*) { return static_cast<int>(sector); }
/// As files of unix: nothing about atomic or ordered writes, but a write leaves alone what stands beside it.
int file_traits(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
int file_shm_map(sqlite3_file* f, int region, int size, int extend, volatile void** out) {
    return of(f).real->pMethods->xShmMap(of(f).real, region, size, extend, out);
}
int file_shm_lock(sqlite3_file* f, int at, int n, int flags) {
    return of(f).real->pMethods->xShmLock(of(f).real, at, n, flags);
}
void file_shm_barrier(sqlite3_file* f) { of(f).real->pMethods->xShmBarrier(of(f).real); }
int file_shm_unmap(sqlite3_file* f, int remove) { return of(f).real->pMethods->xShmUnmap(of(f).real, remove); }

constexpr sqlite3_io_methods methods = {
    2,           file_close,   file_read,     file_write,       file_truncate,  file_sync,
    file_size,   file_lock,    file_unlock,   file_reserved,    file_control,   file_sector,
    file_traits, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, nullptr,
    nullptr};

int vfs_open(sqlite3_vfs* v, const char* path, sqlite3_file* f, int flags, int* out_flags) {
    auto& in = of(v);
    auto& file = of(f);
    file = {{nullptr}, &in, path ? new std::string(path) : nullptr, nullptr};
    file.real = static_cast<sqlite3_file*>(sqlite3_malloc(in.real->szOsFile));
    std::memset(file.real, 0, static_cast<size_t>(in.real->szOsFile));
    const int code = in.real->xOpen(in.real, path, file.real, flags, out_flags);
    if (code != SQLITE_OK) {
        delete file.path;
        sqlite3_free(file.real);
        return code;
    }
    if (path) {
        const std::lock_guard lock(in.mutex);
        in.images.try_emplace(path);
    }
    file.base.pMethods = &methods;
    return SQLITE_OK;
}
int vfs_delete(sqlite3_vfs* v, const char* path, int sync_dir) {
    auto& in = of(v);
    {
        const std::lock_guard lock(in.mutex);
        in.images.erase(path);
    }
    return in.real->xDelete(in.real, path, sync_dir);
}
int vfs_access(sqlite3_vfs* v, const char* path, int flags, int* out) {
    return of(v).real->xAccess(of(v).real, path, flags, out);
}
int vfs_full_path(sqlite3_vfs* v, const char* path, int n, char* out) {
    return of(v).real->xFullPathname(of(v).real, path, n, out);
}
int vfs_random(sqlite3_vfs* v, int n, char* out) { return of(v).real->xRandomness(of(v).real, n, out); }
int vfs_sleep(sqlite3_vfs* v, int us) { return of(v).real->xSleep(of(v).real, us); }
int vfs_time(sqlite3_vfs* v, double* out) { return of(v).real->xCurrentTime(of(v).real, out); }
int vfs_last_error(sqlite3_vfs* v, int n, char* out) { return of(v).real->xGetLastError(of(v).real, n, out); }
int vfs_time64(sqlite3_vfs* v, sqlite3_int64* out) { return of(v).real->xCurrentTimeInt64(of(v).real, out); }
}  // namespace

LossyVfs::LossyVfs() : in_(std::make_unique<Inside>()) {
    static std::atomic<int> number{0};
    auto& in = *in_;
    in.name = "lossy" + std::to_string(++number);
    in.real = sqlite3_vfs_find(nullptr);
    in.vfs.iVersion = 2;
    in.vfs.szOsFile = sizeof(File);
    in.vfs.mxPathname = in.real->mxPathname;
    in.vfs.zName = in.name.c_str();
    in.vfs.pAppData = &in;
    in.vfs.xOpen = vfs_open;
    in.vfs.xDelete = vfs_delete;
    in.vfs.xAccess = vfs_access;
    in.vfs.xFullPathname = vfs_full_path;
    in.vfs.xRandomness = vfs_random;
    in.vfs.xSleep = vfs_sleep;
    in.vfs.xCurrentTime = vfs_time;
    in.vfs.xGetLastError = vfs_last_error;
    in.vfs.xCurrentTimeInt64 = vfs_time64;
    sqlite3_vfs_register(&in.vfs, 0);
}
LossyVfs::~LossyVfs() { sqlite3_vfs_unregister(&in_->vfs); }
const std::string& LossyVfs::name() const { return in_->name; }

void LossyVfs::crash_at(int64_t call) {
    const std::lock_guard lock(in_->mutex);
    in_->crash_at = in_->calls + call;
}
bool LossyVfs::crashed() const {
    const std::lock_guard lock(in_->mutex);
    return in_->crashed;
}
int64_t LossyVfs::calls() const {
    const std::lock_guard lock(in_->mutex);
    return in_->calls;
}
void LossyVfs::fill(bool full) { in_->full = full; }
void LossyVfs::fail_sync() { in_->fail_sync = true; }

void LossyVfs::crash_into(const std::string& folder, const std::string& into, uint64_t seed) {
    std::map<std::string, Image> images;
    {
        const std::lock_guard lock(in_->mutex);
        if (!in_->crashed) in_->crash();
        images = in_->at_crash;
    }
    std::mt19937_64 draw(seed);
    std::filesystem::create_directories(into);
    for (auto& [path, image] : images) {
        if (!path.starts_with(folder + "/")) continue;
        std::string bytes = image.durable;
        const uint64_t kept_of_8 = draw() % 9;  // none .. all of what was not synced
        for (auto c : image.pending) {
            if (draw() % 8 >= kept_of_8) continue;
            const bool torn = draw() % 4 == 0 && c.bytes.size() > sector;
            if (torn) c.bytes.resize(sector * (1 + draw() % (c.bytes.size() / sector)));
            put(bytes, c);
        }
        if (image.durable.empty() && bytes.empty()) continue;  // never synced: perhaps not even in the folder
        std::ofstream(into + path.substr(folder.size()), std::ios::binary) << bytes;
    }
}

}  // namespace aig::store::testing
