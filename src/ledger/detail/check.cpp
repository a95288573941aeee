#include "ledger/detail/check.h"

#include <fmt/format.h>

#include "ledger/moves_store.h"

namespace aig::ledger {
namespace {
constexpr size_t max_faults = 100;
constexpr int64_t flag_free = 8;
}  // namespace

void Faults::add(std::string_view invariant, std::string_view row, int64_t id) {
    if (all.size() < max_faults) all.push_back(fmt::format("{}: {} {}", invariant, row, id));
}
void Faults::add(const Status& failed) {
    if (!failed) all.push_back("reading failed: " + failed.error().message());
}

void EntryCheck::entry(const sql::StoredEntry& s) {
    const Entry& e = s.entry;
    ++entries_;
    if (e.id != last_entry_ + 1) faults_.add("entries are numbered without a gap", "entry", e.id);
    if (bytes_of(hasher_.hash(last_hash_, e)) != s.hash) faults_.add("hash chain unbroken", "entry", e.id);
    last_entry_ = e.id;
    last_hash_.assign(s.hash);
    if (!known_kind(s.kind)) return faults_.add("entries have a known kind", "entry", e.id);
    if (e.amount < 0) faults_.add("amounts are not negative", "entry", e.id);
    move(e);
    if (e.kind == EntryKind::usage) return usage(e);
    if (e.kind == EntryKind::overage) return overage(e);
    if (e.kind == EntryKind::fx_in || e.kind == EntryKind::fx_spread) return exchanged(e);
    close();
    if (e.kind == EntryKind::refund) return refund(e);
    if (e.kind == EntryKind::fx_deposit) return exchange(e);
    if (e.kind != EntryKind::void_) return;
    if (e.amount != 0) faults_.add("a void moves nothing", "entry", e.id);
    if (resolved) resolved(e.hold, e.id);
}

void EntryCheck::move(const Entry& e) {
    if (e.kind >= EntryKind::overage) {
        if (e.wallet != 0) faults_.add("a memo moves no wallet", "entry", e.id);
        return;
    }
    auto& sums = wallets[e.wallet];
    if (credits_wallet(e.kind)) sums.credits += e.amount;
    if (debits_wallet(e.kind)) sums.debits += e.amount;
    if (sums.account && sums.account != e.account) faults_.add("a wallet is one account's", "entry", e.id);
    sums.account = e.account;
}

void EntryCheck::usage(const Entry& e) {
    if (charge_.hold == e.hold && charge_.hold) {
        charge_.taken += e.amount;
        return follower(e);
    }
    close();
    if (resolved) resolved(e.hold, e.id);
    charge_ = {e.hold, e.id, 0, false, e.amount, 0, {}};
    auto body = decode_usage(e.body);
    if (!body) return faults_.add("usage bodies can be read", "entry", e.id);
    charge_.cost = body->cost;
    charge_.free = body->flags & flag_free;
    charge_.budgets = std::move(body->budgets);
    pin(body->fx, e);
    const auto priced = charge_nanos(body->lines, body->ratio);
    if (!priced || *priced != body->cost) faults_.add("every charge re-priced gives its cost", "entry", e.id);
    if (charge_.free && body->cost) faults_.add("a free call costs nothing", "entry", e.id);
}
void EntryCheck::overage(const Entry& e) {
    if (charge_.hold != e.hold || !charge_.hold) return faults_.add("overage follows its charge", "entry", e.id);
    charge_.overage += e.amount;
    follower(e);
}
void EntryCheck::follower(const Entry& e) {
    const auto first = decode_follower(e.body);
    if (!first || *first != charge_.first) faults_.add("parts of a charge name its first entry", "entry", e.id);
}

/// Refunds are few: each looks its charge up.
void EntryCheck::refund(const Entry& e) {
    const auto body = decode_refund(e.body);
    if (!body) return faults_.add("refund bodies can be read", "entry", e.id);
    auto& sum = refunds[{body->charge, e.wallet}];
    sum += e.amount;
    const auto parts = sql::charge_parts(*db_, e.account, body->charge);
    if (!parts) return faults_.add(Status(parts.error()));
    Wide taken = 0;
    for (const auto& p : *parts)
        if (p.wallet == e.wallet && p.entry < e.id) taken += p.amount;
    if (sum > taken) faults_.add("refunds are at most their charge", "entry", e.id);
}

void EntryCheck::exchange(const Entry& e) {
    const auto body = decode_fx(e.body);
    if (!body) return faults_.add("bodies of foreign deposits can be read", "entry", e.id);
    pin(body->from, e);
    pin(body->to, e);
    const auto changed = change(e.amount, *body);
    if (!changed) return faults_.add("every change of currency can be made again", "entry", e.id);
    exchange_ = {e.id, *changed};
}
void EntryCheck::exchanged(const Entry& e) {
    const auto first = decode_follower(e.body);
    int64_t& left = e.kind == EntryKind::fx_in ? exchange_.left.net : exchange_.left.spread;
    if (!exchange_.first || !first || *first != exchange_.first)
        return faults_.add("a change of currency follows its deposit", "entry", e.id);
    if (e.amount != std::exchange(left, 0)) faults_.add("every change made again gives its amounts", "entry", e.id);
}

void EntryCheck::pin(const PinnedRate& rate, const Entry& e) {
    if (!rate.id) return;
    const auto [it, fresh] = rates.emplace(rate.id, rate);
    if (!fresh && !(it->second == rate)) faults_.add("a pinned rate never changes", "entry", e.id);
}

void EntryCheck::close() {
    if (exchange_.first && (exchange_.left.net || exchange_.left.spread))
        faults_.add("every change made again gives its amounts", "entry", exchange_.first);
    exchange_ = {};
    if (!charge_.hold) return;
    if (charge_.taken + charge_.overage != charge_.cost)
        faults_.add("charged + overage = cost", "entry", charge_.first);
    charged += charge_.taken;
    overage_booked += charge_.overage;
    for (const int64_t b : charge_.budgets) spent[b] += charge_.free ? Wide{1} : charge_.taken;
    charge_ = {};
}
void EntryCheck::end() { close(); }

}  // namespace aig::ledger
