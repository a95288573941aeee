// Providers' invoices and their reconciliation with the request log: theirs and ours, per day, provider and model, and
// call by call where the invoice names our request ids. An invoice is stored once by its outside id: the same text
// again changes nothing, another text under the same id is refused. Blocks: operator commands, never a loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/audit.h"
#include "records/invoice_text.h"
#include "store/store.h"

namespace aig::records {

struct InvoiceHead {
    int64_t id = 0;
    std::string invoice_id, fingerprint;
    int64_t imported_us = 0, lines = 0;
    bool complete = false;
};

/// Stores the lines in parts, so that calls are not kept waiting behind a long one, then marks the invoice complete
/// together with `act`. An import that was broken off goes on where it stopped. conflict for an id with another text.
struct Imported {
    InvoiceHead head;
    bool before = false;  ///< it was stored already
};
Result<Imported> import_invoice(store::Store& store, std::string invoice_id, std::string_view text,
                                const std::vector<InvoiceLine>& lines, AuditEntry act);

/// Newest first; only complete ones.
Result<std::vector<InvoiceHead>> invoices(store::Db& db, int64_t limit);
/// resource_not_found.
Result<InvoiceHead> invoice(store::Db& db, std::string_view invoice_id);

struct Side {
    int64_t calls = 0, units = 0, cost_nanos = 0;
    bool operator==(const Side&) const = default;
};
struct InvoiceRow {
    int64_t day = 0;
    std::string provider, model;
    Side theirs, ours;
    bool priced = true;  ///< every line of theirs has a cost
    /// Ours counts calls (a call may have been tried twice), tokens and cost as the log has them.
    bool agrees() const {
        return theirs.calls == ours.calls && theirs.units == ours.units &&
               (!priced || theirs.cost_nanos == ours.cost_nanos);
    }
};
struct RequestDifference {
    std::string request_id, what;  ///< "not in our log", "not on the invoice", "other units", "other cost"
    int64_t their_units = 0, our_units = 0, their_cost_nanos = 0, our_cost_nanos = 0;
};
struct Reconciliation {
    std::vector<InvoiceRow> rows;  ///< by day, provider, model
    std::vector<RequestDifference> requests;
    int64_t request_differences = 0;  ///< all, also those beyond the listed
    bool agrees() const;
};
/// Over the days and providers that the invoice names; lists at most `most` differing requests.
Result<Reconciliation> reconcile(store::Db& db, const InvoiceHead& head, size_t most);

}  // namespace aig::records
