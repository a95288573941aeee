// The table-valued function page_rows(body) of SQL: the rows of a page (store/rows.h). A damaged page fails the
// statement with SQLITE_CORRUPT; NULL has no rows.
#pragma once

struct sqlite3;

namespace aig::store {

/// For one connection; gives SQLite's code.
int add_page_rows(sqlite3* db);

}  // namespace aig::store
