// Many callers at once: exact admission, and random interleavings against a model of a few lines. A failing
// interleaving prints its seed; AIG_TEST_SEED=n runs that one alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <latch>
#include <map>
#include <random>

#include "ledger/testing/book_rig.h"
#include "rt/event.h"

namespace aig::ledger {
namespace {
using testing::BookRig;

/// A slow machine must not turn into refusals here.
store::Options patient() {
    store::Options options;
    options.max_wait_ms = 600'000;
    options.max_queue = 100'000;
    return options;
}

/// Fires `count` holds at once and gives the granted ones.
std::vector<std::shared_ptr<Hold>> race(BookRig& rig, int count, const std::function<HoldRequest()>& request,
                                        int64_t& refused) {
    struct Race {
        std::vector<std::shared_ptr<Hold>> granted;
        std::atomic<int64_t> no_money{0}, other{0};
        std::latch done;
        explicit Race(int n) : done(n) {}
        static rt::Task<> one(Book* book, HoldRequest r, Race* race) {
            auto hold = co_await book->hold(std::move(r));
            if (hold)
                race->granted.push_back(std::make_shared<Hold>(*std::move(hold)));
            else if (hold.error().code() == ErrorCode::no_money || hold.error().code() == ErrorCode::budget_exceeded)
                ++race->no_money;
            else
                ++race->other;
            race->done.count_down();
        }
    };
    Race state(count);
    for (int i = 0; i < count; ++i) {
        auto r = std::make_shared<HoldRequest>(request());
        rig.loop().spawn([&rig, r, &state] { return Race::one(&rig.book(), std::move(*r), &state); });
    }
    state.done.wait();
    EXPECT_EQ(state.other, 0);
    refused = state.no_money;
    return std::move(state.granted);
}

TEST(Race, a_wallet_for_ten_admits_exactly_ten_of_a_thousand) {
    BookRig rig(patient());
    for (int round = 0; round < 3; ++round) {
        const auto account = rig.fund(10 * 1'234'567 + 1'234'566);  // ten and almost eleven
        int64_t refused = 0;
        auto granted = race(
            rig, 1'000,
            [&] {
                HoldRequest r;
                r.account = account;
                r.amount_nanos = r.least_nanos = 1'234'567;
                return r;
            },
            refused);
        EXPECT_EQ(granted.size(), 10u);
        EXPECT_EQ(refused, 990);
        for (auto& hold : granted) EXPECT_TRUE(rig.settle(std::move(*hold), 1'234'567));
        EXPECT_EQ(rig.wallet(account).available_nanos, 1'234'566);
    }
    const auto report = rig.verify();
    EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
}

TEST(Race, a_budget_for_ten_admits_exactly_ten_of_five_hundred) {
    BookRig rig(patient());
    const auto account = rig.fund(1'000'000'000);
    const BudgetRef cap{2, 4, "2026-11", 10 * 777};
    int64_t refused = 0;
    auto granted = race(
        rig, 500,
        [&] {
            HoldRequest r;
            r.account = account;
            r.amount_nanos = r.least_nanos = 777;
            r.budgets = {cap};
            return r;
        },
        refused);
    EXPECT_EQ(granted.size(), 10u);
    EXPECT_EQ(refused, 490);
    for (auto& hold : granted) EXPECT_TRUE(rig.settle(std::move(*hold), 777));
    EXPECT_EQ(rig.budget(cap), std::pair(int64_t{7'770}, int64_t{0}));
    EXPECT_TRUE(rig.verify().ok);
}

/// What the book should do, said in the plainest way: one wallet, one budget, holds.
struct Model {
    int64_t credits = 0, debits = 0, held = 0, cap = 0, spent = 0, budget_held = 0;
    struct ModelHold {
        int64_t amount = 0, charged = 0;
        bool open = true;
    };
    std::vector<ModelHold> holds;

    int64_t available() const { return credits - debits - held; }
    int64_t room() const { return std::max<int64_t>(0, cap - spent - budget_held); }
    /// The granted amount, or -1.
    int64_t grant(int64_t amount, int64_t least) {
        if (available() < least || room() < least) return -1;
        const int64_t granted = std::min({amount, available(), room()});
        held += granted;
        budget_held += granted;
        return granted;
    }
    void give_back(ModelHold& h) {
        held -= h.amount;
        budget_held -= h.amount;
        h.open = false;
    }
    int64_t settle(size_t i, int64_t cost) {
        auto& h = holds[i];
        if (!h.open) return h.charged;
        give_back(h);
        h.charged = std::min(cost, available());
        debits += h.charged;
        spent += h.charged;
        return h.charged;
    }
    void drop(size_t i) {
        if (holds[i].open) give_back(holds[i]);
    }
};

/// One account, waves of one to four concurrent operations, checked wave by wave.
class Interleaving {
  public:
    Interleaving(BookRig& rig, AccountId account, uint64_t seed)
        : rig_(rig), account_(account), seed_(seed), draw_(seed) {
        model_.credits = 1'000;
        model_.cap = 500 + below(1'500);
        budget_ = {1, account.value, "2026-11", model_.cap};
    }
    static rt::Task<> run(std::shared_ptr<Interleaving> self, std::function<void()> done) {
        for (int64_t wave = 3 + self->below(6); wave > 0; --wave) {
            rt::Answer<bool> all(self->rig_.loop());
            self->start_wave(all.local_deliverer());
            auto finished = co_await all.wait();
            (void)finished;
        }
        self->holds_.clear();  // what is left is dropped: voided
        for (size_t i = 0; i < self->model_.holds.size(); ++i) self->model_.drop(i);
        done();
    }
    void check_at_end() {
        const auto v = rig_.wallet(account_);
        EXPECT_EQ(v.credits_nanos, model_.credits) << "AIG_TEST_SEED=" << seed_;
        EXPECT_EQ(v.debits_nanos, model_.debits) << "AIG_TEST_SEED=" << seed_;
        EXPECT_EQ(v.held_nanos, 0) << "AIG_TEST_SEED=" << seed_;
        EXPECT_EQ(rig_.budget(budget_), std::pair(model_.spent, int64_t{0})) << "AIG_TEST_SEED=" << seed_;
    }

  private:
    using Self = std::shared_ptr<Interleaving>;
    int64_t below(int64_t n) { return static_cast<int64_t>(draw_() % static_cast<uint64_t>(n)); }
    void expect(int64_t got, int64_t wanted, const char* what) {
        EXPECT_EQ(got, wanted) << what << ": AIG_TEST_SEED=" << seed_;
    }

    /// The writer serves in the order of the queue, which is the order in which the tasks start here: so the model can
    /// say each result beforehand.
    void start_wave(std::function<void(bool)> done) {
        const int64_t n = 1 + below(4);
        auto left = std::make_shared<int64_t>(n);
        const std::function<void()> one_done = [left, done] {
            if (--*left == 0) done(true);
        };
        for (int64_t i = 0; i < n; ++i) start_one(one_done);
    }
    void start_one(const std::function<void()>& done) {
        const int64_t dice = below(10);
        const size_t known = holds_.size();
        const size_t pick = known ? static_cast<size_t>(below(static_cast<int64_t>(known))) : 0;
        auto* hold = known ? holds_[pick].get() : nullptr;
        if (dice < 3 || !hold || !*hold) return start_hold(done);
        const size_t in_model = index_[pick];
        if (dice < 5 && model_.holds[in_model].open) return start_extend(*hold, in_model, done);
        if (dice < 8) return start_settle(std::make_shared<Hold>(std::move(*hold)), in_model, done);
        if (dice < 9) return start_release(std::make_shared<Hold>(std::move(*hold)), in_model, done);
        start_credit(done);
    }
    void spawn(std::function<rt::Task<>()> make) { rig_.loop().spawn(std::move(make)); }

    void start_hold(const std::function<void()>& done) {
        const int64_t amount = below(600), least = below(amount + 1);
        const int64_t expected = model_.grant(amount, least);
        const size_t at = model_.holds.size();
        if (expected >= 0) model_.holds.push_back({expected, 0, true});
        spawn([this, amount, least, expected, at, done] { return hold(this, amount, least, expected, at, done); });
    }
    static rt::Task<> hold(Interleaving* self, int64_t amount, int64_t least, int64_t expected, size_t at,
                           std::function<void()> done) {
        HoldRequest r;
        r.account = self->account_;
        r.amount_nanos = amount;
        r.least_nanos = least;
        r.budgets = {self->budget_};
        auto got = co_await self->rig_.book().hold(std::move(r));
        self->expect(got ? got->amount_nanos() : -1, expected, "hold");
        if (got) {
            auto twin = co_await self->rig_.book().adopt(got->id());
            self->keep(*std::move(got), at);
            if (twin) self->keep(*std::move(twin), at);  // resolved twice
        }
        done();
    }
    void keep(Hold h, size_t at) {
        holds_.push_back(std::make_unique<Hold>(std::move(h)));
        index_.push_back(at);
    }

    void start_extend(Hold& h, size_t at, const std::function<void()>& done) {
        const int64_t more = below(300), least = below(more + 1);
        const int64_t granted = model_.grant(more, least);
        if (granted >= 0) model_.holds[at].amount += granted;
        spawn([this, &h, more, least, expected = granted < 0 ? -1 : model_.holds[at].amount, done] {
            return extend(this, &h, more, least, expected, done);
        });
    }
    static rt::Task<> extend(Interleaving* self, Hold* h, int64_t more, int64_t least, int64_t expected,
                             std::function<void()> done) {
        auto got = co_await self->rig_.book().extend(*h, more, least);
        self->expect(got ? *got : -1, expected, "extend");
        done();
    }

    void start_settle(std::shared_ptr<Hold> h, size_t at, const std::function<void()>& done) {
        const int64_t cost = below(900);
        spawn([this, h, cost, expected = model_.settle(at, cost), done] {
            return settle(this, h, cost, expected, done);
        });
    }
    static rt::Task<> settle(Interleaving* self, std::shared_ptr<Hold> h, int64_t cost, int64_t expected,
                             std::function<void()> done) {
        auto got = co_await self->rig_.book().settle(std::move(*h), testing::settlement_of(cost));
        self->expect(got ? got->cost_nanos() : -1, expected, "settle");
        done();
    }

    void start_release(std::shared_ptr<Hold> h, size_t at, const std::function<void()>& done) {
        model_.drop(at);
        spawn([this, h, done] { return release(this, h, done); });
    }
    static rt::Task<> release(Interleaving* self, std::shared_ptr<Hold> h, std::function<void()> done) {
        store::Ops nothing;
        auto got = co_await self->rig_.book().release(std::move(*h), VoidReason::failed, 5, std::move(nothing));
        self->expect(got.ok(), true, "release");
        done();
    }

    void start_credit(const std::function<void()>& done) {
        const std::string ref = "r" + std::to_string(below(3));  // often one that was used
        const int64_t amount = 1 + below(500);
        if (refs_.emplace(ref, amount).second) model_.credits += amount;
        spawn([this, ref, amount, done] { return credit(this, ref, amount, done); });
    }
    static rt::Task<> credit(Interleaving* self, std::string ref, int64_t amount, std::function<void()> done) {
        auto got = co_await self->rig_.book().credit(self->account_, amount, ref, "");
        self->expect(got.ok(), true, "credit");
        done();
    }

    BookRig& rig_;
    AccountId account_;
    uint64_t seed_;
    std::mt19937_64 draw_;
    Model model_;
    BudgetRef budget_;
    std::vector<std::unique_ptr<Hold>> holds_;
    std::vector<size_t> index_;  // which of the model's
    std::map<std::string, int64_t> refs_;
};

TEST(Interleavings, do_what_the_model_says) {
    const int64_t scale = testing::scale();
    const int64_t first = testing::from_environment("AIG_TEST_SEED", 1);
#ifdef AIG_SANITIZED
    constexpr int64_t usual = 1'000;  // ten times dearer
#else
    constexpr int64_t usual = 10'000;
#endif
    const int64_t last = std::getenv("AIG_TEST_SEED") ? first : usual * scale;
    constexpr int64_t at_once = 500;
    BookRig rig(patient());
    for (int64_t seed = first; seed <= last && !HasFailure(); seed += at_once) {
        std::vector<std::shared_ptr<Interleaving>> group;
        const auto accounts = rig.fund_many(static_cast<size_t>(std::min(last - seed + 1, at_once)), 1'000);
        for (size_t i = 0; i < accounts.size(); ++i)
            group.push_back(std::make_shared<Interleaving>(rig, accounts[i], static_cast<uint64_t>(seed) + i));
        std::latch done(static_cast<ptrdiff_t>(group.size()));
        for (const auto& i : group)
            rig.loop().spawn([i, &done] { return Interleaving::run(i, [&done] { done.count_down(); }); });
        done.wait();
        EXPECT_TRUE(rig.store().commit_now({}));  // behind the last drops
        for (const auto& i : group) i->check_at_end();
    }
    const auto report = rig.verify();
    EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    EXPECT_EQ(report.open_holds, 0);
}

}  // namespace
}  // namespace aig::ledger
