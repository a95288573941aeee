#include "records/usage.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "records/records_store.h"
#include "store/testing/temporary_store.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000, first_day = 20'000;

class UsageTest : public ::testing::Test {
  protected:
    UsageReport report(const UsageQuery& query) {
        UsageReport out;
        const auto done = store_->read_now([&](store::Db& db) -> Status {
            TRY(out, usage(db, query));
            return {};
        });
        EXPECT_TRUE(done) << done.error().message();
        return out;
    }
    void write(const std::vector<CallRecord>& calls) {
        store::Batch batch;
        for (const auto& c : calls) batch.ops.push_back(record(c));
        ASSERT_TRUE(store_->commit_now(std::move(batch)));
    }
    store::testing::TemporaryStore store_;
};

std::string label(const CallRecord& c, UsageBy by) {
    switch (by) {
        case UsageBy::day:
            return std::to_string(c.started_us / day_us);
        case UsageBy::model:
            return c.model;
        case UsageBy::tag:
            return c.tag;
        case UsageBy::key:
            return std::to_string(c.key.value);
        default:
            return std::to_string(c.sub_account.value);
    }
}
std::string label(const UsageRow& r, UsageBy by) {
    if (by == UsageBy::day) return std::to_string(*parse_day(r.name));
    return by == UsageBy::model || by == UsageBy::tag ? r.name : std::to_string(r.id);
}

TEST_F(UsageTest, every_grouping_adds_up_to_the_calls_themselves) {
    std::mt19937_64 draw(4);
    std::vector<CallRecord> calls;
    for (int i = 0; i < 600; ++i) {
        CallRecord c;
        c.request_id = "req_" + std::to_string(i);
        c.account.value = 1 + static_cast<int64_t>(draw() % 2);
        c.key.value = 1 + static_cast<int64_t>(draw() % 4);
        c.sub_account.value = c.key.value > 2 ? c.key.value : 0;
        c.model = draw() % 2 ? "a/x" : "b/y";
        c.tag = draw() % 3 ? "feature-a" : "";
        c.started_us = (first_day + static_cast<int64_t>(draw() % 5)) * day_us + static_cast<int64_t>(draw() % day_us);
        c.cost_nanos = static_cast<int64_t>(draw() % 1'000'000'007);
        c.input = static_cast<int64_t>(draw() % 1000);
        c.output = static_cast<int64_t>(draw() % 1000);
        calls.push_back(c);
    }
    write(calls);
    for (const UsageBy by : {UsageBy::day, UsageBy::model, UsageBy::key, UsageBy::tag, UsageBy::sub_account})
        for (const int64_t sub : {0, 3})
            for (const int64_t key : {0, 1, 3}) {
                const UsageQuery query{AccountId{1}, SubAccountId{sub}, KeyId{key}, first_day + 1, first_day + 3, by,
                                       100};
                std::map<std::string, Spend> expected;
                int64_t total = 0;
                for (const auto& c : calls) {
                    const int64_t day = c.started_us / day_us;
                    if (c.account.value != 1 || day < first_day + 1 || day > first_day + 3) continue;
                    if ((sub && c.sub_account.value != sub) || (key && c.key.value != key)) continue;
                    auto& e = expected[label(c, by)];
                    e.cost_nanos += c.cost_nanos;
                    e.calls += 1;
                    e.input += c.input;
                    e.output += c.output;
                    total += c.cost_nanos;
                }
                const auto got = report(query);
                EXPECT_EQ(got.rows.size(), expected.size());
                EXPECT_EQ(got.total.cost_nanos, total);
                EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
                    TRY(const auto alone, usage_total(db, query));
                    EXPECT_EQ(alone.cost_nanos, total);
                    return {};
                }));
                for (const auto& row : got.rows) {
                    const auto& e = expected[label(row, by)];
                    EXPECT_EQ(row.spend.cost_nanos, e.cost_nanos);
                    EXPECT_EQ(row.spend.calls, e.calls);
                    EXPECT_EQ(row.spend.input, e.input);
                    EXPECT_EQ(row.spend.output, e.output);
                }
            }
}

TEST_F(UsageTest, beyond_the_limit_only_the_total_counts) {
    std::vector<CallRecord> calls;
    for (int i = 0; i < 20; ++i) {
        CallRecord c;
        c.request_id = std::to_string(i);
        c.account.value = 1;
        c.key.value = 1;
        c.tag = "t" + std::to_string(i);
        c.started_us = first_day * day_us;
        c.cost_nanos = i;
        calls.push_back(c);
    }
    write(calls);
    const auto got = report({AccountId{1}, {}, {}, first_day, first_day, UsageBy::tag, 5});
    EXPECT_EQ(got.rows.size(), 5u);
    EXPECT_EQ(got.rows[0].name, "t19");
    EXPECT_TRUE(got.more);
    EXPECT_EQ(got.total.cost_nanos, 190);
    EXPECT_EQ(got.total.calls, 20);
}

TEST_F(UsageTest, recent_calls_of_a_sub_account_are_its_own) {
    std::vector<CallRecord> calls;
    for (int i = 0; i < 10; ++i) {
        CallRecord c;
        c.request_id = "req_" + std::to_string(i);
        c.account.value = 1;
        c.sub_account.value = i % 2 ? 7 : 0;
        c.started_us = first_day * day_us + i;
        calls.push_back(c);
    }
    write(calls);
    EXPECT_TRUE(store_->read_now([](store::Db& db) -> Status {
        TRY(const auto all, recent(db, AccountId{1}, 100));
        TRY(const auto own, recent(db, AccountId{1}, 100, SubAccountId{7}));
        TRY(const auto foreign, recent(db, AccountId{2}, 100, SubAccountId{7}));
        EXPECT_EQ(all.size(), 10u);
        EXPECT_EQ(own.size(), 5u);
        EXPECT_EQ(own[0].request_id, "req_9");
        EXPECT_EQ(own[0].sub_account.value, 7);
        EXPECT_TRUE(foreign.empty());
        return {};
    }));
}

TEST(UsageDays, are_read_strictly) {
    EXPECT_EQ(*parse_day("1970-01-01"), 0);
    EXPECT_EQ(*parse_day("2024-02-29"), 19'782);
    EXPECT_EQ(*parse_month("2024-02"), (std::pair<int64_t, int64_t>(19'754, 19'782)));
    for (const char* bad : {"", "2026-02-29", "2026-13-01", "2026-1-1", "2026-11-21 ", "+026-11-21", "2026/11/21",
                            "1969-12-31", "2026-00-10", "2026-10-00"})
        EXPECT_FALSE(parse_day(bad)) << bad;
    for (const char* bad : {"", "2026", "2026-1", "2026-13", "2026-00", "26-11", "2026-111", "-026-11"})
        EXPECT_FALSE(parse_month(bad)) << bad;
}

TEST_F(UsageTest, every_statement_is_understood) {
    EXPECT_TRUE(store_->read_now([](store::Db& db) -> Status {
        for (const char* sql : sql::usage_statements()) db.query(sql);
        EXPECT_EQ(db.failure(), 0);
        return {};
    }));
}
}  // namespace
}  // namespace aig::records
