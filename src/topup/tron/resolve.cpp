// How a sighting becomes a deposit.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "topup/detail/watch.h"

namespace aig::topup::tron {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t sightings_a_time = 200;
constexpr size_t max_others_a_transaction = 3;  // recorded transfers of other tokens
constexpr int64_t quick_attempts = 20;          // at the poll's pace, before the waits grow

class SightingOp : public store::Op {
  public:
    explicit SightingOp(sql::Sighting s) : s_(std::move(s)) {}
    Status apply(store::Db& db) override { return sql::save_sighting(db, s_); }

  private:
    sql::Sighting s_;
};

metrics::Counter& refused(DepositStatus status) {
    return metrics::counter("aig_topup_refused_total", "Transfers that were recorded and not credited",
                            {{"status", status_name(status)}});
}
}  // namespace

rt::Task<Status> Watcher::resolve_due() {
    struct Found {
        std::vector<sql::Sighting> due;
        int64_t open = 0;
    };
    auto found = std::make_shared<Found>();
    std::function<Status(store::Db&)> read = [found](store::Db& db) -> Status {
        TRY(found->due, sql::due_sightings(db, usdt_trc20, now_us(), sightings_a_time));
        TRY(found->open, sql::count_open_sightings(db, usdt_trc20));
        return {};
    };
    CO_TRYV(co_await store_.read(std::move(read)));
    state_.open = found->open;
    for (auto& sighting : found->due) {
        if (!may_ask()) break;
        CO_TRYV(co_await resolve(std::move(sighting)));
    }
    co_return Status{};
}

rt::Task<Status> Watcher::resolve(sql::Sighting sighting) {
    // After a failed attempt another node is asked first: one that lies or lags must not hold a deposit up.
    const size_t first = static_cast<size_t>(sighting.attempts) % nodes_.size();
    auto* node = awake(first);
    if (!node) co_return Status{Error(ErrorCode::upstream_unreachable, "every TRON node rests")};
    size_t at = 0;
    while (nodes_[at].get() != node) ++at;
    auto testimony = co_await node->witness(sighting.tx);
    if (!testimony) {
        log::warn("topup_unresolved", {{"tx", sighting.tx}, {"why", testimony.error().message()}});
        auto kept = co_await put_off(std::move(sighting), testimony.error().message(), false);
        co_return kept;
    }
    if (!*testimony) {
        auto kept = co_await put_off(std::move(sighting), "in no solidified block yet", true);
        co_return kept;
    }
    auto done = co_await judge(**testimony, at, sighting);
    co_return done;
}

rt::Task<Status> Watcher::put_off(sql::Sighting s, std::string reason, bool unknown) {
    const int64_t now = now_us();
    ++s.attempts;
    const int64_t doublings = std::clamp<int64_t>(s.attempts - quick_attempts, 0, 20);
    const int64_t wait_ms = std::min(settings_.poll_ms << doublings, settings_.longest_retry_ms);
    s.due_us = now + wait_ms * 1'000;
    s.reason = std::move(reason);
    if (unknown && now - s.seen_us > settings_.give_up_us) {
        s.status = sql::SightingStatus::given_up;
        log::error("topup_given_up", {{"tx", s.tx}, {"why", s.reason}});
    }
    store::Batch batch;
    batch.ops.push_back(std::make_unique<SightingOp>(std::move(s)));
    auto done = co_await store_.commit(std::move(batch));
    co_return done;
}

rt::Task<Status> Watcher::finish(sql::Sighting s) {
    s.status = sql::SightingStatus::resolved;
    s.reason.clear();
    store::Batch batch;
    batch.ops.push_back(std::make_unique<SightingOp>(std::move(s)));
    auto done = co_await store_.commit(std::move(batch));
    co_return done;
}

