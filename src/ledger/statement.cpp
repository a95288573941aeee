#include "ledger/statement.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <chrono>
#include <map>

#include "base/json.h"
#include "base/money.h"
#include "base/time.h"
#include "ledger/detail/check.h"
#include "ledger/free_tier.h"
#include "ledger/statement_store.h"

namespace aig::ledger {
namespace {
constexpr int64_t us_per_day = 86'400'000'000;
constexpr int64_t grace_us = 60'000'000;  // what was checked before midnight may be written behind it
constexpr int64_t max_days_at_once = 4'000;
constexpr size_t rows_a_batch = 300;
constexpr int64_t entries_at_once = 10'000;

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::string_view kind_name(EntryKind kind) {
    switch (kind) {
        case EntryKind::deposit:
            return "deposit";
        case EntryKind::coupon:
            return "coupon";
        case EntryKind::refund:
            return "refund";
        case EntryKind::adjustment_in:
            return "adjustment_in";
        case EntryKind::fx_in:
            return "deposit_changed";
        case EntryKind::usage:
            return "usage";
        case EntryKind::adjustment_out:
            return "adjustment_out";
        case EntryKind::fx_out:
            return "fx_out";
        case EntryKind::expiry:
            return "expiry";
        case EntryKind::payout:
            return "payout";
        default:
            return "memo";
    }
}

/// What moved on one account in one day.
struct Moved {
    struct Kind {
        int64_t count = 0, amount = 0;
    };
    std::map<EntryKind, Kind> kinds;
    int64_t last_hold = 0, calls = 0;

