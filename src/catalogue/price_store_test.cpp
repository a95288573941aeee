// Price lists, quotes and price versions on a real database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "catalogue/build.h"
#include "catalogue/price_history.h"
#include "catalogue/price_lists.h"
#include "catalogue/quotes.h"

using namespace aig;
using namespace aig::catalogue;
using canon::Component;
using ::testing::HasSubstr;

namespace {
class PriceStore : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/aig-prices-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder_ = name;
        store::Options options;
        options.path = folder_ + "/aig.db";
        store_ = *store::Store::open(options);
    }
    void TearDown() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    Status run(std::unique_ptr<store::Op> op) {
        store::Batch batch;
        batch.ops.push_back(std::move(op));
        return store_->commit_now(std::move(batch));
    }
    Result<Quote> find(AccountId account, std::string_view id) {
        Quote q;
        TRYV(store_->read_now([&](store::Db& db) -> Status {
            TRY(q, find_quote(db, account, id));
            return {};
        }));
        return q;
    }
    Quote quote(std::string id, int64_t now_us) {
        Quote q;
        q.id = std::move(id);
        q.account = AccountId{7};
        q.model = "openai/gpt-5.4";
        q.operation = "chat";
        q.card = *price_card({{"input_per_million", "2.5"},
                              {"output_per_million", "15"},
                              {"above.272000.input_per_million", "5"},
                              {"tools.web_search", "0.01"}});
        q.ratio = {21, 20};
        q.fx_id = 3;
        q.fx = {7, 2};
        q.currency = "TMT";
        q.coupon = "WELCOME10";
        q.input_tokens = 100;
        q.output_tokens = 200;
        q.cap_nanos = 123'456;
        q.created_us = now_us;
        q.expires_us = now_us + quote_life_us;
        return q;
    }
    std::string folder_;
    std::unique_ptr<store::Store> store_;
};
constexpr int64_t now = 1'800'000'000'000'000;
}  // namespace

TEST_F(PriceStore, a_list_changes_what_its_accounts_pay_at_once) {
    auto lists = *PriceLists::open(*store_);
    EXPECT_EQ(lists->of(AccountId{7}), nullptr);
    ASSERT_TRUE(lists->put(
        "vip", R"({"percent_off":"10","models":{"a/b":{"percent_off":15.5},"c/d":{"price":{"per_request":"1"}}}})", now,
        {}));
    EXPECT_EQ(lists->of(AccountId{7}), nullptr);
    ASSERT_TRUE(lists->assign(AccountId{7}, "vip", {}));
    const auto list = lists->of(AccountId{7});
    ASSERT_TRUE(list);
    EXPECT_EQ(list->factor, (Ratio{9, 10}));
    EXPECT_EQ(list->find("a/b")->factor, (Ratio{169, 200}));
    EXPECT_EQ((*list->find("c/d")->card)[Component::request], 1'000'000'000'000);
    EXPECT_EQ(list->find("x/y"), nullptr);
    EXPECT_EQ(lists->of(AccountId{8}), nullptr);

    const auto again = *PriceLists::open(*store_);
    ASSERT_TRUE(again->of(AccountId{7}));
    EXPECT_EQ(again->of(AccountId{7})->name, "vip");
    EXPECT_EQ(*again->assigned(AccountId{7}), "vip");

    EXPECT_EQ(lists->remove("vip", {}).error().code(), ErrorCode::conflict);
    ASSERT_TRUE(lists->assign(AccountId{7}, "", {}));
    EXPECT_EQ(lists->of(AccountId{7}), nullptr);
    EXPECT_TRUE(lists->remove("vip", {}));
    EXPECT_EQ(lists->remove("vip", {}).error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(lists->assign(AccountId{7}, "vip", {}).error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(*lists->assigned(AccountId{7}), "");
}

TEST_F(PriceStore, a_wrong_list_is_refused_with_what_is_wrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"[]", "JSON object"},
        {R"({"percent":"10"})", "'percent' is unknown"},
        {R"({"percent_off":"10.55"})", "more than 1 decimal"},
        {R"({"percent_off":"100"})", "out of range"},
        {R"({"percent_off":"-5"})", "out of range"},
        {R"({"models":[]})", "must be an object"},
        {R"({"models":{"a":{}}})", "models.a must have either"},
        {R"({"models":{"a":{"percent_off":"1","price":{"per_request":"1"}}}})", "models.a must have either"},
        {R"({"models":{"a":{"price":{"per_requet":"1"}}}})", "did you mean 'per_request'"}};
    for (const auto& [body, says] : cases) {
        const auto list = parse_price_list("vip", body);
        ASSERT_FALSE(list) << body;
        EXPECT_THAT(list.error().message(), HasSubstr(says));
    }
    EXPECT_FALSE(parse_price_list("Big One", "{}"));
}

