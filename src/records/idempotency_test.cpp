#include "records/idempotency.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "records/records_store.h"

namespace aig::records {
namespace {
constexpr int64_t start = 1'700'000'000'000'000, hour_us = 3'600'000'000;

/// Closes by turning every bit: what rests must differ from what went in, and be bound to its place.
Seal turning() {
    const auto turn = [](std::string_view s) {
        std::string out(s);
        for (auto& c : out) c = static_cast<char>(~c);
        return out;
    };
    Seal seal;
    seal.close = [turn](std::string_view plain, std::string_view to) -> Result<std::string> {
        return std::string(to) + turn(plain);
    };
    seal.open = [turn](std::string_view sealed, std::string_view to) -> Result<std::string> {
        if (!sealed.starts_with(to)) return Error(ErrorCode::internal, "sealed for another");
        return turn(sealed.substr(to.size()));
    };
    return seal;
}

class IdempotencyTest : public ::testing::Test {
  protected:
    IdempotencyTest() {
        std::string name = (std::filesystem::temp_directory_path() / "aig-idempotency-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        open();
    }
    ~IdempotencyTest() override {
        close();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        store::Options options;
        options.path = folder_ + "/aig.db";
        store_ = *store::Store::open(options);
        keys_ = std::make_unique<Idempotency>(*store_, turning());
    }
    void close() {
        keys_.reset();
        store_.reset();
    }
    static Asked asked(std::string key, int64_t at = start, std::string body = "body", int64_t account = 1) {
        return {AccountId{account}, "POST /v1/x", std::move(key), digest({"POST", "/v1/x", body}), at};
    }
    Result<Begun> begin(Asked a) {
        auto out = std::make_shared<std::promise<Result<Begun>>>();
        loops_[0].spawn([this, a = std::move(a), out] { return ask(*keys_, a, out); });
        return out->get_future().get();
    }
    static rt::Task<> ask(Idempotency& keys, Asked a, std::shared_ptr<std::promise<Result<Begun>>> out) {
        auto begun = co_await keys.begin(std::move(a));
        out->set_value(std::move(begun));
    }
    void keep(const std::shared_ptr<const Claim>& claim, std::string body, int status = 200) {
        store::Batch batch;
        batch.ops.push_back(records::keep(claim, {status, "req_1", "content-type: text/x\n", std::move(body)}));
        const auto done = store_->commit_now(std::move(batch));
        ASSERT_TRUE(done) << done.error().message();
    }
    int64_t rows() {
        int64_t n = 0;
        EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
            auto q = db.query("SELECT COUNT(*) FROM idempotent_reply");
            TRYV(q.step());
            n = q.integer(0);
            return {};
        }));
        return n;
    }
    std::string folder_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<Idempotency> keys_;
    rt::Loops loops_{1};
};