    void add(const Entry& e) {
        if (e.kind >= EntryKind::overage) return;
        auto& k = kinds[e.kind];
        k.amount += e.amount;
        if (e.kind == EntryKind::usage && e.hold == last_hold) return;  // a part of the same charge
        ++k.count;
        if (e.kind != EntryKind::usage) return;
        last_hold = e.hold;
        ++calls;
    }
    int64_t net() const {
        int64_t sum = 0;
        for (const auto& [kind, k] : kinds) sum += credits_wallet(kind) ? k.amount : -k.amount;
        return sum;
    }
};
using Day = sql::ClosedDay;

std::string body_of(int64_t account, std::string_view currency, const Day& day, int64_t opening, const Moved& moved) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("statement", 1).field("account_id", to_text(AccountId{account})).field("currency", currency);
    w.field("day", day_text(day.day)).field("opening", dollars(opening)).key("entries").begin_array();
    for (const auto& [kind, k] : moved.kinds) {
        w.begin_object().field("kind", kind_name(kind)).field("count", k.count).field("amount", dollars(k.amount));
        w.end_object();
    }
    w.end_array().field("closing", dollars(opening + moved.net()));
    w.field("first_entry", day.first).field("last_entry", day.last).field("chain_head", hex(day.hash)).end_object();
    return out;
}

Result<int64_t> amount_in(std::string_view body, std::string_view member) {
    TRY(const auto doc, JsonDoc::parse(std::string(body)));
    return parse_decimal(doc.root()[member].text(), 9, member);
}

/// What the account had at the end of its statement before `day`; 0 without one.
Result<int64_t> opening_of(store::Db& db, int64_t account, int64_t day) {
    TRY(const auto before, statements(db, AccountId{account}, day, 1));
    if (before.empty()) return 0;
    return amount_in(before[0].body, "closing");
}

struct Closing {
    Day day;
    std::vector<Statement> statements;
    store::Ops events;
};

/// A day's entries: those behind the day before, until the first one of a later day.
Status gather(store::Db& db, const Day& before, std::map<int64_t, Moved>& moved, Day& closed) {
    const int64_t end_us = (closed.day + 1) * us_per_day;
    closed.first = before.last + 1;
    closed.last = before.last;
    closed.hash = before.hash;
    for (bool open = true; open;) {
        open = false;
        TRYV(sql::each_entry(db, closed.last, INT64_MAX, entries_at_once, [&](const sql::StoredEntry& s) {
            if (closed.last + 1 != s.entry.id || s.entry.at_us >= end_us) return;
            moved[s.entry.account].add(s.entry);
            closed.last = s.entry.id;
            closed.from_us = std::min(closed.from_us, s.entry.at_us);
            closed.to_us = std::max(closed.to_us, s.entry.at_us);
            closed.hash.assign(s.hash);
            open = true;
        }));
    }
    return {};
}

store::Event summary(int64_t account, std::string_view currency, const Day& day, const Moved& moved,
                     std::string_view detail) {
    std::string data;
    const auto it = moved.kinds.find(EntryKind::usage);
    JsonWriter w(data);
    w.begin_object().field("date", day_text(day.day)).field("requests", moved.calls);
    w.field_raw("cost_cents", cents_number(it == moved.kinds.end() ? 0 : it->second.amount));
    w.field("currency", currency).end_object();
    if (!detail.empty()) data.insert(data.size() - 1, fmt::format(",{}", detail));
    return {"usage.daily.summary", AccountId{account}, day_text(day.day), std::move(data), 0};
}

Status fill(store::Db& db, const NodeKey& key, const std::map<int64_t, Moved>& moved, const DayDetail& detail,
            Closing& c) {
    for (const auto& [account, m] : moved) {
        if (m.kinds.empty()) continue;
        TRY(const auto purse, sql::load_purse(db, account));
        TRY(const int64_t opening, opening_of(db, account, c.day.day));
        Statement s{AccountId{account}, c.day.day, body_of(account, purse.currency, c.day, opening, m), "",
                    key.public_key()};
        s.signature = key.sign(s.body);
        c.statements.push_back(std::move(s));
        if (!m.calls) continue;
        std::string more;
        if (detail) {
            TRY(more, detail(db, AccountId{account}, c.day.day));
        }
        c.events.push_back(store::event(summary(account, purse.currency, c.day, m, more)));
    }
    return {};
}

/// In pieces, so that the writer is never kept long; the day itself goes last: until then it is closed again.
Status write(store::Store& store, Closing c) {
    store::Batch batch;
    const auto flush = [&] { return store.commit_now(std::exchange(batch, {})); };
    for (auto& s : c.statements) {
        batch.ops.push_back(store::op([s = std::move(s)](store::Db& db) { return sql::insert_statement(db, s); }));
        if (batch.ops.size() >= rows_a_batch) TRYV(flush());
    }
    for (auto& e : c.events) {
        batch.ops.push_back(std::move(e));
        if (batch.ops.size() >= rows_a_batch) TRYV(flush());
    }
    batch.ops.push_back(store::op([day = c.day](store::Db& db) { return sql::insert_day(db, day, now_us()); }));
    return flush();
}

Status close_day(store::Store& store, const NodeKey& key, int64_t day, const DayDetail& detail) {
    Closing c;
    c.day.day = day;
    TRYV(store.read_now([&](store::Db& db) -> Status {
        TRYV(db.script("BEGIN"));
        std::map<int64_t, Moved> moved;
        const auto read = [&]() -> Status {
            TRY(const auto before, sql::last_day(db));
            TRYV(gather(db, before.value_or(Day{}), moved, c.day));
            return fill(db, key, moved, detail, c);
        };
        auto done = read();
        TRYV(db.script("COMMIT"));
        return done;
    }));
    return write(store, std::move(c));
}
}  // namespace