TEST_F(PriceStore, a_quote_is_what_was_issued) {
    const auto q = quote("quo_1", now);
    ASSERT_TRUE(run(issue(q)));
    const auto found = find(AccountId{7}, "quo_1");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->card, q.card);
    EXPECT_EQ(found->ratio, q.ratio);
    EXPECT_EQ(found->fx, q.fx);
    EXPECT_EQ(found->cap_nanos, q.cap_nanos);
    EXPECT_EQ(found->coupon, "WELCOME10");
    EXPECT_EQ(found->expires_us, q.expires_us);
    EXPECT_EQ(find(AccountId{8}, "quo_1").error().code(), ErrorCode::resource_not_found) << "another account's";
}

TEST_F(PriceStore, a_quote_is_taken_once_and_comes_back_from_a_call_that_failed) {
    const auto q = quote("quo_1", now);
    ASSERT_TRUE(run(issue(q)));
    ASSERT_TRUE(run(take(q, "req_a", now + 1)));
    EXPECT_EQ(run(take(q, "req_b", now + 1)).error().code(), ErrorCode::conflict);
    ASSERT_TRUE(run(give_back(q, "req_b")));  // not the one that has it
    EXPECT_EQ(find(AccountId{7}, "quo_1")->used_by, "req_a");
    ASSERT_TRUE(run(give_back(q, "req_a")));
    EXPECT_TRUE(find(AccountId{7}, "quo_1")->coupon_used) << "its coupon is not counted a second time";
    EXPECT_EQ(run(take(q, "req_c", q.expires_us)).error().code(), ErrorCode::gone);
    EXPECT_TRUE(run(take(q, "req_c", q.expires_us - 1)));
}

TEST_F(PriceStore, open_quotes_are_bounded_and_old_ones_swept) {
    for (int64_t i = 0; i < most_open_quotes; ++i) ASSERT_TRUE(run(issue(quote("quo_" + std::to_string(i), now))));
    EXPECT_EQ(run(issue(quote("quo_more", now))).error().code(), ErrorCode::rate_limited);
    ASSERT_TRUE(run(issue(quote("quo_later", now + 2 * 86'400'000'000))));
    EXPECT_FALSE(find(AccountId{7}, "quo_0"));
    EXPECT_TRUE(find(AccountId{7}, "quo_later"));
}

TEST_F(PriceStore, every_version_of_a_price_is_kept) {
    const auto snapshot = [](const char* output) {
        Snapshot s;
        Model m;
        m.id = "a/b";
        m.price = *price_card({{"input_per_million", "1"}, {"output_per_million", output}});
        s.models["a/b"] = std::make_shared<const Model>(m);
        return s;
    };
    ASSERT_TRUE(remember_prices(*store_, snapshot("2"), now));
    ASSERT_TRUE(remember_prices(*store_, snapshot("2"), now + 1));
    ASSERT_TRUE(remember_prices(*store_, snapshot("3"), now + 2));
    ASSERT_TRUE(remember_prices(*store_, snapshot("2"), now + 3));
    ASSERT_TRUE(store_->read_now([&](store::Db& db) -> Status {
        TRY(const auto changes, price_history(db, "a/b", 10));
        EXPECT_EQ(changes.size(), 3u);
        EXPECT_EQ(changes[0].from_us, now + 3);
        EXPECT_EQ(changes[0].card_id, changes[2].card_id);
        TRY(const auto card, price_version(db, changes[1].card_id));
        EXPECT_EQ(card[Component::output], 3'000'000);
        EXPECT_FALSE(price_version(db, 1));
        return {};
    }));
}
