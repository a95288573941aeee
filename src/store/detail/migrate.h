// Brings a database to the newest schema: sql/migrations/NNNN_name.sql from the binary, in order, forward only, each in
// its own transaction. An existing database is copied to a file beside it first. A database with a migration we do not
// know is newer than this program and is refused (schema_newer).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/db.h"

namespace aig::store {

struct Migration {
    int number = 0;
    std::string_view name, sql;
};
/// The ones in the binary, ascending.
std::vector<Migration> embedded_migrations();

/// Gives the schema's number. `path` is where backups go beside; "" = no backup.
Result<int> migrate(Db& db, const std::string& path, const std::vector<Migration>& migrations);

}  // namespace aig::store
