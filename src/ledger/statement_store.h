// The SQL of closed days and statements. As in ledger_store.h: one thin function a statement.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "ledger/statement.h"

namespace aig::ledger::sql {

struct ClosedDay {
    int64_t day = 0, first = 1, last = 0;    ///< entries; last = first - 1: none
    std::string hash{};                      ///< the chain's, after `last`
    int64_t from_us = INT64_MAX, to_us = 0;  ///< of their times, the earliest and the latest; when it is closed
};
Result<std::optional<ClosedDay>> last_day(store::Db& db);
Result<std::optional<ClosedDay>> closed_day(store::Db& db, int64_t day);
Status insert_day(store::Db& db, const ClosedDay& day, int64_t closed_us);
/// Where entries with a time in [from_us, to_us) can stand: those of closed days that have one, and all behind the last
/// closed day. In order.
struct EntryRange {
    int64_t first = 0, last = 0;
};
Result<std::vector<EntryRange>> entry_ranges(store::Db& db, int64_t from_us, int64_t to_us);
/// Of the first entry; 0 without one.
Result<int64_t> first_entry_us(store::Db& db);
Status insert_statement(store::Db& db, const Statement& statement);
/// Days whose hash is not their last entry's, which do not follow the day before, or whose times do not hold all of
/// their entries.
Status each_misplaced_day(store::Db& db, const std::function<void(int64_t)>& see);
/// By account and day.
Status each_statement(store::Db& db, const std::function<void(const Statement&)>& see);

std::span<const char* const> statement_statements();

}  // namespace aig::ledger::sql
