#include "topup/tron/watcher.h"

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "topup/detail/watch.h"

namespace aig::topup::tron {
namespace {
constexpr int64_t hot_ms = 2 * 3'600'000;
constexpr int64_t max_open_sightings = 10'000;
constexpr uint64_t others_every = 20;  // lists of the coin for each list of other tokens

class SawOp : public store::Op {
  public:
    SawOp(sql::AddressRow row, std::vector<sql::Sighting> seen) : row_(std::move(row)), seen_(std::move(seen)) {}
    Status apply(store::Db& db) override {
        for (const auto& s : seen_) TRYV(sql::insert_sighting(db, row_.rail, s));
        return sql::save_cursor(db, row_.id, row_.listed_ms, row_.others_ms, row_.others);
    }

  private:
    sql::AddressRow row_;
    std::vector<sql::Sighting> seen_;
};

/// The block time that a list has been read up to: nothing is skipped when the rows do not come in order.
int64_t read_up_to(const Listing& listing, int64_t head_ms, int64_t before_ms) {
    int64_t newest = before_ms;
    for (size_t i = 0; i < listing.rows.size(); ++i) {
        if (i && listing.rows[i].block_ms < listing.rows[i - 1].block_ms) return before_ms;
        if (listing.rows[i].block_ms <= head_ms) newest = std::max(newest, listing.rows[i].block_ms);
    }
    return newest;
}
}  // namespace

Watcher::Watcher(rt::Loop& loop, store::Store& store, Desk& desk, AddressBook& book, WatcherSettings settings)
    : loop_(loop),
      store_(store),
      desk_(desk),
      book_(book),
      settings_(std::move(settings)),
      token_text_(to_base58(settings_.token)),
      client_(net::Client::make(loop)) {
    for (const auto& n : settings_.nodes) nodes_.push_back(std::make_unique<Node>(n, *client_, settings_.rest));
}
Watcher::~Watcher() = default;

void Watcher::start() {
    loop_.spawn([this] { return run(this); });
}

rt::Task<> Watcher::run(Watcher* self) {
    for (;;) {
        auto done = co_await self->round();
        if (!done) {
            self->state_.failures.fetch_add(1);
            log::warn("topup_round_failed", {{"rail", usdt_trc20}, {"why", done.error().message()}});
        }
        self->state_.rounds.fetch_add(1);
        co_await self->loop_.sleep_ms(self->settings_.poll_ms);
    }
}

void Watcher::expect(AccountId account) {
    stale_ = true;  // it may have been given an address just now
    const std::lock_guard lock(expected_mutex_);
    if (expected_.size() > 10'000) expected_.clear();
    expected_[account] = mono_ms() + hot_ms;
}

int64_t Watcher::requests() const {
    int64_t sum = 0;
    for (const auto& n : nodes_) sum += n->requests();
    return sum;
}

Node* Watcher::awake(size_t preferred, size_t but) {
    for (size_t i = 0; i < nodes_.size(); ++i) {
        const size_t at = (preferred + i) % nodes_.size();
        if (at != but && !nodes_[at]->resting()) return nodes_[at].get();
    }
    return nullptr;
}

rt::Task<Status> Watcher::round() {
    CO_TRYV(co_await reload());
    if (watches_.empty()) co_return Status{};
    budget_ = requests() + settings_.requests_a_round;
    CO_TRYV(co_await read_head());
    // What was seen before goes first: a flood of new transfers must not starve it.
    CO_TRYV(co_await resolve_due());
    CO_TRYV(co_await list_pages());
    CO_TRYV(co_await resolve_due());
    CO_TRYV(co_await prove_yesterday());
    co_return Status{};
}

rt::Task<Status> Watcher::read_head() {
    Status failed = Error(ErrorCode::upstream_unreachable, "every TRON node rests");
    for (auto& node : nodes_) {
        if (node->resting()) continue;
        auto head = co_await node->head();
        if (!head) {
            failed = std::move(head).error();
            continue;
        }
        head_ms_ = head->time_ms;
        state_.head_ms = head->time_ms;
        state_.head = head->number;
        co_return Status{};
    }
    co_return failed;
}

rt::Task<Status> Watcher::reload() {
    if (!stale_.exchange(false)) co_return Status{};
    auto rows = co_await book_.watched();
    if (!rows) {
        stale_ = true;
        co_return std::move(rows).error();
    }
    std::map<Address, std::unique_ptr<Watch>> fresh;
    for (auto& row : *rows) {
        const auto address = from_base58(row.address);
        if (!address) continue;
        auto& watch = fresh[*address];
        if (const auto known = watches_.find(*address); known != watches_.end()) {
            watch = std::move(known->second);
            continue;
        }
        watch = std::make_unique<Watch>();
        watch->row = std::move(row);
        watch->address = *address;
    }
    watches_ = std::move(fresh);
    state_.addresses = static_cast<int64_t>(watches_.size());
    co_return Status{};
}

/// Whose turn it is: those in demand, then the others from where the last round stopped.
std::vector<Watcher::Watch*> Watcher::turn() {
    std::vector<Watch*> hot, cold;
    {
        const std::lock_guard lock(expected_mutex_);
        std::erase_if(expected_, [](const auto& e) { return e.second < mono_ms(); });
        for (auto& [address, watch] : watches_)
            (expected_.contains(watch->row.account) || watch->more ? hot : cold).push_back(watch.get());
    }
    if (!cold.empty()) {
        const auto start = static_cast<ptrdiff_t>(turn_ % cold.size());
        std::rotate(cold.begin(), cold.begin() + start, cold.end());
    }
    hot.insert(hot.end(), cold.begin(), cold.end());
    return hot;
}

rt::Task<Status> Watcher::list_pages() {
    if (state_.open >= max_open_sightings) co_return Status{};
    for (Watch* watch : turn()) {
        bool any = true;
        // A list that goes on is read on, as long as the round's budget lasts.
        while (any && may_ask()) {
            if (!watch->more) ++turn_;
            auto done = co_await list_page(*watch);
            if (!done) done = co_await list_page(*watch);  // by another node
            if (!done) co_return done;
            any = watch->more;
        }
        if (!may_ask()) break;
        if (watch->turns++ % others_every == 0) CO_TRYV(co_await list_others(*watch));
    }
    co_return Status{};
}

rt::Task<Status> Watcher::list_page(Watch& w) {
    auto* node = awake(w.node);
    if (!node) co_return Status{Error(ErrorCode::upstream_unreachable, "every TRON node rests")};
    if (w.more && node != nodes_[w.node].get()) w.more = false;  // a fingerprint means nothing to another node
    ListAsk ask;
    if (!w.more) {
        const int64_t own = w.row.assigned_us / 1'000 - settings_.assigned_tolerance_ms;
        w.from_ms = std::max<int64_t>(std::max(w.row.listed_ms - settings_.overlap_ms, own), 0);
        w.fingerprint.clear();
    }
    ask.address = w.row.address;
    ask.token = token_text_;
    ask.from_ms = w.from_ms;
    ask.fingerprint = w.fingerprint;
    ask.limit = settings_.page;
    auto listing = co_await node->list(std::move(ask));
    if (!listing) {
        w.more = false;
        w.node = (w.node + 1) % nodes_.size();
        co_return std::move(listing).error();
    }
    std::vector<sql::Sighting> seen;
    const int64_t now = now_us();
    for (const auto& row : listing->rows) {
        const bool ours =
            row.type == "Transfer" && row.to == w.address && row.token == settings_.token && row.value != "0";
        if (!ours || row.block_ms > head_ms_ || w.recent.contains(row.tx)) continue;
        sql::Sighting s;
        s.tx = row.tx;
        s.block_ms = row.block_ms;
        s.seen_us = s.due_us = now;
        seen.push_back(std::move(s));
    }
    const int64_t newest = read_up_to(*listing, head_ms_, w.row.listed_ms);
    const bool full = static_cast<int64_t>(listing->size) >= settings_.page;
    w.more = listing->size > 0 && (!listing->fingerprint.empty() || (full && newest > w.from_ms));
    w.fingerprint = listing->fingerprint;
    if (w.fingerprint.empty()) w.from_ms = newest;  // a full page without a next one: go on by time
    if (seen.empty() && newest == w.row.listed_ms) co_return Status{};
    auto row = w.row;
    row.listed_ms = newest;
    store::Batch batch;
    batch.ops.push_back(std::make_unique<SawOp>(row, seen));
    auto done = co_await store_.commit(std::move(batch));
    if (!done) {
        w.more = false;
        co_return done;
    }
    w.row.listed_ms = newest;
    std::erase_if(w.recent, [&](const auto& r) { return r.second < newest - 2 * settings_.overlap_ms; });
    for (const auto& s : seen) w.recent.emplace(s.tx, s.block_ms);
    co_return Status{};
}

/// Other tokens are recorded from the list alone: they are never credited, only shown to whoever asks where they went.
rt::Task<Status> Watcher::list_others(Watch& w) {
    auto* node = awake(w.node);
    if (!node || w.row.others >= settings_.max_others) co_return Status{};
    ListAsk ask;
    ask.address = w.row.address;
    ask.from_ms = std::max<int64_t>(std::max(w.row.others_ms + 1, w.row.assigned_us / 1'000), 0);
    ask.limit = settings_.page;
    auto listing = co_await node->list(std::move(ask));
    if (!listing) co_return Status{};
    auto row = w.row;
    store::Batch batch;
    for (const auto& t : listing->rows) {
        const bool other = t.type == "Transfer" && t.to == w.address && t.token && *t.token != settings_.token;
        if (!other || row.others >= settings_.max_others) continue;
        ++row.others;
        Deposit d;
        d.rail = row.rail;
        d.external_id = t.tx + ":" + to_hex(*t.token) + ":" + t.value;
        d.account = row.account;
        d.status = DepositStatus::wrong_token;
        d.currency = "?";
        d.told = t.value;
        d.address = row.address;
        d.token = to_base58(*t.token);
        d.tx = t.tx;
        d.block_ms = t.block_ms;
        d.reason = "another token than the configured one; not credited";
        d.seen_us = now_us();
        batch.ops.push_back(deposit_row(std::move(d)));
    }
    row.others_ms = read_up_to(*listing, head_ms_, row.others_ms);
    if (batch.ops.empty() && row.others_ms == w.row.others_ms) co_return Status{};
    batch.ops.push_back(std::make_unique<SawOp>(row, std::vector<sql::Sighting>{}));
    CO_TRYV(co_await store_.commit(std::move(batch)));
    w.row.others = row.others;
    w.row.others_ms = row.others_ms;
    co_return Status{};
}

}  // namespace aig::topup::tron
