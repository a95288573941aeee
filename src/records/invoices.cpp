#include "records/invoices.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/time.h"
#include "records/detail/call_pages.h"
#include "records/records_store.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr size_t lines_per_batch = 2'000, max_compared_calls = 5'000'000;

constexpr char head_insert[] =
    "INSERT INTO provider_invoice (invoice_id, fingerprint, imported_us, line_count) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";
#define HEAD "SELECT id, invoice_id, fingerprint, imported_us, line_count, complete FROM provider_invoice "
constexpr char head_by_id[] = HEAD "WHERE invoice_id = ?";
constexpr char heads[] = HEAD "WHERE complete = 1 ORDER BY id DESC LIMIT ?";
#undef HEAD
constexpr char head_complete[] = "UPDATE provider_invoice SET complete = 1 WHERE id = ?";
constexpr char line_insert[] =
    "INSERT INTO provider_invoice_line (invoice, line, day, provider, model, request_id, units, cost_nanos) VALUES (?, "
    "?, "
    "?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr char lines_all[] =
    "SELECT day, provider, model, request_id, units, cost_nanos FROM provider_invoice_line WHERE invoice = ? ORDER BY "
    "line";
#define OUR_CALLS                                                                                                  \
    "SELECT c.started_us, c.provider, c.upstream_model, c.request_id, c.input + c.cached_input + c.cache_write + " \
    "c.output + c.reasoning, c.operator_cost_nanos FROM "
constexpr char calls_between[] = OUR_CALLS
    "call c WHERE c.started_us >= ?1 AND c.started_us < ?2 AND c.provider <> '' UNION ALL " OUR_CALLS CALLS_IN_PAGES
    " AND c.provider <> ''";
#undef OUR_CALLS
constexpr const char* all_statements[] = {head_insert, head_by_id, heads,        head_complete,
                                          line_insert, lines_all,  calls_between};

std::string fingerprint_of(std::string_view text) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
    std::string out;
    for (const unsigned char c : hash) fmt::format_to(std::back_inserter(out), "{:02x}", c);
    return out;
}

InvoiceHead head_of(const store::Query& q) {
    return {q.integer(0), std::string(q.text(1)), std::string(q.text(2)),
            q.integer(3), q.integer(4),           q.integer(5) == 1};
}
Result<InvoiceHead> load_head(store::Db& db, std::string_view invoice_id) {
    auto q = db.query(head_by_id);
    TRY(const bool row, q.bind(invoice_id).step());
    if (!row)
        return Error(ErrorCode::resource_not_found, fmt::format("There is no invoice '{}'.", invoice_id))
            .param("invoice_id");
    return head_of(q);
}

Status insert_line(store::Db& db, int64_t invoice, int64_t number, const InvoiceLine& l) {
    auto q = db.query(line_insert);
    q.bind(invoice).bind(number).bind(l.day).bind(std::string_view(l.provider)).bind(std::string_view(l.model));
    q.bind(std::string_view(l.request_id)).bind(l.units).bind(l.cost_nanos);
    TRYV(q.run());
    return {};
}

Status commit(store::Store& store, std::function<Status(store::Db&)> apply, std::unique_ptr<store::Op> with = {}) {
    store::Batch b;
    b.guarded = true;
    b.ops.push_back(store::op(std::move(apply)));
    if (with) b.ops.push_back(std::move(with));
    return store.commit_now(std::move(b));
}

using Group = std::tuple<int64_t, std::string, std::string>;  // day, provider, model

/// Reads both sides and compares them.
class Comparison {
  public:
    Status theirs(store::Db& db, int64_t invoice) {
        auto q = db.query(lines_all);
        q.bind(invoice);
        while (true) {
            TRY(const bool more, q.step());
            if (!more) return {};
            their_line(q);
        }
    }
    Status ours(store::Db& db) {
        if (rows_.empty()) return {};
        auto q = db.query(calls_between);
        const int64_t to_us = (std::get<0>(rows_.rbegin()->first) + 1) * day_us;
        q.bind(std::get<0>(rows_.begin()->first) * day_us).bind(to_us).bind(end_of_hour(to_us - 1));
        while (true) {
            TRY(const bool more, q.step());
            if (!more) return {};
            TRYV(our_call(q));
        }
    }
    Reconciliation result(size_t most) {
        Reconciliation r;
        for (auto& [group, row] : rows_) {
            std::tie(row.day, row.provider, row.model) = group;
            r.rows.push_back(row);
        }
        for (const auto& [id, both] : requests_) {
            const auto what = difference(both);
            if (what.empty()) continue;
            if (++r.request_differences <= static_cast<int64_t>(most))
                r.requests.push_back({id, std::string(what), both.theirs.units, both.ours.units, both.theirs.cost_nanos,
                                      both.ours.cost_nanos});
        }
        return r;
    }