/// What this log is, before any node is asked again: `pending` may be credited.
Deposit Watcher::deposit_of(const Testimony& t, const Finding& f) const {
    const auto& watch = *watches_.at(f.transfer.to);
    const auto nanos = f.transfer.amount.micros_as_nanos();
    Deposit d;
    d.rail = usdt_trc20;
    d.external_id = fmt::format("{}:{}", t.info.id, f.log);
    d.account = watch.row.account;
    d.currency = "USDT";
    d.amount_nanos = nanos.value_or(0);
    d.told = f.transfer.amount.decimal();
    d.address = watch.row.address;
    d.token = to_base58(f.transfer.token);
    d.tx = t.info.id;
    d.block_hash = t.block_hash;
    d.block = t.info.block;
    d.block_ms = t.info.block_ms;
    d.witnesses = 1;
    d.seen_us = now_us();
    const auto refuse = [&](DepositStatus status, std::string why) {
        d.status = status;
        d.reason = std::move(why);
    };
    if (f.transfer.token != settings_.token)
        refuse(DepositStatus::wrong_token, "another token than the configured one; not credited");
    else if (!t.succeeded)
        refuse(DepositStatus::failed, "the transaction failed on the chain");
    else if (t.info.block_ms < watch.row.assigned_us / 1'000 - settings_.assigned_tolerance_ms)
        refuse(DepositStatus::unassigned, "sent before the address was this account's");
    else if (!nanos)
        refuse(DepositStatus::too_large, "the amount does not fit");
    else if (*nanos < settings_.minimum_nanos || *nanos == 0)
        refuse(DepositStatus::below_minimum, "below the minimum");
    return d;
}

rt::Task<Result<bool>> Watcher::needs_second(const Deposit& d) {
    if (settings_.second_above_nanos == INT64_MAX) co_return false;
    auto sum = std::make_shared<int64_t>(0);
    std::function<Status(store::Db&)> read = [sum, account = d.account](store::Db& db) -> Status {
        TRY(*sum, sql::credited_on_one_word(db, usdt_trc20, account, now_us() - day_us));
        return {};
    };
    auto done = co_await store_.read(std::move(read));
    if (!done) co_return std::move(done).error();
    int64_t all = 0;
    const bool over = __builtin_add_overflow(*sum, d.amount_nanos, &all);
    co_return over || all > settings_.second_above_nanos;
}

/// False: not now; `deposit` says why.
rt::Task<Result<bool>> Watcher::second_agrees(const Testimony& testimony, size_t log, size_t node, Deposit& deposit) {
    auto needed = co_await needs_second(deposit);
    if (!needed) co_return std::move(needed).error();
    if (!*needed) co_return true;
    auto* other = awake(node + 1, node);
    deposit.status = DepositStatus::pending;
    deposit.reason = "waits for a second node to say the same";
    if (!other) co_return false;
    auto second = co_await other->witness(deposit.tx);
    if (!second && second.error().reason() != "contradiction") co_return false;
    if (second && !*second) co_return false;
    if (second && agree(testimony, **second, log)) {
        deposit.reason.clear();
        deposit.witnesses = 2;
        co_return true;
    }
    deposit.status = DepositStatus::disputed;
    deposit.reason = "two nodes contradict each other";
    log::error("topup_nodes_disagree", {{"tx", deposit.tx}, {"one", nodes_[node]->name()}, {"other", other->name()}});
    co_return false;
}

/// That there is nothing to credit is believed to one node only where there is no other: else a lie would lose money.
rt::Task<Result<bool>> Watcher::nothing_here(const Testimony& testimony, size_t node) {
    if (nodes_.size() == 1) co_return true;
    auto* other = awake(node + 1, node);
    if (!other) co_return false;
    auto second = co_await other->witness(testimony.info.id);
    if (!second || !*second) co_return false;
    const auto& b = **second;
    co_return testimony.succeeded == b.succeeded&& testimony.block_hash == b.block_hash&& testimony.info.logs ==
        b.info.logs;
}

/// Books one log. Gives why it has to wait; "" = done with it.
rt::Task<Result<std::string>> Watcher::book(const Testimony& testimony, size_t log, size_t node, Deposit d) {
    if (d.status != DepositStatus::pending) {
        refused(d.status).add();
        CO_TRYV(co_await desk_.record(std::move(d)));
        co_return std::string();
    }
    auto agreed = co_await second_agrees(testimony, log, node, d);
    if (!agreed) co_return std::move(agreed).error();
    if (*agreed) {
        Payment payment{Proof(), d};
        store::Ops nothing;
        auto credited = co_await desk_.credit(std::move(payment), std::move(nothing));
        if (credited) co_return std::string();
        if (credited.error().code() == ErrorCode::storage_unavailable) co_return std::move(credited).error();
        d.status = DepositStatus::pending;
        d.reason = "not credited: " + credited.error().message();
        log::error("deposit_not_credited", {{"id", d.external_id}, {"why", credited.error().message()}});
    }
    std::string waits = d.reason;
    CO_TRYV(co_await desk_.record(std::move(d)));
    co_return waits;
}

rt::Task<Status> Watcher::judge(const Testimony& testimony, size_t node, sql::Sighting& sighting) {
    const auto ours = [this](const Address& a) { return watches_.contains(a); };
    std::string waits;
    std::vector<std::pair<size_t, Deposit>> deposits;
    size_t others = 0;
    bool any = false;
    for (const auto& finding : findings(testimony.info, ours)) {
        auto d = deposit_of(testimony, finding);
        if (d.told == "0" || (d.status == DepositStatus::wrong_token && ++others > max_others_a_transaction)) continue;
        any |= d.status != DepositStatus::wrong_token && d.status != DepositStatus::failed;
        deposits.emplace_back(finding.log, std::move(d));
    }
    if (!any) {
        auto sure = co_await nothing_here(testimony, node);
        if (!sure) co_return std::move(sure).error();
        if (!*sure) {
            auto kept = co_await put_off(sighting, "a node sees nothing to credit; another must say the same", false);
            co_return kept;
        }
    }
    for (auto& [log_index, deposit] : deposits) {
        auto why = co_await book(testimony, log_index, node, std::move(deposit));
        if (!why) co_return std::move(why).error();
        if (!why->empty()) waits = *why;
    }
    Status kept;
    if (waits.empty())
        kept = co_await finish(sighting);
    else
        kept = co_await put_off(sighting, std::move(waits), false);
    co_return kept;
}

Status Watcher::look_at_now(std::string_view tx) {
    const auto id = transaction_id(tx);
    if (!id) return Error(ErrorCode::bad_param, "a transaction id has 64 hex digits").param("tx");
    store::Batch batch;
    batch.ops.push_back(store::op([id = *id](store::Db& db) -> Status {
        sql::Sighting s;
        s.tx = id;
        s.seen_us = s.due_us = now_us();
        TRYV(sql::insert_sighting(db, usdt_trc20, s));
        TRY(const auto known, sql::load_sighting(db, usdt_trc20, id));
        s = *known;
        s.status = sql::SightingStatus::open;
        s.due_us = now_us();
        s.attempts = 0;
        s.seen_us = now_us();
        return sql::save_sighting(db, s);
    }));
    return store_.commit_now(std::move(batch));
}

}  // namespace aig::topup::tron
