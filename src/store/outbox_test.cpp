#include "store/outbox.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace aig::store {
namespace {

class Outbox : public ::testing::Test {
  protected:
    Outbox() {
        std::string name = (std::filesystem::temp_directory_path() / "aig-outbox-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        Options options;
        options.path = folder_ + "/aig.db";
        store_ = *Store::open(options);
    }
    ~Outbox() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    Status write(Event e, bool and_fail = false) {
        Batch b;
        b.guarded = true;
        b.ops.push_back(event(std::move(e)));
        if (and_fail) b.ops.push_back(op([](Db&) -> Status { return Error(ErrorCode::conflict, "the cause failed"); }));
        return store_->commit_now(std::move(b));
    }
    std::vector<StoredEvent> read(int64_t account, int64_t after = 0, int64_t limit = 100) {
        std::vector<StoredEvent> out;
        EXPECT_TRUE(store_->read_now([&](Db& db) -> Status {
            TRY(out, account ? events(db, AccountId{account}, after, limit) : all_events(db, after, limit));
            return {};
        }));
        return out;
    }
    std::string folder_;
    std::unique_ptr<Store> store_;
};

TEST_F(Outbox, keeps_events_in_order_by_account) {
    ASSERT_TRUE(write({"balance.low", AccountId{1}, "", R"({"n":1})", 5}));
    ASSERT_TRUE(write({"key.rotated", AccountId{2}, "", "{}"}));
    ASSERT_TRUE(write({"balance.exhausted", AccountId{1}, "", "{}"}));
    const auto one = read(1);
    ASSERT_EQ(one.size(), 2u);
    EXPECT_EQ(one[0].event.type, "balance.low");
    EXPECT_EQ(one[0].event.data_json, R"({"n":1})");
    EXPECT_EQ(one[0].event.at_us, 5);
    EXPECT_EQ(one[1].event.type, "balance.exhausted");
    EXPECT_GT(one[1].event.at_us, 1'700'000'000'000'000);
    EXPECT_EQ(read(1, one[0].id).size(), 1u);
    EXPECT_EQ(read(1, 0, 1).size(), 1u);
    EXPECT_EQ(read(0).size(), 3u);
}

TEST_F(Outbox, writes_a_deduped_event_once_per_account_and_type) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(write({"usage.daily.summary", AccountId{1}, "2026-11-21"}));
    ASSERT_TRUE(write({"usage.daily.summary", AccountId{2}, "2026-11-21"}));
    ASSERT_TRUE(write({"usage.daily.summary", AccountId{1}, "2026-11-22"}));
    ASSERT_TRUE(write({"balance.low", AccountId{1}, "2026-11-21"}));
    EXPECT_EQ(read(1).size(), 3u);
    EXPECT_EQ(read(2).size(), 1u);
}

TEST_F(Outbox, an_event_is_there_only_with_its_cause) {
    EXPECT_FALSE(write({"balance.low", AccountId{1}, ""}, true));
    EXPECT_TRUE(read(1).empty());
}

TEST_F(Outbox, refuses_what_is_out_of_bounds) {
    EXPECT_FALSE(write({"", AccountId{1}, ""}));
    EXPECT_FALSE(write({"t", AccountId{1}, std::string(201, 'x')}));
    EXPECT_FALSE(write({"t", AccountId{1}, "", std::string(17 * 1024, 'x')}));
    EXPECT_TRUE(read(0).empty());
}

}  // namespace
}  // namespace aig::store
