// The outbox: an event is a row, written in the batch of what caused it, so it is there exactly when its cause is
// durable. Delivery reads the rows later. An event with a `dedupe` is written once per account and type: a second one
// changes nothing and fails nothing.
//
// event() and emit() on the writer thread (through a Batch, or inside an Op's apply), events() on a reader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "store/store.h"

namespace aig::store {

struct Event {
    std::string type{};    ///< "balance.low"; at most 64 bytes
    AccountId account;     ///< 0 = the operator's own
    std::string dedupe{};  ///< "" = written every time; at most 200 bytes. Name the subject and the period in it
    std::string data_json = "{}";  ///< an object; at most 16 KiB
    int64_t at_us = 0;             ///< 0 = now
};

/// To compose into the batch of the cause. Refuses (internal) what is out of bounds, before anything is written.
std::unique_ptr<Op> event(Event e);
/// The same from inside an Op's apply(), where the cause is only known then.
Status emit(Db& db, const Event& e);

struct StoredEvent {
    int64_t id = 0;
    Event event;
};
/// The account's events with an id above `after`, oldest first, at most `limit`.
Result<std::vector<StoredEvent>> events(Db& db, AccountId account, int64_t after, int64_t limit);
/// The same over all accounts, for delivery and the operator.
Result<std::vector<StoredEvent>> all_events(Db& db, int64_t after, int64_t limit);

}  // namespace aig::store
