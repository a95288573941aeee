// What calls write into the book, gathered while a transaction's batches run and written in front of its commit, as
// pages and several rows a statement: entries, open holds, and which holds are resolved. A hold that comes and goes in
// one transaction is never written. Whoever reads these tables in the same transaction writes them first
// (see_all_rows()).
//
// Writer thread only.
#pragma once

#include "ledger/ledger_store.h"

namespace aig::ledger::sql {

/// Copies what the entry points to. One with a reference is written at once: it may be refused.
Status gather_entry(store::Db& db, const Entry& e, std::string_view hash);
/// Says in it where it stands: the holds of calls are gathered in pages.
void gather_hold(OpenHold& hold, std::string_view body);
/// Its amount and body are others: from now on it is a row.
Status gather_extended(store::Db& db, OpenHold& hold, std::string_view body);
/// That the hold was there is seen when it is written.
void gather_resolved(const OpenHold& hold);
/// Before a read on the writer; nothing elsewhere.
Status see_all_rows(store::Db& db);

std::span<const char* const> gathered_statements();

}  // namespace aig::ledger::sql
