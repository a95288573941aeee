#include "api/testing/admin_test.h"
#include "identity/identity.h"

using namespace aig;
using namespace aig::api;
using ::testing::HasSubstr;

namespace {
using MoneyTest = aig::api::testing::AdminTest;
size_t count_of(const std::string& text, const std::string& part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}
}  // namespace

TEST_F(MoneyTest, a_ref_moves_money_once_and_is_written_down_once) {
    const auto id = account();
    const auto path = "/admin/accounts/" + id;
    const auto first = post(path + "/adjust", R"({"amount":"10","ref":"a-1","memo":"goodwill"})");
    EXPECT_EQ(first.json,
              R"({"currency":"USD","balance":"10.000000000","held":"0.000000000","available":"10.000000000",)"
              R"("bonus":"0.000000000","frozen":false,"moved":"10.000000000","ref":"a-1","before":false})");
    EXPECT_THAT(post(path + "/adjust", R"({"amount":"10","ref":"a-1"})").json, HasSubstr(R"("before":true)"));
    EXPECT_EQ(member(post(path + "/adjust", R"({"amount":"-4","ref":"a-2"})"), "available"), "6.000000000");
    EXPECT_EQ(refusal(post(path + "/adjust", R"({"amount":"-7","ref":"a-3"})")).substr(0, 3), "402");
    EXPECT_EQ(refusal(post(path + "/adjust", R"({"amount":"0"})")), "400 bad_param amount");
    EXPECT_EQ(post(path + "/operator-loss", R"({"amount":"1","ref":"l-1"})").status, 200);
    EXPECT_EQ(member(get(path + "/wallet"), "available"), "6.000000000");
    const auto log = get("/admin/audit").json;
    EXPECT_EQ(count_of(log, R"("action":"wallet.adjust")"), 2u);
    EXPECT_EQ(count_of(log, R"("action":"operator.loss")"), 1u);
    EXPECT_THAT(log, HasSubstr(R"("detail":{"amount":"10.000000000","ref":"a-1","memo":"goodwill"})"));
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr(R"("ok":true)"));
}

TEST_F(MoneyTest, money_in_another_currency_needs_a_rate) {
    post("/admin/accounts", R"({"name":"B","currency":"TMT"})");
    const auto path = std::string("/admin/accounts/acc_1/credit");
    EXPECT_EQ(refusal(post(path, R"({"amount":"10","currency":"USD"})")).substr(0, 13), "400 bad_param");
    EXPECT_EQ(refusal(post("/admin/rates", R"({"currency":"USD","per_usd":"2"})")), "400 bad_param currency");
    EXPECT_EQ(refusal(post("/admin/rates", R"({"currency":"TMT","per_usd":"0"})")), "400 bad_param per_usd");
    EXPECT_EQ(refusal(post("/admin/rates", R"({"currency":"TMT","per_usd":"-1"})")), "400 bad_param per_usd");
    EXPECT_EQ(post("/admin/rates", R"({"currency":"TMT","per_usd":"3.5"})").json,
              R"({"currency":"TMT","per_usd":"3.5"})");
    EXPECT_THAT(get("/admin/rates").json, HasSubstr(R"({"currency":"TMT","per_usd":"3.5")"));
    EXPECT_EQ(member(post(path, R"({"amount":"10","currency":"USD","ref":"x"})"), "balance"), "35.000000000");
    EXPECT_EQ(member(post(path, R"({"amount":"1","ref":"y"})"), "balance"), "36.000000000");
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr(R"("ok":true)"));
}

TEST_F(MoneyTest, a_coupon_is_redeemed_once) {
    const auto id = account();
    const auto made = post("/admin/coupons", R"({"code":"welcome","amount":"2","max_uses":5,"note":"spring"})");
    EXPECT_EQ(made.status, 201) << made.json;
    EXPECT_THAT(made.json, HasSubstr(R"("code":"WELCOME","kind":"bonus","amount":"2.000000000","currency":"USD")"));
    EXPECT_EQ(member(post("/admin/accounts/" + id + "/redeem", R"({"code":"welcome"})"), "bonus"), "2.000000000");
    EXPECT_EQ(refusal(post("/admin/accounts/" + id + "/redeem", R"({"code":"WELCOME"})")).substr(0, 1), "4");
    EXPECT_EQ(member(get("/admin/accounts/" + id + "/wallet"), "balance"), "2.000000000");
    EXPECT_EQ(member(post("/admin/coupons/WELCOME/disable", ""), "status"), "disabled");
    const auto other = account();
    EXPECT_EQ(refusal(post("/admin/accounts/" + other + "/redeem", R"({"code":"WELCOME"})")).substr(0, 1), "4");
    EXPECT_EQ(member(post("/admin/coupons/welcome/enable", ""), "status"), "active");
    EXPECT_EQ(refusal(post("/admin/coupons", R"({"code":"WELCOME","amount":"2"})")).substr(0, 3), "409");
    const auto off = post("/admin/coupons", R"({"percent":"12.5","models":["a/b"]})");
    EXPECT_THAT(off.json, HasSubstr(R"("kind":"discount","percent":"12.5","models":["a/b"])"));
    EXPECT_EQ(refusal(post("/admin/coupons", R"({"percent":"100"})")), "400 bad_param percent");
    EXPECT_EQ(refusal(post("/admin/coupons", R"({"percent":"5","amount":"1"})")), "400 bad_param amount");
    EXPECT_EQ(refusal(post("/admin/coupons", R"({"amount":"1","max_uses":0})")), "400 bad_param max_uses");
    EXPECT_EQ(JsonDoc::parse(get("/admin/coupons").json)->root()["coupons"].size(), 2u);
    EXPECT_THAT(get("/admin/audit", "action=coupon.create").json, HasSubstr(R"("object":"coupon WELCOME")"));
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr(R"("ok":true)"));
}

