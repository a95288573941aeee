#include "store/detail/migrate.h"
#include "store/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/embedded.h"
#include "base/log.h"
#include "base/time.h"

namespace aig::store {
namespace {
constexpr std::string_view folder = "sql/migrations/";

/// The words that differ between engines.
std::string for_sqlite(std::string_view sql) {
    std::string out(sql);
    constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"$ID", "INTEGER PRIMARY KEY"}, {"$BYTES", "BLOB"}, {"$CLUSTERED", "WITHOUT ROWID"}};
    for (const auto& [word, type] : words)
        for (size_t at; (at = out.find(word)) != std::string::npos;) out.replace(at, word.size(), type);
    return out;
}

Result<std::set<int>> applied_numbers(Db& db) {
    TRYV(
        db.script("CREATE TABLE IF NOT EXISTS schema_migration "
                  "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_us BIGINT NOT NULL)"));
    std::set<int> numbers;
    auto rows = db.query("SELECT number FROM schema_migration");
    for (;;) {
        TRY(const bool row, rows.step());
        if (!row) return numbers;
        numbers.insert(static_cast<int>(rows.integer(0)));
    }
}

Status sync_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool ok = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!ok) return Error(ErrorCode::storage_unavailable, "cannot make the backup " + path + " durable");
    return {};
}

Status back_up(Db& db, const std::string& path, int from) {
    const std::string copy = fmt::format("{}.schema-{}-{}.bak", path, from, now_us());
    auto q = db.query("VACUUM INTO ?");
    q.bind(copy);
    TRYV(q.run());
    TRYV(sync_file(copy));
    log::info("schema_backup", {{"file", copy}});
    return {};
}

Status apply(Db& db, const Migration& m) {
    auto done = db.script("BEGIN IMMEDIATE");
    if (done) done = db.script(for_sqlite(m.sql));
    if (done) {
        auto q = db.query("INSERT INTO schema_migration (number, name, applied_us) VALUES (?, ?, ?)");
        q.bind(m.number).bind(m.name).bind(now_us());
        if (auto row = q.run(); !row) done = std::move(row).error();
    }
    if (done) done = db.script("COMMIT");
    if (done) return {};
    (void)db.script("ROLLBACK");
    return Error(ErrorCode::storage_unavailable, fmt::format("migration {}: {}", m.name, done.error().message()));
}
}  // namespace

std::vector<Migration> embedded_migrations() {
    std::vector<Migration> out;
    for (const auto name : embedded_names(folder)) {
        Migration m{0, name.substr(folder.size()), embedded_file(name)};
        std::from_chars(m.name.data(), m.name.data() + m.name.size(), m.number);
        if (m.number > 0) out.push_back(m);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return out;
}

Result<int> migrate(Db& db, const std::string& path, const std::vector<Migration>& migrations) {
    TRY(const auto applied, applied_numbers(db));
    const int newest = migrations.empty() ? 0 : migrations.back().number;
    const auto known = [&](int n) {
        return std::any_of(migrations.begin(), migrations.end(), [n](const auto& m) { return m.number == n; });
    };
    for (const int n : applied)
        if (!known(n))
            return Error(ErrorCode::schema_newer,
                         fmt::format("the database has migration {}, this program knows up to {}", n, newest));
    const bool all =
        std::all_of(migrations.begin(), migrations.end(), [&](const auto& m) { return applied.contains(m.number); });
    if (!all && !applied.empty() && !path.empty()) TRYV(back_up(db, path, *applied.rbegin()));
    for (const auto& m : migrations)
        if (!applied.contains(m.number)) TRYV(apply(db, m));
    return newest;
}

}  // namespace aig::store

namespace aig::store {
int newest_schema() { return embedded_migrations().back().number; }
}  // namespace aig::store
