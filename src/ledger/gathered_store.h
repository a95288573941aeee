// The book's rows of a call, gathered while a transaction's batches run and written several a statement in front of its
// commit: entries, open holds, and the ids of holds that are resolved. A hold that comes and goes in one transaction is
// never written. Whoever reads these tables in the same transaction writes them first (see_all_rows()).
//
// Writer thread only.
#pragma once

#include "ledger/ledger_store.h"

namespace aig::ledger::sql {

/// Copies what the entry points to. One with a reference is written at once: it may be refused.
Status gather_entry(store::Db& db, const Entry& e, std::string_view hash);
void gather_hold(const OpenHold& hold, std::string_view body);
/// That the hold was there is seen when it is written.
void gather_resolved(int64_t hold);
/// Before a read on the writer; nothing elsewhere.
Status see_all_rows(store::Db& db);

std::span<const char* const> gathered_statements();

}  // namespace aig::ledger::sql
