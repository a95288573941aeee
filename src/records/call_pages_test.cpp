// The request log in pages: whatever stands in a page or in a row of before, readers give what a list of all calls
// would.
#include "records/detail/call_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "records/charges.h"
#include "records/records.h"
#include "store/testing/temporary_store.h"

namespace aig::records {
namespace {
constexpr int64_t hour_us = 3'600'000'000;

class CallPagesTest : public ::testing::Test {
  protected:
    /// In one transaction.
    void write(const std::vector<CallRecord>& calls) {
        store::Batch batch;
        for (const auto& c : calls) batch.ops.push_back(record(c));
        EXPECT_TRUE(store_->commit_now(std::move(batch)));
        for (const auto& c : calls) all_.push_back(c);
    }
    /// As a program before pages did.
    void write_row(const CallRecord& c) {
        run([&](store::Db& db) -> Status {
            auto q = db.query(
                "INSERT INTO call (request_id, correlation_id, account_id, key_id, model, provider, upstream_model, "
                "operation, tag, error_code, losses, stop_reason, started_us, duration_us, first_byte_us, status, "
                "attempts, flags, input, cached_input, cache_write, output, reasoning, cost_nanos, "
                "operator_cost_nanos, sub_account_id) VALUES (?, 'corr', ?, 1, 'm', '', '', '', 'tag', '', '', '', ?, "
                "0, 0, 200, 1, 0, 0, 0, 0, 0, 0, ?, 0, ?)");
            q.bind(c.request_id).bind(c.account.value).bind(c.started_us).bind(c.cost_nanos).bind(c.sub_account.value);
            TRYV(q.run());
            return {};
        });
        all_.push_back(c);
    }
    void run(std::function<Status(store::Db&)> fn) {
        store::Batch batch;
        batch.ops.push_back(store::op(std::move(fn)));
        const auto done = store_->commit_now(std::move(batch));
        EXPECT_TRUE(done) << done.error().message();
    }
    /// Request ids of the calls that fit, the newest first; of equal times the later one.
    std::vector<std::string> newest(std::function<bool(const CallRecord&)> fits, size_t limit = SIZE_MAX) const {
        std::vector<std::pair<int64_t, size_t>> order;
        for (size_t i = 0; i < all_.size(); ++i)
            if (fits(all_[i])) order.emplace_back(all_[i].started_us, i);
        std::sort(order.rbegin(), order.rend());
        std::vector<std::string> ids;
        for (const auto& [us, i] : order)
            if (ids.size() < limit) ids.push_back(all_[i].request_id);
        return ids;
    }
    std::vector<std::string> recent_ids(AccountId account, int64_t limit, SubAccountId sub = {}) {
        std::vector<std::string> ids;
        for (const auto& c :
             store_.read<std::vector<CallRecord>>([&](store::Db& db) { return recent(db, account, limit, sub); }))
            ids.push_back(c.request_id);
        return ids;
    }
    std::vector<std::string> charged_ids(AccountId account, int64_t at_once) {
        std::vector<std::string> ids;
        for (ChargeCursor behind;;) {
            const auto page =
                store_.read<std::vector<Charged>>([&](store::Db& db) { return charges(db, account, behind, at_once); });
            for (const auto& c : page) ids.push_back(c.request_id);
            if (std::ssize(page) < at_once) return ids;
            behind = page.back().at;
        }
    }
    int64_t count(const char* sql) {
        return store_.read<int64_t>([&](store::Db& db) -> Result<int64_t> {
            auto q = db.query(sql);
            TRYV(q.step());
            return q.integer(0);
        });
    }
    CallRecord sample(int64_t account, int64_t started_us, int64_t cost = 1) {
        CallRecord c;
        c.request_id = "req_" + std::to_string(++made_);
        c.correlation_id = "corr";
        c.tag = "tag";
        c.model = "m";
        c.account.value = account;
        c.key.value = 1;
        c.started_us = started_us;
        c.cost_nanos = cost;
        return c;
    }
    /// Rows of before and pages of many sizes, whose calls began in any order within some hours.
    void fill(uint64_t seed) {
        std::mt19937_64 draw(seed);
        const auto one = [&] {
            auto c = sample(1 + static_cast<int64_t>(draw() % 3), static_cast<int64_t>(draw() % 500) * hour_us / 100,
                            static_cast<int64_t>(draw() % 3));
            c.sub_account.value = static_cast<int64_t>(draw() % 4 ? 0 : 10 * c.account.value + draw() % 2);
            return c;
        };
        for (int i = 0; i < 60; ++i) write_row(one());
        for (int i = 0; i < 40; ++i) {
            std::vector<CallRecord> calls;
            for (uint64_t n = 1 + draw() % 20; n > 0; --n) calls.push_back(one());
            // As the writer puts them: by hour, which is what makes the order of equal times.
            std::stable_sort(calls.begin(), calls.end(), [](const auto& a, const auto& b) {
                return a.started_us / hour_us < b.started_us / hour_us;
            });
            write(calls);
        }
    }
    store::testing::TemporaryStore store_;
    std::vector<CallRecord> all_;
    int64_t made_ = 0;
};

TEST_F(CallPagesTest, a_transaction_is_one_row_and_one_for_each_account_in_it) {
    std::vector<CallRecord> calls;
    for (int64_t i = 0; i < 60; ++i) calls.push_back(sample(1 + i % 2, 1'000 + i));
    write(calls);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call_page"), 1);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call_page_account"), 2);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call"), 0);
    EXPECT_EQ(count("SELECT MAX(id) * 1000 + COUNT(DISTINCT id) FROM call_paged"), 60'060);
    write({sample(1, 2'000)});
    EXPECT_EQ(count("SELECT MAX(id) * 1000 + COUNT(DISTINCT id) FROM call_paged"), 61'061);
}

TEST_F(CallPagesTest, calls_of_another_hour_or_too_many_make_another_page) {
    std::vector<CallRecord> calls{sample(1, hour_us - 1), sample(1, hour_us), sample(1, 5), sample(1, -1)};
    write(calls);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call_page"), 3);
    calls.clear();
    for (int64_t i = 0; i < 300; ++i) calls.push_back(sample(2, 9 * hour_us + i));
    write(calls);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call_page"), 5);
    EXPECT_EQ(recent_ids(AccountId{2}, 1'000).size(), 300u);
    for (const int64_t us : {-hour_us, int64_t{-1}, int64_t{0}, hour_us - 1, hour_us, 7 * hour_us + 3}) {
        EXPECT_GT(end_of_hour(us), us);
        EXPECT_LE(end_of_hour(us), us + hour_us);
        EXPECT_EQ(end_of_hour(us) % hour_us, 0);
    }
    EXPECT_EQ(end_of_hour(INT64_MAX), INT64_MAX);
}

TEST_F(CallPagesTest, numbers_go_on_behind_the_rows_of_before) {
    write_row(sample(1, 1));
    write_row(sample(1, 2));
    write({sample(1, 3), sample(1, 4)});
    EXPECT_EQ(count("SELECT MIN(id) FROM call_paged"), 3);
    EXPECT_EQ(count("SELECT last_id FROM call_page"), 4);
}

TEST_F(CallPagesTest, the_newest_are_those_of_a_list_of_all) {
    fill(1);
    for (const int64_t account : {1, 2, 3})
        for (const int64_t limit : {1, 2, 7, 50, 1'000}) {
            EXPECT_EQ(recent_ids(AccountId{account}, limit),
                      newest([&](const auto& c) { return c.account.value == account; }, static_cast<size_t>(limit)));
            for (const int64_t sub : {10 * account, 10 * account + 1})
                EXPECT_EQ(
                    recent_ids(AccountId{account}, limit, SubAccountId{sub}),
                    newest([&](const auto& c) { return c.sub_account.value == sub; }, static_cast<size_t>(limit)));
        }
    EXPECT_TRUE(recent_ids(AccountId{1}, 10, SubAccountId{20}).empty());  // another account's
    std::vector<std::string> last;
    for (auto it = all_.rbegin(); it != all_.rend() && last.size() < 90; ++it) last.push_back(it->request_id);
    EXPECT_EQ(recent_ids(AccountId{}, 90), last);
    EXPECT_EQ(recent_ids(AccountId{}, 1'000).size(), all_.size());
}

TEST_F(CallPagesTest, going_through_the_charges_in_pages_loses_and_repeats_none) {
    fill(2);
    for (const int64_t account : {1, 2, 3})
        for (const int64_t at_once : {1, 3, 10, 100'000})
            EXPECT_EQ(charged_ids(AccountId{account}, at_once),
                      newest([&](const auto& c) { return c.account.value == account && c.cost_nanos > 0; }));
}

TEST_F(CallPagesTest, sums_count_rows_and_pages) {
    fill(3);
    std::mt19937_64 draw(4);
    for (int i = 0; i < 100; ++i) {
        const auto from = static_cast<int64_t>(draw() % 6) * hour_us - 7,
                   to = from + static_cast<int64_t>(draw() % 9) * hour_us;
        Spend expected;
        for (const auto& c : all_)
            if (c.account.value == 1 && c.started_us >= from && c.started_us < to)
                expected.calls += 1, expected.cost_nanos += c.cost_nanos;
        const auto got = store_.read<Spend>(
            [&](store::Db& db) { return spend(db, AccountId{1}, KeyId{}, from, std::max(from, to)); });
        EXPECT_EQ(got.calls, expected.calls) << from << " " << to;
        EXPECT_EQ(got.cost_nanos, expected.cost_nanos);
    }
}

TEST_F(CallPagesTest, forgetting_names_empties_those_of_one_account_and_nothing_else) {
    fill(5);
    run([](store::Db& db) { return forget_names(db, AccountId{2}); });
    EXPECT_EQ(count("SELECT COUNT(*) FROM call_paged WHERE account_id = 2 AND (tag <> '' OR correlation_id <> '')"), 0);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call WHERE account_id = 2 AND (tag <> '' OR correlation_id <> '')"), 0);
    EXPECT_EQ(count("SELECT COUNT(*) FROM call_paged WHERE account_id <> 2 AND (tag = '' OR correlation_id = '')"), 0);
    for (const int64_t account : {1, 2, 3})
        EXPECT_EQ(recent_ids(AccountId{account}, 1'000),
                  newest([&](const auto& c) { return c.account.value == account; }));
}

TEST_F(CallPagesTest, a_damaged_page_is_named) {
    write({sample(1, 1), sample(1, 2)});
    run([](store::Db& db) { return db.script("UPDATE call_page SET body = substr(body, 1, length(body) - 1)"); });
    const auto done = store_->read_now([&](store::Db& db) -> Status {
        TRY(auto calls, recent(db, AccountId{1}, 5));
        return {};
    });
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message().find("page 2 of the request log"), std::string::npos) << done.error().message();
}

}  // namespace
}  // namespace aig::records
