#include "store/db.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <unordered_map>

#include "store/detail/gathering_vfs.h"
#include "store/detail/rows_table.h"

namespace aig::store {

struct Db::Cache {
    struct Slot {
        sqlite3_stmt* stmt = nullptr;
        bool lent = false;
    };
    std::unordered_map<const char*, Slot> statements;
    ~Cache() {
        for (auto& [sql, slot] : statements) sqlite3_finalize(slot.stmt);
    }
};

namespace {
constexpr int busy_timeout_ms = 5'000;
// The writer checkpoints by itself (wal_autocheckpoint swallows I/O errors), FULL syncs the WAL at every commit.
constexpr std::string_view writer_pragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16384;"
    "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;";
constexpr std::string_view reader_pragmas = "PRAGMA query_only=1; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;";

/// Before the library's first use: its memory statistics cost a lock an allocation, and nobody reads them. (A test that
/// has registered a VFS before keeps them, to no harm.)
void configure_once() {
    static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)done;
}
}  // namespace

Db::Db(sqlite3* db) : db_(db), cache_(std::make_unique<Cache>()) {}
Db::~Db() {
    cache_.reset();
    sqlite3_close_v2(db_);
}

Result<std::unique_ptr<Db>> Db::open(const std::string& path, Mode mode, const std::string& vfs) {
    configure_once();
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::writer ? SQLITE_OPEN_CREATE : 0);
    const std::string layer = mode == Mode::writer ? gathering_vfs(vfs) : vfs;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, layer.empty() ? nullptr : layer.c_str());
    std::unique_ptr<Db> db(new Db(raw));
    if (code != SQLITE_OK) return db->failed(code, "open " + path);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_timeout_ms);
    if (const int added = add_page_rows(raw); added != SQLITE_OK) return db->failed(added, "add page_rows");
    TRYV(db->script(mode == Mode::writer ? writer_pragmas : reader_pragmas));
    return db;
}

Error Db::failed(int code, std::string_view doing) {
    if ((code & 0xff) == SQLITE_CONSTRAINT)
        return Error(ErrorCode::conflict, fmt::format("the database refused: {}", sqlite3_errmsg(db_)));
    if (!failure_) failure_ = code;
    return Error(ErrorCode::storage_unavailable, fmt::format("the database failed to {}: {} (code {})", doing,
                                                             db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code), code));
}

Query Db::query(const char* sql) {
    auto& slot = cache_->statements[sql];
    if (slot.stmt && !slot.lent) {
        slot.lent = true;
        return {this, slot.stmt, &slot.lent};
    }
    const bool own = slot.lent;  // the cached one is in use further out: this use gets one of its own
    sqlite3_stmt* stmt = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql, -1, own ? 0 : SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
    if (code != SQLITE_OK && !failure_) failure_ = code;
    if (own || !stmt) return {this, stmt, nullptr};
    slot = {stmt, true};
    return {this, stmt, &slot.lent};
}

Status Db::script(std::string_view sql) {
    const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failed(code, "run a script");
    return {};
}

int64_t Db::last_id() const { return sqlite3_last_insert_rowid(db_); }

Query::Query(Query&& o) noexcept
    : db_(o.db_), stmt_(std::exchange(o.stmt_, nullptr)), next_(o.next_), lent_(o.lent_), bad_bind_(o.bad_bind_) {}
Query::~Query() {
    if (!stmt_) return;
    if (!lent_) {
        sqlite3_finalize(stmt_);
        return;
    }
    sqlite3_reset(stmt_);  // bindings stay: every use binds all, and clearing them costs
    *lent_ = false;
}

void Query::bound(int code) {
    if (code != SQLITE_OK) bad_bind_ = true;
}
Query& Query::bind(int64_t v) {
    bound(sqlite3_bind_int64(stmt_, next_++, v));
    return *this;
}
Query& Query::bind(std::string_view text) {
    bound(sqlite3_bind_text64(stmt_, next_++, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                              SQLITE_UTF8));
    return *this;
}
Query& Query::bind_ref(std::string_view text) {
    bound(sqlite3_bind_text64(stmt_, next_++, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8));
    return *this;
}
Query& Query::bind_blob(std::string_view bytes) {
    bound(sqlite3_bind_blob64(stmt_, next_++, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT));
    return *this;
}
Query& Query::bind_blob_ref(std::string_view bytes) {
    bound(sqlite3_bind_blob64(stmt_, next_++, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC));
    return *this;
}
Query& Query::bind_null() {
    bound(sqlite3_bind_null(stmt_, next_++));
    return *this;
}

Result<bool> Query::step() {
    if (!stmt_) return db_->failed(SQLITE_ERROR, "prepare a statement");
    // Bindings outlive their statement's use: one that is missed now would read an earlier use's memory.
    if (bad_bind_ || next_ <= sqlite3_bind_parameter_count(stmt_))
        return db_->failed(SQLITE_MISUSE, "bind a statement");
    const int code = sqlite3_step(stmt_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return db_->failed(code, "run a statement");
}

Result<int64_t> Query::run() {
    for (;;) {
        TRY(const bool row, step());
        if (!row) return static_cast<int64_t>(sqlite3_changes64(db_->handle()));
    }
}

int64_t Query::integer(int column) const { return sqlite3_column_int64(stmt_, column); }
std::string_view Query::text(int column) const {
    const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
    return p ? std::string_view(p, static_cast<size_t>(sqlite3_column_bytes(stmt_, column))) : std::string_view{};
}
std::string_view Query::blob(int column) const {
    const auto* p = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
    return p ? std::string_view(p, static_cast<size_t>(sqlite3_column_bytes(stmt_, column))) : std::string_view{};
}
bool Query::is_null(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
int Query::columns() const { return sqlite3_column_count(stmt_); }
std::string_view Query::name(int column) const { return sqlite3_column_name(stmt_, column); }
Query::Kind Query::kind(int column) const {
    const int type = sqlite3_column_type(stmt_, column);
    return type == SQLITE_NULL      ? Kind::null
           : type == SQLITE_INTEGER ? Kind::integer
           : type == SQLITE_BLOB    ? Kind::blob
                                    : Kind::text;
}

}  // namespace aig::store
