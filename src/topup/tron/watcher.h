// Watches the addresses that were handed out, on one loop. Two steps, each durable before the next: transactions that a
// node lists for an address become sightings, and the address's cursor moves past them; then each sighting is resolved
// on its own: fetched from solidified blocks, judged log by log, and booked. A list is only a hint, so a lying one
// delays a deposit and never makes one. What cannot be resolved now is tried again, later each time; nothing is
// dropped while a node may still know it.
//
// A deposit above the threshold, counted over a day and account, needs a second, independent node to say the same byte
// for byte. Work a round is bounded by a number of requests; addresses take turns, those whose owner just looked at the
// deposit page first.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "topup/address_book.h"
#include "topup/desk.h"
#include "topup/tron/node.h"

namespace aig::topup::tron {

struct WatcherSettings {
    std::vector<NodeSettings> nodes;
    Address token;
    int64_t minimum_nanos = 0;
    int64_t second_above_nanos = INT64_MAX;  ///< INT64_MAX = one node's word is enough
    int64_t poll_ms = 15'000;
    int64_t overlap_ms = 3'600'000;  ///< each list begins this much before the newest transfer known: indexes lag
    int64_t requests_a_round = 100;
    int64_t page = 200;
    int64_t max_others = 100;  ///< recorded transfers of other tokens an address
    Rest rest;
    int64_t longest_retry_ms = 3'600'000;
    int64_t give_up_us = 7 * 86'400'000'000ll;
    int64_t assigned_tolerance_ms = 600'000;  ///< blocks this much older than the assignment are still the account's
};

class Watcher {
  public:
    Watcher(rt::Loop& loop, store::Store& store, Desk& desk, AddressBook& book, WatcherSettings settings);
    ~Watcher();
    /// Begins on the loop.
    void start();
    /// One round by itself; on the loop, never while another runs.
    rt::Task<Status> round();
    /// Thread-safe: the account's addresses come first for the next two hours.
    void expect(AccountId account);
    /// Thread-safe: addresses were handed out or changed.
    void refresh() { stale_ = true; }
    /// Any loop or none: looks at one transaction, whether a node lists it or not.
    Status look_at_now(std::string_view tx);
    /// On the watcher's loop: compares a UTC day's transfers on the chain with the books, and keeps the result.
    /// Transfers that the books do not have become sightings.
    rt::Task<Result<sql::ProofRow>> prove(std::string day);
    rt::Loop& loop() { return loop_; }

    struct State {
        std::atomic<int64_t> head_ms{0}, head{0}, addresses{0}, open{0}, rounds{0}, failures{0};
    };
    const State& state() const { return state_; }

  private:
    struct Watch;
    static rt::Task<> run(Watcher* self);
    rt::Task<Status> reload();
    rt::Task<Status> read_head();
    rt::Task<Status> list_pages();
    rt::Task<Status> list_page(Watch& watch);
    rt::Task<Status> list_others(Watch& watch);
    rt::Task<Status> resolve_due();
    rt::Task<Status> resolve(sql::Sighting sighting);
    rt::Task<Status> judge(const Testimony& testimony, size_t node, sql::Sighting& sighting);
    rt::Task<Result<bool>> second_agrees(const Testimony& testimony, size_t log, size_t node, Deposit& deposit);
    rt::Task<Result<bool>> nothing_here(const Testimony& testimony, size_t node);
    rt::Task<Result<std::string>> book(const Testimony& testimony, size_t log, size_t node, Deposit deposit);
    rt::Task<Result<bool>> needs_second(const Deposit& deposit);
    rt::Task<Status> put_off(sql::Sighting sighting, std::string reason, bool unknown);
    rt::Task<Status> finish(sql::Sighting sighting);
    rt::Task<Status> prove_yesterday();
    Deposit deposit_of(const Testimony& testimony, const Finding& finding) const;
    std::vector<Watch*> turn();
    Node* awake(size_t preferred, size_t but = SIZE_MAX);
    int64_t requests() const;
    bool may_ask() const { return requests() < budget_; }

    rt::Loop& loop_;
    store::Store& store_;
    Desk& desk_;
    AddressBook& book_;
    WatcherSettings settings_;
    std::string token_text_;
    std::unique_ptr<net::Client> client_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<Address, std::unique_ptr<Watch>> watches_;
    std::atomic<bool> stale_{true};
    std::mutex expected_mutex_;
    std::map<AccountId, int64_t> expected_;  // until, monotonic ms
    int64_t budget_ = 0, head_ms_ = 0;
    uint64_t turn_ = 0;
    std::string proved_day_;
    State state_;
};

}  // namespace aig::topup::tron
