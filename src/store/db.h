// A thin, typed face over one SQLite connection: cached prepared statements, checked return codes, no SQL built from
// strings. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace aig::store {

class Db;

/// A prepared statement while it is used; resets itself. Binds are 1-based in order of the calls.
class Query {
  public:
    Query(Query&&) noexcept;
    Query& operator=(Query&&) = delete;
    ~Query();
    Query& bind(int64_t v);
    Query& bind(std::string_view text);
    Query& bind_blob(std::string_view bytes);
    /// The same without a copy: what they are bound to must live until the last step.
    Query& bind_ref(std::string_view text);
    Query& bind_blob_ref(std::string_view bytes);
    Query& bind_null();
    Query& bind(std::optional<int64_t> v) { return v ? bind(*v) : bind_null(); }
    /// True while there is a row. Errors: conflict (a constraint), storage_unavailable (anything else).
    Result<bool> step();
    /// Steps a statement without rows to its end; gives the number of changed rows.
    Result<int64_t> run();
    int64_t integer(int column) const;
    std::string_view text(int column) const;  ///< valid until the next step
    std::string_view blob(int column) const;
    bool is_null(int column) const;
    /// What the row has, for those who pass it on as it is.
    int columns() const;
    std::string_view name(int column) const;
    enum class Kind : uint8_t { null, integer, text, blob };
    Kind kind(int column) const;

  private:
    friend class Db;
    Query(Db* db, sqlite3_stmt* stmt, bool* lent) : db_(db), stmt_(stmt), lent_(lent) {}
    void bound(int code);
    Db* db_;
    sqlite3_stmt* stmt_;
    int next_ = 1;
    bool* lent_;  // the cache's mark that the statement is out; null = our own
    bool bad_bind_ = false;
};

class Db {
  public:
    enum class Mode : uint8_t { writer, reader };
    static Result<std::unique_ptr<Db>> open(const std::string& path, Mode mode, const std::string& vfs = {});
    ~Db();
    /// `sql` must be a literal or an embedded query: the statement is cached by its address.
    Query query(const char* sql);
    /// Many statements, for migrations and pragmas.
    Status script(std::string_view sql);
    int64_t last_id() const;
    sqlite3* handle() { return db_; }
    /// The first failed call's extended SQLite code since clear_failure(), 0 = none; a constraint does not count. The
    /// writer decides by it whether storage is full, broken, or the statement was wrong.
    int failure() const { return failure_; }
    void clear_failure() { failure_ = 0; }

  private:
    friend class Query;
    struct Cache;
    explicit Db(sqlite3* db);
    Error failed(int code, std::string_view doing);
    sqlite3* db_;
    int failure_ = 0;
    std::unique_ptr<Cache> cache_;
};

}  // namespace aig::store