TEST_F(MoneyTest, tags_have_budgets) {
    const auto path = "/admin/accounts/" + account() + "/tag-budgets";
    EXPECT_EQ(post(path, R"({"tag":"ci","cap":"5","period":"month"})").json,
              R"({"tag":"ci","cap":"5.000000000","period":"month"})");
    EXPECT_EQ(get(path).json,
              R"({"tag_budgets":[{"tag":"ci","cap":"5.000000000","period":"month","spent":"0.000000000",)"
              R"("held":"0.000000000","currency":"USD"}]})");
    EXPECT_EQ(refusal(post(path, R"({"tag":"ci","cap":"5","period":"week"})")), "400 bad_param period");
    EXPECT_EQ(refusal(post(path, R"({"tag":"ci"})")), "400 bad_param cap");
    EXPECT_EQ(post(path + "/drop", R"({"tag":"ci"})").status, 200);
    EXPECT_EQ(get(path).json, R"({"tag_budgets":[]})");
    EXPECT_EQ(refusal(get("/admin/accounts/acc_9/tag-budgets")), "404 resource_not_found account_id");
}

TEST_F(MoneyTest, wallets_and_keys_are_frozen_and_thawed) {
    const auto id = account();
    const auto key = member(post("/admin/keys", R"({"account_id":")" + id + R"("})"), "key");
    EXPECT_THAT(post("/admin/accounts/" + id + "/freeze", "").json, HasSubstr(R"("frozen":true)"));
    EXPECT_THAT(post("/admin/accounts/" + id + "/unfreeze", "").json, HasSubstr(R"("frozen":false)"));
    EXPECT_EQ(post("/admin/accounts/" + id + "/balance-low", R"({"amount":"1"})").json,
              R"({"account_id":")" + id + R"(","balance_low":"1.000000000"})");
    EXPECT_EQ(member(post("/admin/keys/key_1/freeze", ""), "status"), "frozen");
    EXPECT_FALSE(directory->known(key));
    EXPECT_THAT(get("/admin/keys", "status=frozen").json, HasSubstr(R"("frozen_by":"operator")"));
    EXPECT_EQ(member(post("/admin/keys/key_1/unfreeze", ""), "status"), "active");
    EXPECT_TRUE(directory->known(key));
}

TEST_F(MoneyTest, a_key_is_changed_and_rotated) {
    const auto id = account();
    const auto old =
        member(post("/admin/keys", R"({"account_id":")" + id + R"(","name":"ci","rpm":60,"tpm":1000})"), "key");
    const auto patch = [&](std::string body) {
        return admin->answer({"PATCH", "/admin/keys/key_1", "", std::move(body)});
    };
    const auto changed = patch(R"({"rpm":null,"ip_allow":["10.0.0.0/8"],"brake_usd_per_minute":"2"})").json;
    EXPECT_THAT(changed, HasSubstr(R"("rpm":null,"tpm":1000)"));
    EXPECT_THAT(changed, HasSubstr(R"("ip_allow":["10.0.0.0/8"],"brake_usd_per_minute":"2.000000000")"));
    EXPECT_EQ(refusal(patch(R"({"rpm":0})")), "400 bad_param rpm");
    EXPECT_EQ(refusal(patch(R"({"account_id":"acc_2"})")), "400 bad_param account_id");
    EXPECT_EQ(refusal(patch(R"({"ip_allow":["nonsense"]})")).substr(0, 13), "400 bad_param");
    EXPECT_EQ(member(get("/admin/keys/key_1"), "name"), "ci");
    const auto fresh = member(post("/admin/keys/key_1/rotate", ""), "key");
    EXPECT_FALSE(directory->known(old));
    ASSERT_TRUE(directory->known(fresh));
    EXPECT_EQ(directory->known(fresh)->limits.tpm, 1000);
    const auto log = get("/admin/audit").json;
    EXPECT_THAT(
        log,
        HasSubstr(
            R"("action":"key.rotate","object":"key_1","account_id":"acc_1","detail":{"successor":"key_2","overlap_s":0})"));
    EXPECT_EQ(log.find(fresh), std::string::npos);
    EXPECT_EQ(log.find(old), std::string::npos);
}

TEST_F(MoneyTest, sub_accounts_are_made_with_their_key) {
    const auto path = "/admin/accounts/" + account() + "/sub-accounts";
    const auto made = post(path, R"({"name":"shop","spend_cap":"5","external_ref":"s-1"})");
    EXPECT_EQ(made.status, 201) << made.json;
    EXPECT_TRUE(directory->known(member(made, "key")));
    EXPECT_THAT(get(path).json,
                HasSubstr(R"("sub_account_id":"sub_1","account_id":"acc_1","name":"shop","external_ref":"s-1")"));
    EXPECT_THAT(get(path).json, HasSubstr(R"("spend_cap":"5.000000000")"));
    EXPECT_EQ(refusal(post(path, R"({"name":"x","spend_cap":"-1"})")), "400 bad_param spend_cap");
    EXPECT_EQ(refusal(post("/admin/accounts/acc_9/sub-accounts", R"({"name":"x"})")),
              "404 resource_not_found account_id");
}
