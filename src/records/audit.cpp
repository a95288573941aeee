#include "records/audit.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>

#include "base/time.h"
#include "records/records_store.h"

namespace aig::records {
namespace {
constexpr size_t max_text = 300, max_detail = 4'000, max_faults = 100;
constexpr int64_t max_rows = 1'000;

#define AUDIT_COLUMNS "id, at_us, actor, action, object, account_id, origin, detail, hash"
constexpr char audit_insert[] = "INSERT INTO audit (" AUDIT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char audit_newest[] =
    "SELECT " AUDIT_COLUMNS " FROM audit WHERE id < ?1 AND (?2 = '' OR action = ?2) ORDER BY id DESC LIMIT ?3";
constexpr char audit_newest_of[] = "SELECT " AUDIT_COLUMNS
                                   " FROM audit WHERE account_id = ?4 AND id < ?1 AND (?2 = '' OR action = ?2) ORDER "
                                   "BY id DESC LIMIT ?3";
constexpr char audit_all[] = "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY id";
#undef AUDIT_COLUMNS
constexpr char head_load[] = "SELECT audit_id, hash FROM audit_head WHERE node = 0";
constexpr char head_save[] = "UPDATE audit_head SET audit_id = ?, hash = ? WHERE node = 0";
constexpr const char* all_statements[] = {audit_insert, audit_newest, audit_newest_of, audit_all, head_load, head_save};

struct Head {
    int64_t id = 0;
    std::string hash;
};
Result<Head> load_head(store::Db& db) {
    auto q = db.query(head_load);
    TRY(const bool row, q.step());
    if (!row) return Error(ErrorCode::storage_unavailable, "the audit log has no head");
    return Head{q.integer(0), std::string(q.blob(1))};
}

/// At most `max` bytes, not cut inside a character.
std::string clip(std::string text, size_t max) {
    if (text.size() <= max) return text;
    size_t end = max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text;
}

/// Each text with its length before it: two different rows never give the same bytes. Stored for ever: never change it.
std::string hash_of(std::string_view previous, const AuditRow& r) {
    std::string bytes(previous);
    const auto& e = r.entry;
    fmt::format_to(std::back_inserter(bytes), "1 {} {} {} ", r.id, r.at_us, e.account.value);
    for (const auto* text : {&e.actor, &e.action, &e.object, &e.from, &e.detail_json})
        fmt::format_to(std::back_inserter(bytes), "{}:{}", text->size(), *text);
    std::string out(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

AuditRow row_of(const store::Query& q) {
    AuditRow r;
    r.id = q.integer(0);
    r.at_us = q.integer(1);
    r.entry.actor = q.text(2);
    r.entry.action = q.text(3);
    r.entry.object = q.text(4);
    r.entry.account.value = q.integer(5);
    r.entry.from = q.text(6);
    r.entry.detail_json = q.text(7);
    return r;
}

class AuditOp : public store::Op {
  public:
    explicit AuditOp(std::function<std::optional<AuditEntry>()> entry) : entry_(std::move(entry)) {}
    Status apply(store::Db& db) override {
        auto entry = entry_();
        if (!entry) return {};
        TRY(const auto head, load_head(db));
        AuditRow r{head.id + 1, now_us(), *std::move(entry)};
        auto& e = r.entry;
        for (auto* text : {&e.actor, &e.action, &e.object, &e.from}) *text = clip(std::move(*text), max_text);
        if (e.detail_json.size() > max_detail) e.detail_json = R"({"cut":true})";
        const auto hash = hash_of(head.hash, r);
        auto q = db.query(audit_insert);
        q.bind(r.id).bind(r.at_us).bind(std::string_view(e.actor)).bind(std::string_view(e.action));
        q.bind(std::string_view(e.object)).bind(e.account.value).bind(std::string_view(e.from));
        q.bind(std::string_view(e.detail_json)).bind_blob(hash);
        TRYV(q.run());
        auto save = db.query(head_save);
        TRYV(save.bind(r.id).bind_blob(hash).run());
        return {};
    }

  private:
    std::function<std::optional<AuditEntry>()> entry_;
};
}  // namespace

std::unique_ptr<store::Op> audit(std::function<std::optional<AuditEntry>()> entry) {
    return std::make_unique<AuditOp>(std::move(entry));
}
std::unique_ptr<store::Op> audit(AuditEntry entry) {
    return audit([entry = std::move(entry)] { return entry; });
}

Result<std::vector<AuditRow>> audit_log(store::Db& db, AccountId account, std::string_view action, int64_t before,
                                        int64_t limit) {
    auto q = db.query(account ? audit_newest_of : audit_newest);
    q.bind(before > 0 ? before : INT64_MAX).bind(action).bind(std::clamp<int64_t>(limit, 1, max_rows));
    if (account) q.bind(account.value);
    std::vector<AuditRow> out;
    while (true) {
        TRY(const bool more, q.step());
        if (!more) return out;
        out.push_back(row_of(q));
    }
}

Result<AuditReport> verify_audit(store::Db& db) {
    AuditReport report;
    const auto fault = [&](std::string_view what, int64_t id) {
        if (report.faults.size() < max_faults) report.faults.push_back(fmt::format("{}: audit row {}", what, id));
    };
    Head last;
    auto q = db.query(audit_all);
    while (true) {
        TRY(const bool more, q.step());
        if (!more) break;
        const auto row = row_of(q);
        ++report.rows;
        if (row.id != last.id + 1) fault("audit rows are numbered without a gap", row.id);
        if (q.blob(8) != hash_of(last.hash, row)) fault("hash chain of the audit log", row.id);
        last = {row.id, std::string(q.blob(8))};
    }
    TRY(const auto head, load_head(db));
    if (head.id != last.id || head.hash != last.hash) fault("the audit log ends where its head says", head.id);
    return report;
}

namespace sql {
std::span<const char* const> audit_statements() { return all_statements; }
}  // namespace sql
}  // namespace aig::records