TEST_F(IdempotencyTest, the_first_runs_the_second_waits_the_third_gets_the_reply) {
    auto first = begin(asked("k"));
    ASSERT_TRUE(first && first->claim && !first->reply);
    const auto second = begin(asked("k"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::idempotency_in_flight);
    EXPECT_GT(second.error().retry_after_ms(), 0);
    keep(first->claim, "the answer\n\nwith empty lines");
    first->claim->release();
    const auto third = begin(asked("k"));
    ASSERT_TRUE(third && third->reply);
    EXPECT_FALSE(third->claim);
    EXPECT_EQ(third->reply->status, 200);
    EXPECT_EQ(third->reply->head, "content-type: text/x\n");
    EXPECT_EQ(third->reply->body, "the answer\n\nwith empty lines");
    EXPECT_EQ(third->reply->request_id, "req_1");
}

TEST_F(IdempotencyTest, what_was_refused_does_not_burn_the_key) {
    {
        const auto refused = begin(asked("k"));
        ASSERT_TRUE(refused);
    }
    EXPECT_EQ(rows(), 0);
    EXPECT_TRUE(begin(asked("k"))->claim);
    EXPECT_TRUE(begin(asked("k", start, "another body"))->claim) << "nothing was done under it";
}

TEST_F(IdempotencyTest, another_request_under_the_key_is_refused_running_and_done) {
    auto first = begin(asked("k"));
    EXPECT_EQ(begin(asked("k", start, "other")).error().code(), ErrorCode::idempotency_mismatch);
    keep(first->claim, "x");
    first->claim->release();
    EXPECT_EQ(begin(asked("k", start, "other")).error().code(), ErrorCode::idempotency_mismatch);
}

TEST_F(IdempotencyTest, accounts_and_routes_have_their_own_keys) {
    auto first = begin(asked("k"));
    keep(first->claim, "x");
    EXPECT_TRUE(begin(asked("k", start, "body", 2))->claim);
    auto elsewhere = asked("k");
    elsewhere.route = "POST /v1/y";
    EXPECT_TRUE(begin(elsewhere)->claim);
}

TEST_F(IdempotencyTest, a_reply_lives_a_day_and_then_the_request_runs_anew) {
    auto first = begin(asked("k"));
    keep(first->claim, "old");
    first->claim->release();
    EXPECT_TRUE(begin(asked("k", start + 24 * hour_us - 1))->reply);
    auto later = begin(asked("k", start + 25 * hour_us));
    ASSERT_TRUE(later->claim);
    keep(later->claim, "new");
    later->claim->release();
    EXPECT_EQ(begin(asked("k", start + 26 * hour_us))->reply->body, "new");
    EXPECT_EQ(rows(), 1);
}

TEST_F(IdempotencyTest, a_reply_is_there_after_a_restart_and_a_claim_is_not) {
    auto done = begin(asked("done"));
    auto running = begin(asked("running"));
    keep(done->claim, "kept");
    done->claim->release();
    running->claim->release();
    close();
    open();
    EXPECT_EQ(begin(asked("done"))->reply->body, "kept");
    EXPECT_TRUE(begin(asked("running"))->claim);
}

TEST_F(IdempotencyTest, what_rests_is_sealed_and_bound_to_its_key) {
    auto first = begin(asked("k"));
    keep(first->claim, "a secret answer");
    first->claim->release();
    EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT reply, key_hash FROM idempotent_reply");
        TRYV(q.step());
        EXPECT_EQ(q.blob(0).find("secret"), std::string_view::npos);
        EXPECT_TRUE(q.blob(0).starts_with(q.blob(1)));
        return {};
    }));
}

TEST_F(IdempotencyTest, of_what_is_too_large_or_cut_only_the_fact_is_kept) {
    auto large = begin(asked("large"));
    keep(large->claim, std::string(max_kept_reply + 1, 'x'));
    large->claim->release();
    auto cut = begin(asked("cut"));
    keep(cut->claim, "", 0);
    cut->claim->release();
    for (const char* key : {"large", "cut"}) {
        const auto again = begin(asked(key));
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code(), ErrorCode::idempotency_spent);
        EXPECT_NE(again.error().message().find("req_1"), std::string::npos);
    }
}

TEST_F(IdempotencyTest, a_hundred_at_once_get_one_claim) {
    std::vector<std::shared_ptr<std::promise<Result<Begun>>>> answers;
    for (int i = 0; i < 100; ++i) {
        answers.push_back(std::make_shared<std::promise<Result<Begun>>>());
        loops_[0].spawn([this, out = answers.back()] { return ask(*keys_, asked("k"), out); });
    }
    int claims = 0;
    std::vector<std::shared_ptr<const Claim>> held;
    for (auto& a : answers) {
        auto begun = a->get_future().get();
        if (begun) held.push_back(begun->claim);
        claims += begun.ok();
    }
    EXPECT_EQ(claims, 1);
}

TEST_F(IdempotencyTest, sweeping_is_bounded_and_takes_only_what_is_old) {
    for (int i = 0; i < 700; ++i) {
        auto b = begin(asked("old" + std::to_string(i)));
        keep(b->claim, "x");
    }
    auto young = begin(asked("young", start + 2 * hour_us));
    keep(young->claim, "x");
    const auto sweep = [&] {
        store::Batch batch;
        batch.ops.push_back(Idempotency::sweep(start + 25 * hour_us));
        EXPECT_TRUE(store_->commit_now(std::move(batch)));
    };
    sweep();
    EXPECT_EQ(rows(), 201);
    sweep();
    EXPECT_EQ(rows(), 1);
}

TEST_F(IdempotencyTest, every_statement_is_understood) {
    EXPECT_TRUE(store_->read_now([](store::Db& db) -> Status {
        for (const char* sql : sql::idempotency_statements()) db.query(sql);
        EXPECT_EQ(db.failure(), 0);
        return {};
    }));
}
}  // namespace
}  // namespace aig::records