  private:
    struct Both {
        Side theirs, ours;
        bool priced = true;
    };
    static std::string_view difference(const Both& b) {
        if (b.ours.calls == 0) return "not in our log";
        if (b.theirs.calls == 0) return "not on the invoice";
        if (b.theirs.calls != b.ours.calls) return "another number of calls";
        if (b.theirs.units != b.ours.units) return "other units";
        if (b.priced && b.theirs.cost_nanos != b.ours.cost_nanos) return "other cost";
        return "";
    }
    static void count(Side& side, int64_t units, int64_t cost) {
        ++side.calls;
        side.units += units;
        side.cost_nanos += cost;
    }
    void their_line(const store::Query& q) {
        const bool priced = !q.is_null(5);
        auto& row = rows_[{q.integer(0), std::string(q.text(1)), std::string(q.text(2))}];
        providers_.insert(std::string(q.text(1)));
        count(row.theirs, q.integer(4), q.integer(5));
        row.priced &= priced;
        if (q.text(3).empty()) return;
        by_request_ = true;
        auto& both = requests_[std::string(q.text(3))];
        count(both.theirs, q.integer(4), q.integer(5));
        both.priced &= priced;
    }
    Status our_call(const store::Query& q) {
        std::string provider(q.text(1));
        if (!providers_.contains(provider)) return {};
        auto& row = rows_[{q.integer(0) / day_us, std::move(provider), std::string(q.text(2))}];
        count(row.ours, q.integer(4), q.integer(5));
        if (!by_request_) return {};
        if (requests_.size() > max_compared_calls)
            return Error(ErrorCode::bad_param, "The invoice covers too many calls: import it in parts.");
        count(requests_[std::string(q.text(3))].ours, q.integer(4), q.integer(5));
        return {};
    }
    std::map<Group, InvoiceRow> rows_;
    std::set<std::string> providers_;
    std::map<std::string, Both> requests_;
    bool by_request_ = false;
};
}  // namespace

Result<Imported> import_invoice(store::Store& store, std::string invoice_id, std::string_view text,
                                const std::vector<InvoiceLine>& lines, AuditEntry act) {
    const auto fingerprint = fingerprint_of(text);
    Imported out;
    TRYV(commit(store, [&](store::Db& db) -> Status {
        auto q = db.query(head_insert);
        q.bind(std::string_view(invoice_id)).bind(std::string_view(fingerprint)).bind(now_us()).bind(std::ssize(lines));
        TRYV(q.run());
        TRY(out.head, load_head(db, invoice_id));
        return {};
    }));
    if (out.head.fingerprint != fingerprint)
        return Error(ErrorCode::conflict, fmt::format("The invoice '{}' was imported with another text.", invoice_id))
            .param("invoice_id");
    out.before = out.head.complete;
    if (out.before) return out;
    for (size_t at = 0; at < lines.size(); at += lines_per_batch)
        TRYV(commit(store, [&](store::Db& db) -> Status {
            for (size_t i = at; i < std::min(lines.size(), at + lines_per_batch); ++i)
                TRYV(insert_line(db, out.head.id, static_cast<int64_t>(i) + 1, lines[i]));
            return {};
        }));
    const auto complete = [&](store::Db& db) -> Status {
        TRYV(db.query(head_complete).bind(out.head.id).run());
        return {};
    };
    TRYV(commit(store, complete, audit(std::move(act))));
    out.head.complete = true;
    return out;
}

Result<std::vector<InvoiceHead>> invoices(store::Db& db, int64_t limit) {
    auto q = db.query(heads);
    q.bind(limit);
    std::vector<InvoiceHead> out;
    while (true) {
        TRY(const bool more, q.step());
        if (!more) return out;
        out.push_back(head_of(q));
    }
}

Result<InvoiceHead> invoice(store::Db& db, std::string_view invoice_id) {
    TRY(auto head, load_head(db, invoice_id));
    if (!head.complete)
        return Error(ErrorCode::conflict,
                     fmt::format("The import of invoice '{}' was broken off: import it again.", invoice_id))
            .param("invoice_id");
    return head;
}

bool Reconciliation::agrees() const {
    return request_differences == 0 && std::all_of(rows.begin(), rows.end(), [](const auto& r) { return r.agrees(); });
}

Result<Reconciliation> reconcile(store::Db& db, const InvoiceHead& head, size_t most) {
    Comparison c;
    TRYV(c.theirs(db, head.id));
    TRYV(c.ours(db));
    return c.result(most);
}

namespace sql {
std::span<const char* const> invoice_statements() { return all_statements; }
}  // namespace sql
}  // namespace aig::records
