#include "store/detail/rows_table.h"

#include <sqlite3.h>

#include <memory>
#include <new>
#include <string>

#include "store/rows.h"

namespace aig::store {
namespace {
constexpr int column_index = 0, first_value = 1;
constexpr int column_body = first_value + static_cast<int>(max_page_columns);
constexpr double usual_rows = 64;

struct Cursor : sqlite3_vtab_cursor {
    std::string body;
    RowsReader reader{{}};
    bool at_row = false;
};
Cursor& cursor_of(sqlite3_vtab_cursor* c) { return *static_cast<Cursor*>(c); }

int connect(sqlite3* db, void*, int, const char* const*, sqlite3_vtab** out, char**) {
    std::string schema = "CREATE TABLE page_rows (i INTEGER";
    for (size_t i = 0; i < max_page_columns; ++i) schema += ", c" + std::to_string(i);
    const int code = sqlite3_declare_vtab(db, (schema + ", body HIDDEN)").c_str());
    if (code != SQLITE_OK) return code;
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);  // it may stand in views
    *out = new (std::nothrow) sqlite3_vtab{};
    return *out ? SQLITE_OK : SQLITE_NOMEM;
}
int disconnect(sqlite3_vtab* table) {
    delete table;
    return SQLITE_OK;
}

/// There is one way to read it: with the body known.
int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
    for (int i = 0; i < info->nConstraint; ++i) {
        const auto& c = info->aConstraint[i];
        if (c.iColumn != column_body || c.op != SQLITE_INDEX_CONSTRAINT_EQ || !c.usable) continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = usual_rows;
        info->estimatedRows = static_cast<sqlite3_int64>(usual_rows);
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
    *out = new (std::nothrow) Cursor;
    return *out ? SQLITE_OK : SQLITE_NOMEM;
}
int close(sqlite3_vtab_cursor* c) {
    delete static_cast<Cursor*>(c);
    return SQLITE_OK;
}
int next(sqlite3_vtab_cursor* c) {
    auto& cursor = cursor_of(c);
    cursor.at_row = cursor.reader.next();
    if (cursor.reader.good()) return SQLITE_OK;
    sqlite3_free(c->pVtab->zErrMsg);
    c->pVtab->zErrMsg = sqlite3_mprintf("the bytes of a page are damaged");
    return SQLITE_CORRUPT_VTAB;
}
int filter(sqlite3_vtab_cursor* c, int, const char*, int, sqlite3_value** arguments) {
    auto& cursor = cursor_of(c);
    cursor.at_row = false;
    if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return SQLITE_OK;
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(arguments[0]));
    cursor.body.assign(bytes ? bytes : "", static_cast<size_t>(sqlite3_value_bytes(arguments[0])));
    cursor.reader = RowsReader(cursor.body);
    return next(c);
}
int at_end(sqlite3_vtab_cursor* c) { return !cursor_of(c).at_row; }

int column(sqlite3_vtab_cursor* c, sqlite3_context* out, int column) {
    auto& cursor = cursor_of(c);
    if (column == column_index) return sqlite3_result_int64(out, static_cast<int64_t>(cursor.reader.row())), SQLITE_OK;
    const auto at = static_cast<size_t>(column - first_value);
    if (column == column_body || at >= cursor.reader.columns()) return SQLITE_OK;  // NULL
    const auto& v = cursor.reader.at(at);
    if (v.kind == RowsWriter::kind_number) sqlite3_result_int64(out, v.number);
    // Copied: SQL may keep a value longer than the cursor stands at its page.
    if (v.kind == RowsWriter::kind_text)
        sqlite3_result_text64(out, v.bytes.data(), v.bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (v.kind == RowsWriter::kind_blob) sqlite3_result_blob64(out, v.bytes.data(), v.bytes.size(), SQLITE_TRANSIENT);
    return SQLITE_OK;
}
int row_id(sqlite3_vtab_cursor* c, sqlite3_int64* out) {
    *out = static_cast<int64_t>(cursor_of(c).reader.row());
    return SQLITE_OK;
}

sqlite3_module module() {
    sqlite3_module m{};  // without xCreate: it is there without being made, and cannot be made under another name
    m.xConnect = connect;
    m.xDisconnect = disconnect;
    m.xBestIndex = best_index;
    m.xOpen = open;
    m.xClose = close;
    m.xFilter = filter;
    m.xNext = next;
    m.xEof = at_end;
    m.xColumn = column;
    m.xRowid = row_id;
    return m;
}
}  // namespace

int add_page_rows(sqlite3* db) {
    static const sqlite3_module page_rows = module();
    return sqlite3_create_module(db, "page_rows", &page_rows, nullptr);
}

}  // namespace aig::store