Result<NodeKey> NodeKey::open(const std::string& path) {
    const auto refuse = [&](std::string_view why) {
        return Error(ErrorCode::storage_unavailable, fmt::format("the signing key {}: {}", path, why));
    };
    if (sodium_init() < 0) return refuse("libsodium does not start");
    unsigned char seed[crypto_sign_SEEDBYTES];
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        const bool whole = ::read(fd, seed, sizeof seed) == sizeof seed;
        ::close(fd);
        if (!whole) return refuse("is not 32 bytes");
    } else {
        randombytes_buf(seed, sizeof seed);
        fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        const bool written = fd >= 0 && ::write(fd, seed, sizeof seed) == sizeof seed && ::fsync(fd) == 0;
        if (fd >= 0) ::close(fd);
        if (!written) return refuse("cannot be written");
    }
    NodeKey key;
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(public_key, secret, seed);
    key.public_.assign(reinterpret_cast<char*>(public_key), sizeof public_key);
    key.secret_.assign(reinterpret_cast<char*>(secret), sizeof secret);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return key;
}

std::string NodeKey::sign(std::string_view text) const {
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         reinterpret_cast<const unsigned char*>(secret_.data()));
    return signature;
}
bool signature_fits(std::string_view text, std::string_view signature, std::string_view public_key) {
    if (signature.size() != crypto_sign_BYTES || public_key.size() != crypto_sign_PUBLICKEYBYTES) return false;
    return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signature.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                       reinterpret_cast<const unsigned char*>(public_key.data())) == 0;
}

Result<int64_t> close_ended_days(store::Store& store, const NodeKey& key, int64_t now_us, const DayDetail& detail) {
    const int64_t today = (now_us - grace_us) / us_per_day;
    int64_t next = today;
    TRYV(store.read_now([&](store::Db& db) -> Status {
        TRY(const auto last, sql::last_day(db));
        TRY(const int64_t first_us, sql::first_entry_us(db));
        if (last)
            next = last->day + 1;
        else if (first_us)
            next = first_us / us_per_day;
        return {};
    }));
    int64_t closed = 0;
    for (next = std::max(next, today - max_days_at_once); next < today; ++next, ++closed)
        TRYV(close_day(store, key, next, detail));
    return closed;
}

Result<std::string> check_statement(store::Db& db, const Statement& s) {
    if (!signature_fits(s.body, s.signature, s.node_key)) return "the signature does not fit the text";
    TRY(const auto day, sql::closed_day(db, s.day));
    if (!day) return "the day is not closed";
    TRY(const auto purse, sql::load_purse(db, s.account.value));
    TRY(const int64_t opening, opening_of(db, s.account.value, s.day));
    Moved moved;
    TRYV(sql::each_entry(db, day->first - 1, day->last, INT64_MAX, [&](const sql::StoredEntry& e) {
        if (e.entry.account == s.account.value) moved.add(e.entry);
    }));
    if (body_of(s.account.value, purse.currency, *day, opening, moved) != s.body)
        return "the books of that day are others now";
    return "";
}

Status check_statements(store::Db& db, std::vector<std::string>& faults) {
    if (sodium_init() < 0) return Error(ErrorCode::internal, "libsodium does not start");
    TRYV(sql::each_misplaced_day(
        db, [&](int64_t day) { faults.push_back("closed days fit the chain: ledger_day " + day_text(day)); }));
    int64_t account = 0, closing = 0;
    return sql::each_statement(db, [&](const Statement& s) {
        const auto row = fmt::format("statement {} of {}", day_text(s.day), to_text(s.account));
        if (!signature_fits(s.body, s.signature, s.node_key)) faults.push_back("statements are signed: " + row);
        auto opening = amount_in(s.body, "opening"), end = amount_in(s.body, "closing");
        if (!opening || !end || *opening != (s.account.value == account ? closing : 0))
            faults.push_back("a statement opens as the one before closed: " + row);
        account = s.account.value;
        closing = end ? *end : 0;
    });
}

Result<int64_t> day_number(std::string_view date) {
    TRY(const int64_t end, end_of_day_us(date));
    return end / us_per_day - 1;
}
std::string day_text(int64_t day) { return utc_day(day * us_per_day); }

}  // namespace aig::ledger
