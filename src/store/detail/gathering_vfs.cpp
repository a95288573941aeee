#include "store/detail/gathering_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace aig::store {
namespace {

/// SQLite's own layer for files takes at most 128 KiB at once.
constexpr size_t most_gathered = size_t{120} << 10;

struct Layer {
    sqlite3_vfs vfs{};
    sqlite3_vfs* beneath = nullptr;
    std::string name;
};
sqlite3_vfs* beneath(sqlite3_vfs* v) { return static_cast<Layer*>(v->pAppData)->beneath; }

/// A write-ahead log; the file of the layer beneath stands behind it in SQLite's memory.
struct Log {
    sqlite3_file base;
    std::string* gathered;
    sqlite3_int64 at;  ///< where the first gathered byte goes
    bool gathers;
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    const sqlite3_io_methods* methods() { return file()->pMethods; }
};
Log& of(sqlite3_file* f) { return *reinterpret_cast<Log*>(f); }

/// Where a write may damage what stands beside it, SQLite fills the sector behind a commit's sync: with frames that it
/// counts and does not sync again. There every write goes out at once.
bool gathers(Log& log) {
    return (log.methods()->xDeviceCharacteristics(log.file()) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
}

/// What cannot be written is forgotten: the commit that it belongs to fails, and the next one writes over its place.
int write_out(Log& log) {
    if (log.gathered->empty()) return SQLITE_OK;
    const int code =
        log.methods()->xWrite(log.file(), log.gathered->data(), static_cast<int>(log.gathered->size()), log.at);
    log.gathered->clear();
    return code;
}
bool gather(Log& log, const void* from, int n) {
    try {
        log.gathered->append(static_cast<const char*>(from), static_cast<size_t>(n));
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

int log_close(sqlite3_file* f) {
    Log& log = of(f);
    const int written = write_out(log);
    delete std::exchange(log.gathered, nullptr);
    const int closed = log.methods()->xClose(log.file());
    return written != SQLITE_OK ? written : closed;
}
int log_read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    const int code = write_out(of(f));
    return code != SQLITE_OK ? code : of(f).methods()->xRead(of(f).file(), to, n, at);
}
int log_write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
    Log& log = of(f);
    const auto size = log.gathered->size();
    if (!log.gathers) return log.methods()->xWrite(log.file(), from, n, at);
    if (size > 0 &&
        (at != log.at + static_cast<sqlite3_int64>(size) || size + static_cast<size_t>(n) > most_gathered)) {
        if (const int code = write_out(log); code != SQLITE_OK) return code;
    }
    if (log.gathered->empty()) log.at = at;
    if (gather(log, from, n)) return SQLITE_OK;
    const int code = write_out(log);
    return code != SQLITE_OK ? code : log.methods()->xWrite(log.file(), from, n, at);
}
int log_truncate(sqlite3_file* f, sqlite3_int64 size) {
    const int code = write_out(of(f));
    return code != SQLITE_OK ? code : of(f).methods()->xTruncate(of(f).file(), size);
}
int log_sync(sqlite3_file* f, int flags) {
    const int code = write_out(of(f));
    return code != SQLITE_OK ? code : of(f).methods()->xSync(of(f).file(), flags);
}
int log_size(sqlite3_file* f, sqlite3_int64* size) {
    const int code = write_out(of(f));
    return code != SQLITE_OK ? code : of(f).methods()->xFileSize(of(f).file(), size);
}
int log_lock(sqlite3_file* f, int level) { return of(f).methods()->xLock(of(f).file(), level); }
int log_unlock(sqlite3_file* f, int level) { return of(f).methods()->xUnlock(of(f).file(), level); }
int log_reserved(sqlite3_file* f, int* out) { return of(f).methods()->xCheckReservedLock(of(f).file(), out); }
int log_control(sqlite3_file* f, int op, void* arg) { return of(f).methods()->xFileControl(of(f).file(), op, arg); }
int log_sector(sqlite3_file* f) { return of(f).methods()->xSectorSize(of(f).file()); }
int log_traits(sqlite3_file* f) { return of(f).methods()->xDeviceCharacteristics(of(f).file()); }

constexpr sqlite3_io_methods log_methods = {1,           log_close,  log_read,   log_write,  log_truncate,
                                            log_sync,    log_size,   log_lock,   log_unlock, log_reserved,
                                            log_control, log_sector, log_traits, nullptr,    nullptr,
                                            nullptr,     nullptr,    nullptr,    nullptr};

int open_file(sqlite3_vfs* v, const char* path, sqlite3_file* f, int flags, int* out_flags) {
    sqlite3_vfs* const under = beneath(v);
    if (!(flags & SQLITE_OPEN_WAL)) return under->xOpen(under, path, f, flags, out_flags);
    Log& log = of(f);
    log = {{nullptr}, nullptr, 0, false};
    std::memset(log.file(), 0, static_cast<size_t>(under->szOsFile));
    const int code = under->xOpen(under, path, log.file(), flags, out_flags);
    if (code != SQLITE_OK) {
        if (log.methods()) log.methods()->xClose(log.file());
        return code;
    }
    log.gathered = new (std::nothrow) std::string;
    if (!log.gathered) {
        log.methods()->xClose(log.file());
        return SQLITE_NOMEM;
    }
    log.gathers = gathers(log);
    log.base.pMethods = &log_methods;
    return SQLITE_OK;
}
int delete_file(sqlite3_vfs* v, const char* path, int sync_folder) {
    return beneath(v)->xDelete(beneath(v), path, sync_folder);
}
int access_file(sqlite3_vfs* v, const char* path, int flags, int* out) {
    return beneath(v)->xAccess(beneath(v), path, flags, out);
}
int full_path(sqlite3_vfs* v, const char* path, int n, char* out) {
    return beneath(v)->xFullPathname(beneath(v), path, n, out);
}
int random_bytes_of(sqlite3_vfs* v, int n, char* out) { return beneath(v)->xRandomness(beneath(v), n, out); }
int sleep_us(sqlite3_vfs* v, int us) { return beneath(v)->xSleep(beneath(v), us); }
int current_time(sqlite3_vfs* v, double* out) { return beneath(v)->xCurrentTime(beneath(v), out); }
int last_error(sqlite3_vfs* v, int n, char* out) { return beneath(v)->xGetLastError(beneath(v), n, out); }
int current_time_ms(sqlite3_vfs* v, sqlite3_int64* out) { return beneath(v)->xCurrentTimeInt64(beneath(v), out); }

std::unique_ptr<Layer> make_layer(sqlite3_vfs* under, const std::string& name) {
    auto layer = std::make_unique<Layer>();
    layer->beneath = under;
    layer->name = name;
    sqlite3_vfs& vfs = layer->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(sizeof(Log)) + under->szOsFile;
    vfs.mxPathname = under->mxPathname;
    vfs.zName = layer->name.c_str();
    vfs.pAppData = layer.get();
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = access_file;
    vfs.xFullPathname = full_path;
    vfs.xRandomness = random_bytes_of;
    vfs.xSleep = sleep_us;
    vfs.xCurrentTime = current_time;
    vfs.xGetLastError = last_error;
    vfs.xCurrentTimeInt64 = current_time_ms;
    return layer;
}
}  // namespace

std::string gathering_vfs(const std::string& beneath) {
    static std::mutex mutex;
    static auto& layers = *new std::map<std::string, std::unique_ptr<Layer>>;  // SQLite may ask for them until the end
    sqlite3_vfs* const under = sqlite3_vfs_find(beneath.empty() ? nullptr : beneath.c_str());
    if (!under) return beneath;
    const std::lock_guard lock(mutex);
    auto& layer = layers[under->zName];
    if (!layer || layer->beneath != under) {
        if (layer) sqlite3_vfs_unregister(&layer->vfs);
        layer = make_layer(under, std::string("gathering-") + under->zName);
        if (sqlite3_vfs_register(&layer->vfs, 0) != SQLITE_OK) return beneath;
    }
    return layer->name;
}

}  // namespace aig::store
