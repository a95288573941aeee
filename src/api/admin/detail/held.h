// What we hold about an account, table by table: what its export gives out. A table with an account_id is either here
// or in not_exported, with the reason; a test looks at the schema.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "store/db.h"

namespace aig::api {

struct HeldPart {
    std::string_view name, table;
    const char*
        sql;  ///< ?1 the account, ?2 the row to go on behind, ?3 how many; the first column is what goes into ?2
};
std::span<const HeldPart> held_parts();

struct NotExported {
    std::string_view table, why;
};
std::span<const NotExported> not_exported();

/// The row as an object: its columns under their names, bytes as hex; never a hash or what is sealed.
void write_row(JsonWriter& w, const store::Query& row);

}  // namespace aig::api
