#include "records/records.h"

#include <gtest/gtest.h>

#include <random>

#include "records/records_store.h"
#include "store/testing/temporary_store.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000;

class Records : public ::testing::Test {
  protected:
    void write(CallRecord call) {
        store::Batch batch;
        batch.ops.push_back(record(std::move(call)));
        const auto done = store_->commit_now(std::move(batch));
        EXPECT_TRUE(done) << done.error().message();
    }
    store::testing::TemporaryStore store_;
};

CallRecord sample(int64_t account, int64_t key, int64_t started_us, int64_t cost) {
    CallRecord c;
    c.request_id = "req_" + std::to_string(started_us);
    c.account.value = account;
    c.key.value = key;
    c.model = "m";
    c.started_us = started_us;
    c.status = 200;
    c.input = 3;
    c.cached_input = 4;
    c.output = 5;
    c.reasoning = 6;
    c.cost_nanos = cost;
    return c;
}

TEST_F(Records, gives_back_every_field) {
    CallRecord c = sample(7, 8, 1'000, 42);
    c.correlation_id = "corr";
    c.provider = "p";
    c.upstream_model = "up";
    c.operation = "chat";
    c.tag = "t";
    c.error_code = "upstream_error";
    c.losses = "logprobs";
    c.stop_reason = "stop";
    c.duration_us = 9;
    c.first_byte_us = 2;
    c.attempts = 3;
    c.streamed = c.lossless = true;
    c.cache_write = 11;
    c.operator_cost_nanos = 40;
    write(c);
    const auto calls = store_.read<std::vector<CallRecord>>([](store::Db& db) { return recent(db, AccountId{7}, 10); });
    ASSERT_EQ(calls.size(), 1u);
    const auto& g = calls[0];
    EXPECT_EQ(g.request_id, c.request_id);
    EXPECT_EQ(g.correlation_id, "corr");
    EXPECT_EQ(g.key, KeyId{8});
    EXPECT_EQ(g.model + g.provider + g.upstream_model + g.operation + g.tag, "mpupchatt");
    EXPECT_EQ(g.error_code + g.losses + g.stop_reason, "upstream_errorlogprobsstop");
    EXPECT_EQ(std::tuple(g.started_us, g.duration_us, g.first_byte_us, g.status, g.attempts),
              std::tuple(1'000, 9, 2, 200, 3));
    EXPECT_EQ(std::tuple(g.streamed, g.estimated, g.lossless), std::tuple(true, false, true));
    EXPECT_EQ(std::tuple(g.input, g.cached_input, g.cache_write, g.output, g.reasoning), std::tuple(3, 4, 11, 5, 6));
    EXPECT_EQ(std::tuple(g.cost_nanos, g.operator_cost_nanos), std::tuple(42, 40));
}

TEST_F(Records, gives_the_newest_first_within_the_limit) {
    for (const int64_t us : {5, 9, 7}) write(sample(1, 1, us, 1));
    write(sample(2, 1, 8, 1));
    const auto mine = store_.read<std::vector<CallRecord>>([](store::Db& db) { return recent(db, AccountId{1}, 2); });
    ASSERT_EQ(mine.size(), 2u);
    EXPECT_EQ(mine[0].started_us, 9);
    EXPECT_EQ(mine[1].started_us, 7);
    EXPECT_EQ(store_.read<std::vector<CallRecord>>([](store::Db& db) { return recent(db, AccountId{}, 100); }).size(),
              4u);
}

TEST_F(Records, sums_any_range_like_adding_up_the_calls) {
    std::mt19937_64 draw(20261121);
    std::vector<CallRecord> all;
    store::Batch batch;
    for (int i = 0; i < 400; ++i) {
        all.push_back(sample(1 + static_cast<int64_t>(draw() % 2), 1 + static_cast<int64_t>(draw() % 3),
                             static_cast<int64_t>(draw() % static_cast<uint64_t>(6 * day_us)),
                             static_cast<int64_t>(draw() % 1'000)));
        batch.ops.push_back(record(all.back()));
    }
    ASSERT_TRUE(store_->commit_now(std::move(batch)));
    for (int i = 0; i < 200; ++i) {
        const AccountId account{1 + static_cast<int64_t>(draw() % 2)};
        const KeyId key{static_cast<int64_t>(draw() % 4)};  // 0 = all
        auto from = static_cast<int64_t>(draw() % static_cast<uint64_t>(6 * day_us)),
             to = static_cast<int64_t>(draw() % static_cast<uint64_t>(6 * day_us));
        if (i % 3 == 0) from -= from % day_us;
        if (i % 4 == 0) to -= to % day_us;
        Spend expected;
        for (const auto& c : all) {
            if (c.account != account || (key && c.key != key) || c.started_us < from || c.started_us >= to) continue;
            expected.cost_nanos += c.cost_nanos;
            expected.calls += 1;
            expected.input += 7;
            expected.output += 11;
        }
        const auto got = store_.read<Spend>([&](store::Db& db) { return spend(db, account, key, from, to); });
        EXPECT_EQ(std::tuple(got.cost_nanos, got.calls, got.input, got.output),
                  std::tuple(expected.cost_nanos, expected.calls, expected.input, expected.output))
            << "from " << from << " to " << to << " key " << key.value;
    }
}

TEST_F(Records, long_texts_are_cut) {
    auto c = sample(1, 1, 1, 1);
    c.tag.assign(100'000, 'x');
    write(c);
    EXPECT_EQ(
        store_.read<std::vector<CallRecord>>([](store::Db& db) { return recent(db, AccountId{1}, 1); })[0].tag.size(),
        512u);
}

TEST_F(Records, every_statement_prepares_on_an_empty_database) {
    for (const auto& statements : {sql::statements(), sql::call_page_statements(), sql::audit_statements(),
                                   sql::margin_statements(), sql::invoice_statements()})
        for (const char* sql : statements)
            EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
                (void)db.query(sql);
                if (db.failure()) return Error(ErrorCode::internal, sql);
                return {};
            }));
}
}  // namespace
}  // namespace aig::records
