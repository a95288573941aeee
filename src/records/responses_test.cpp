// Stored responses: whose they are, how they end, how long they are there.
#include "records/responses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "records/records_store.h"

namespace aig::records {
namespace {

class ResponsesTest : public ::testing::Test {
  protected:
    ResponsesTest() {
        folder = ::testing::TempDir() + "/responses_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        store::Options options;
        options.path = folder + "/aig.db";
        auto opened = store::Store::open(options);
        EXPECT_TRUE(opened) << opened.error().message();
        store = *std::move(opened);
        responses = std::make_unique<Responses>(*store);
    }
    ~ResponsesTest() override {
        store.reset();
        std::filesystem::remove_all(folder);
    }

    static StoredResponse row(std::string id, std::string previous = {}) {
        StoredResponse r;
        r.id = std::move(id);
        r.previous_id = std::move(previous);
        r.owner = {AccountId{1}, SubAccountId{0}};
        r.status = "completed";
        r.created_us = 1'000;
        r.expires_us = 2'000;
        r.input = R"([{"a":1}])";
        r.object = R"({"id":")" + r.id + "\"}";
        return r;
    }
    void write(std::unique_ptr<store::Op> op) {
        store::Batch batch;
        batch.ops.push_back(std::move(op));
        ASSERT_TRUE(store->commit_now(std::move(batch)));
    }
    /// Runs a task on a loop of its own.
    template <class T>
    T on_loop(std::function<rt::Task<T>()> make) {
        rt::Loop loop;
        std::optional<T> out;
        loop.spawn([&]() -> rt::Task<> { return run(loop, make, out); });
        loop.run();
        return *std::move(out);
    }
    template <class T>
    static rt::Task<> run(rt::Loop& loop, std::function<rt::Task<T>()>& make, std::optional<T>& out) {
        auto task = make();
        auto value = co_await std::move(task);
        out.emplace(std::move(value));
        loop.stop();
    }
    Result<StoredResponse> find(std::string id, ResponseOwner owner = {AccountId{1}, SubAccountId{0}},
                                int64_t now = 1'500) {
        return on_loop<Result<StoredResponse>>([&] { return responses->find(owner, id, now); });
    }
    Result<std::vector<StoredResponse>> chain(std::string id, size_t most = 10'000) {
        return on_loop<Result<std::vector<StoredResponse>>>([&] {
            return responses->chain({AccountId{1}, SubAccountId{0}}, id, 1'500, most);
        });
    }

    std::string folder;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Responses> responses;
};

TEST_F(ResponsesTest, ComesBackAsItWas) {
    auto r = row("resp_1");
    r.request = "q\n1";
    r.events = "event: x\n\n";
    write(responses->keep_op(r));
    const auto found = find("resp_1");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->request, r.request);
    EXPECT_EQ(found->input, r.input);
    EXPECT_EQ(found->object, r.object);
    EXPECT_EQ(found->events, r.events);
    EXPECT_EQ(found->status, "completed");
}

TEST_F(ResponsesTest, IsNobodyElses) {
    write(responses->keep_op(row("resp_1")));
    EXPECT_FALSE(find("resp_1", {AccountId{2}, SubAccountId{0}}));
    EXPECT_FALSE(find("resp_1", {AccountId{1}, SubAccountId{7}}));
    EXPECT_FALSE(find("resp_2"));
    EXPECT_EQ(find("resp_1", {AccountId{2}, SubAccountId{0}}).error().code(), ErrorCode::resource_not_found);
    const auto removed = on_loop<Status>([&] {
        return responses->remove({AccountId{2}, SubAccountId{0}}, "resp_1", 1'500);
    });
    EXPECT_FALSE(removed);
    EXPECT_TRUE(find("resp_1"));
}

TEST_F(ResponsesTest, EndsOnce) {
    auto r = row("resp_1");
    r.status = "queued";
    r.object.clear();
    write(responses->keep_op(r));
    r.status = "completed";
    r.object = "{}";
    write(responses->end_op(r));
    r.status = "failed";
    write(responses->end_op(r));
    EXPECT_EQ(find("resp_1")->status, "completed");
}

TEST_F(ResponsesTest, WhatAStoppedProcessLeftIsFailed) {
    auto r = row("resp_1");
    r.status = "in_progress";
    write(responses->keep_op(r));
    write(responses->keep_op(row("resp_2")));
    write(Responses::fail_running());
    EXPECT_EQ(find("resp_1")->status, "failed");
    EXPECT_EQ(find("resp_2")->status, "completed");
}

TEST_F(ResponsesTest, AChainIsReadFromItsBeginning) {
    write(responses->keep_op(row("resp_1")));
    write(responses->keep_op(row("resp_2", "resp_1")));
    write(responses->keep_op(row("resp_3", "resp_2")));
    const auto all = chain("resp_3");
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 3u);
    EXPECT_EQ((*all)[0].id, "resp_1");
    EXPECT_EQ(chain("resp_3", 30).error().code(), ErrorCode::bad_param);
    const auto removed = on_loop<Status>([&] {
        return responses->remove({AccountId{1}, SubAccountId{0}}, "resp_2", 1'500);
    });
    ASSERT_TRUE(removed);
    EXPECT_EQ(chain("resp_3").error().code(), ErrorCode::resource_not_found);
}

TEST_F(ResponsesTest, IsGoneAfterItsTime) {
    write(responses->keep_op(row("resp_1")));
    EXPECT_FALSE(find("resp_1", {AccountId{1}, SubAccountId{0}}, 2'000));
    write(Responses::sweep(2'000));
    EXPECT_FALSE(find("resp_1"));
}

TEST_F(ResponsesTest, EveryStatementIsGood) {
    const auto prepared = store->read_now([](store::Db& db) -> Status {
        for (const char* sql : sql::response_statements()) db.query(sql);
        return db.failure() ? Status(Error(ErrorCode::internal)) : Status{};
    });
    EXPECT_TRUE(prepared);
}

}  // namespace
}  // namespace aig::records
