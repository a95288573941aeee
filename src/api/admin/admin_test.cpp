#include "api/admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "api/testing/admin_test.h"
#include "base/time.h"
#include "records/records.h"

using namespace aig;
using namespace aig::api;
using namespace aig::api::testing;
using ::testing::HasSubstr;

TEST_F(AdminTest, an_account_has_a_wallet_from_its_first_moment) {
    const auto r = post("/admin/accounts", R"({"name":"Ada"})");
    EXPECT_EQ(r.status, 201);
    EXPECT_EQ(r.json, R"({"account_id":"acc_1"})");
    EXPECT_EQ(get("/admin/accounts/acc_1/wallet").json,
              R"({"currency":"USD","balance":"0.000000000","held":"0.000000000","available":"0.000000000",)"
              R"("bonus":"0.000000000","frozen":false})");
    EXPECT_EQ(member(post("/admin/accounts", R"({"name":"B","currency":"TMT"})"), "account_id"), "acc_2");
    EXPECT_EQ(member(get("/admin/accounts/acc_2/wallet"), "currency"), "TMT");
}

TEST_F(AdminTest, accounts_are_listed_in_pages) {
    for (int i = 0; i < 3; ++i) account();
    auto first = JsonDoc::parse(get("/admin/accounts", "limit=2").json);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->root()["accounts"].size(), 2u);
    EXPECT_EQ(first->root()["next"].text(), "acc_2");
    auto second = JsonDoc::parse(get("/admin/accounts", "limit=2&after=acc_2").json);
    EXPECT_EQ(second->root()["accounts"].size(), 1u);
    EXPECT_TRUE(second->root()["next"].is_null());
    for (const JsonRef a : second->root()["accounts"]) {
        EXPECT_EQ(a["name"].text(), "Ada");
        EXPECT_EQ(a["email"].text(), "ada@example.com");
        EXPECT_EQ(a["status"].text(), "active");
    }
}

TEST_F(AdminTest, bad_accounts) {
    EXPECT_EQ(refusal(post("/admin/accounts", "{")), "400 bad_json");
    EXPECT_EQ(refusal(post("/admin/accounts", "[]")), "400 bad_json");
    EXPECT_EQ(refusal(post("/admin/accounts", "")), "400 bad_param name");
    EXPECT_EQ(refusal(post("/admin/accounts", R"({"name":7})")), "400 bad_param name");
    EXPECT_EQ(refusal(post("/admin/accounts", R"({"name":"a","role":"admin"})")), "400 bad_param role");
    EXPECT_EQ(refusal(post("/admin/accounts", R"({"name":"a","name":"b"})")), "400 bad_param name");
    EXPECT_EQ(refusal(post("/admin/accounts", R"({"name":"a","email":"x"})")), "400 bad_param email");
    EXPECT_EQ(refusal(post("/admin/accounts", R"({"name":"a","currency":"usd"})")), "400 bad_param currency");
    EXPECT_EQ(refusal(post("/admin/accounts", "{\"name\":\"" + std::string(2 << 20, 'a') + "\"}")), "413 too_large");
    EXPECT_EQ(refusal(get("/admin/accounts", "limit=0")), "400 bad_param limit");
    EXPECT_EQ(refusal(get("/admin/accounts", "limit=1001")), "400 bad_param limit");
    EXPECT_EQ(refusal(get("/admin/accounts", "limit=1&limit=2")), "400 bad_param limit");
    EXPECT_EQ(refusal(get("/admin/accounts", "page=2")), "400 bad_param page");
    EXPECT_EQ(refusal(get("/admin/accounts", "after=key_1")), "400 bad_param after");
    EXPECT_EQ(refusal(get("/admin/accounts/acc_9")), "404 resource_not_found account_id");
    EXPECT_EQ(refusal(get("/admin/accounts/nonsense")), "404 resource_not_found");
}

TEST_F(AdminTest, a_repeated_post_is_answered_not_repeated) {
    records::Idempotency keys(*store);
    hooks.idempotency = &keys;
    admin = std::make_unique<Admin>(*store, *book, *directory, hooks);
    const auto post_once = [&](std::string path, std::string body, std::string key) {
        AdminRequest r{"POST", std::move(path), "", std::move(body)};
        r.idempotency_key = std::move(key);
        return admin->answer(r);
    };
    const auto first = post_once("/admin/accounts", R"({"name":"Ada"})", "k");
    const auto again = post_once("/admin/accounts", R"({"name":"Ada"})", "k");
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.json, first.json);
    EXPECT_FALSE(first.replayed);
    EXPECT_TRUE(again.replayed);
    EXPECT_EQ(refusal(post_once("/admin/accounts", R"({"name":"Bob"})", "k")),
              "409 idempotency_mismatch Idempotency-Key");
    EXPECT_EQ(refusal(post_once("/admin/accounts", R"({"name":7})", "other")), "400 bad_param name");
    EXPECT_EQ(member(post_once("/admin/accounts", R"({"name":"Bob"})", "third"), "account_id"), "acc_2");
    const auto minted = post_once("/admin/keys", R"({"account_id":"acc_1"})", "k");  // keys belong to their route
    EXPECT_EQ(minted.status, 201);
    EXPECT_EQ(post_once("/admin/keys", R"({"account_id":"acc_1"})", "k").json, minted.json);
    EXPECT_EQ(directory->keys(AccountId{1})->size(), 1u);
}

TEST_F(AdminTest, a_key_is_shown_once) {
    const auto id = account();
    const auto r = post("/admin/keys", "{\"account_id\":\"" + id + "\"}");
    EXPECT_EQ(r.status, 201);
    const auto key = member(r, "key");
    EXPECT_EQ(r.json, "{\"key_id\":\"key_1\",\"key\":\"" + key + "\"}");
    EXPECT_TRUE(directory->known(key));
    const auto list = get("/admin/keys");
    EXPECT_EQ(list.json.find(key), std::string::npos);
    EXPECT_THAT(list.json, HasSubstr("\"shown\":\"" + key.substr(0, 12) + "..."));
    EXPECT_THAT(list.json,
                HasSubstr("\"rpm\":null,\"tpm\":null,\"concurrency\":null,\"rpd\":null,\"spend_cap_usd\":null"));
}

TEST_F(AdminTest, a_key_with_everything) {
    const auto id = account();
    const auto r = post("/admin/keys",
                        "{\"account_id\":\"" + id +
                            R"(","prefix":"gw_","name":"ci","rpm":60,"tpm":1e5,"concurrency":4,"spend_cap_usd":"0.5",
            "spend_period":"month","models":["a","b"],"dialect":"openai","tag":"t","expires_at":4102444800})");
    ASSERT_EQ(r.status, 201) << r.json;
    EXPECT_TRUE(member(r, "key").starts_with("gw_"));
    const auto p = directory->known(member(r, "key"));
    ASSERT_TRUE(p);
    EXPECT_EQ(p->limits.rpm, 60);
    EXPECT_EQ(p->limits.tpm, 100'000);
    EXPECT_EQ(p->limits.concurrency, 4);
    EXPECT_EQ(p->limits.spend_cap_nanos, 500'000'000);
    EXPECT_EQ(p->models, (std::vector<std::string>{"a", "b"}));
    EXPECT_THAT(get("/admin/keys").json,
                HasSubstr(R"("spend_cap_usd":"0.500000000","spend_period":"month","models":["a","b"])"));
    EXPECT_THAT(get("/admin/keys").json, HasSubstr(R"("expires_at":"2100-01-01T00:00:00.000Z")"));
}

TEST_F(AdminTest, bad_keys) {
    const auto id = account();
    const auto with = [&](std::string_view members) {
        return refusal(post("/admin/keys", "{\"account_id\":\"" + id + "\"," + std::string(members) + "}"));
    };
    EXPECT_EQ(with(R"("prefix":"xx_")"), "400 bad_param prefix");
    EXPECT_EQ(with(R"("rpm":0)"), "400 bad_param rpm");
    EXPECT_EQ(with(R"("rpm":1.5)"), "400 bad_param rpm");
    EXPECT_EQ(with(R"("rpm":"60")"), "400 bad_param rpm");
    EXPECT_EQ(with(R"("tpm":99999999999999)"), "400 bad_param tpm");
    EXPECT_EQ(with(R"("concurrency":-1)"), "400 bad_param concurrency");
    EXPECT_EQ(with(R"("spend_cap_usd":"0")"), "400 bad_param spend_cap_usd");
    EXPECT_EQ(with(R"("spend_cap_usd":"0.0000000001")"), "400 bad_param spend_cap_usd");
    EXPECT_EQ(with(R"("spend_cap":"5")"), "400 bad_param spend_cap");
    EXPECT_EQ(with(R"("spend_period":"week","spend_cap_usd":1)"), "400 bad_param spend_period");
    EXPECT_EQ(with(R"("dialect":"klingon")"), "400 bad_param dialect");
    EXPECT_EQ(with(R"("models":"a")"), "400 bad_param models");
    EXPECT_EQ(with(R"("models":[1])"), "400 bad_param models");
    EXPECT_EQ(with(R"("expires_at":1)"), "400 bad_param expires");
    EXPECT_EQ(refusal(post("/admin/keys", "{}")), "400 bad_param account_id");
    EXPECT_EQ(refusal(post("/admin/keys", R"({"account_id":"acc_77"})")), "404 resource_not_found account_id");
    const auto kept = directory->keys({});
    ASSERT_TRUE(kept) << kept.error().message();
    EXPECT_EQ(kept->size(), 0u);
}

TEST_F(AdminTest, revoking_and_listing_by_status) {
    const auto id = account();
    const auto key = member(post("/admin/keys", "{\"account_id\":\"" + id + "\"}"), "key");
    post("/admin/keys", "{\"account_id\":\"" + id + "\"}");
    EXPECT_EQ(post("/admin/keys/key_1/revoke", "").json, R"({"key_id":"key_1","status":"revoked"})");
    EXPECT_EQ(post("/admin/keys/key_1/revoke", "{}").status, 200);
    EXPECT_FALSE(directory->known(key));
    const auto count = [&](std::string query) {
        return JsonDoc::parse(get("/admin/keys", std::move(query)).json)->root()["keys"].size();
    };
    EXPECT_EQ(count(""), 2u);
    EXPECT_EQ(count("status=active"), 1u);
    EXPECT_EQ(count("status=revoked"), 1u);
    EXPECT_EQ(count("account=acc_2"), 0u);
    EXPECT_EQ(count("account=acc_1"), 2u);
    EXPECT_EQ(refusal(get("/admin/keys", "status=dead")), "400 bad_param status");
    EXPECT_EQ(refusal(post("/admin/keys/key_99/revoke", "")), "404 resource_not_found key_id");
    EXPECT_EQ(refusal(post("/admin/keys/acc_1/revoke", "")), "404 resource_not_found");
}

TEST_F(AdminTest, the_same_ref_credits_once) {
    const auto path = "/admin/accounts/" + account() + "/credit";
    EXPECT_EQ(member(post(path, R"({"amount":"0.01","ref":"inv-1","memo":"first"})"), "balance"), "0.010000000");
    EXPECT_EQ(member(post(path, R"({"amount":"0.01","ref":"inv-1"})"), "balance"), "0.010000000");
    EXPECT_EQ(member(post(path, R"({"amount":1e-9})"), "balance"), "0.010000001");
    EXPECT_EQ(member(post(path, R"({"amount":"5"})"), "available"), "5.010000001");
    EXPECT_EQ(member(post(path, R"({"amount":"1E+1"})"), "available"), "15.010000001");
    EXPECT_EQ(get("/admin/accounts/acc_1/wallet").json,
              R"({"currency":"USD","balance":"15.010000001","held":"0.000000000","available":"15.010000001",)"
              R"("bonus":"0.000000000","frozen":false})");
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr(R"("ok":true,"faults":[])"));
}

TEST_F(AdminTest, bad_credits_move_nothing) {
    const auto path = "/admin/accounts/" + account() + "/credit";
    for (const char* amount : {"0", "-1", "\"-0.01\"", "\"0.0000000001\"", "\"ten\"", "\"\"",
                               "\"1000000000.000000001\"", "1e30", "true", "\"NaN\"", "\"1,5\"", "\"0x10\""})
        EXPECT_EQ(refusal(post(path, std::string("{\"amount\":") + amount + "}")), "400 bad_param amount") << amount;
    EXPECT_EQ(refusal(post(path, "{}")), "400 bad_param amount");
    EXPECT_EQ(refusal(post(path, R"({"amount":"1","ref":""})")), "400 bad_param ref");
    EXPECT_EQ(refusal(post(path, "{\"amount\":\"1\",\"ref\":\"" + std::string(201, 'r') + "\"}")), "400 bad_param ref");
    EXPECT_EQ(refusal(post(path, "{\"amount\":\"1\",\"memo\":\"" + std::string(501, 'r') + "\"}")),
              "400 bad_param memo");
    EXPECT_EQ(refusal(post(path, R"({"amount":"1","currency":"EUR"})")).substr(0, 13), "400 bad_param");
    EXPECT_EQ(refusal(post(path, R"({"amount":"1","wallet":"main"})")), "400 bad_param wallet");
    EXPECT_EQ(refusal(post("/admin/accounts/acc_9/credit", R"({"amount":"1"})")), "404 resource_not_found account_id");
    EXPECT_EQ(member(get("/admin/accounts/acc_1/wallet"), "balance"), "0.000000000");
}

TEST_F(AdminTest, blocking_an_account) {
    const auto id = account();
    const auto key = member(post("/admin/keys", "{\"account_id\":\"" + id + "\"}"), "key");
    EXPECT_EQ(member(post("/admin/accounts/" + id + "/block", ""), "status"), "blocked");
    EXPECT_FALSE(directory->known(key));
    EXPECT_EQ(member(post("/admin/accounts/" + id + "/unblock", ""), "status"), "active");
    EXPECT_TRUE(directory->known(key));
    EXPECT_EQ(refusal(post("/admin/accounts/acc_9/block", "")), "404 resource_not_found account_id");
}

TEST_F(AdminTest, what_an_operator_does_is_written_down_with_it) {
    const auto id = account();
    admin->answer({"POST", "/admin/accounts/" + id + "/credit", "", R"({"amount":"5","ref":"r\r\n1","memo":"m"})",
                   "operator:token", "192.0.2.7"});
    const auto key = member(post("/admin/keys", "{\"account_id\":\"" + id + "\",\"name\":\"ci\"}"), "key");
    post("/admin/keys/key_1/revoke", "");
    post("/admin/accounts/" + id + "/block", "");
    post("/admin/accounts/acc_9/block", "");  // refused: nothing happened, nothing is written
    post("/admin/accounts/" + id + "/credit", R"({"amount":"0"})");
    const auto log = get("/admin/audit").json;
    auto doc = JsonDoc::parse(log);
    ASSERT_TRUE(doc) << log;
    std::vector<std::string> acts;
    for (const JsonRef r : doc->root()["audit"])
        acts.push_back(std::string(r["action"].text()) + " " + std::string(r["object"].text()) + " " +
                       std::string(r["account_id"].text()));
    EXPECT_EQ(acts,
              (std::vector<std::string>{"account.block acc_1 acc_1", "key.revoke key_1 acc_1", "key.create key_1 acc_1",
                                        "wallet.credit acc_1 acc_1", "account.create acc_1 acc_1"}));
    EXPECT_EQ(log.find(key), std::string::npos);
    const auto credited = get("/admin/audit", "action=wallet.credit&account=" + id).json;
    EXPECT_THAT(credited, HasSubstr(R"("actor":"operator:token","from":"192.0.2.7","action":"wallet.credit")"));
    EXPECT_THAT(credited, HasSubstr(R"("detail":{"amount":"5.000000000","ref":"r\r\n1","memo":"m"})"));
    auto page = JsonDoc::parse(get("/admin/audit", "limit=2").json);
    EXPECT_EQ(page->root()["next"].text(), "aud_4");
    page = JsonDoc::parse(get("/admin/audit", "limit=4&after=aud_4").json);
    EXPECT_EQ(page->root()["audit"].size(), 3u);
    EXPECT_EQ(get("/admin/audit", "account=acc_2").json, R"({"audit":[],"next":null})");
    EXPECT_EQ(refusal(get("/admin/audit", "limit=0")), "400 bad_param limit");
    EXPECT_EQ(refusal(get("/admin/audit", "since=1")), "400 bad_param since");
}

TEST_F(AdminTest, verify_covers_the_audit_log) {
    account();
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr(R"("ok":true,"faults":[])"));
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr(R"("audit_rows":1)"));
    store::Batch b;
    b.ops.push_back(store::op([](store::Db& db) { return db.script("UPDATE audit SET actor = 'nobody'"); }));
    ASSERT_TRUE(store->commit_now(std::move(b)));
    EXPECT_THAT(get("/admin/ledger/verify").json,
                HasSubstr(R"("ok":false,"faults":["hash chain of the audit log: audit row 1"])"));
}

TEST_F(AdminTest, an_account_is_renamed) {
    const auto path = "/admin/accounts/" + account();
    const auto patch = [&](std::string body) { return admin->answer({"PATCH", path, "", std::move(body)}); };
    EXPECT_EQ(member(patch(R"({"name":"Bob"})"), "name"), "Bob");
    EXPECT_EQ(member(get(path), "email"), "ada@example.com");
    EXPECT_EQ(member(patch(R"({"email":""})"), "email"), "");
    EXPECT_EQ(refusal(patch(R"({"name":""})")), "400 bad_param name");
    EXPECT_EQ(refusal(patch(R"({"status":"active"})")), "400 bad_param status");
    EXPECT_EQ(refusal(admin->answer({"PATCH", "/admin/accounts/acc_9", "", "{}"})),
              "404 resource_not_found account_id");
    EXPECT_THAT(get("/admin/audit").json, HasSubstr(R"("action":"account.update")"));
}

TEST_F(AdminTest, recent_calls) {
    const auto id = account();
    records::CallRecord call;
    call.request_id = "req_1";
    call.account = AccountId{1};
    call.key = KeyId{1};
    call.model = "openai/gpt-5.4";
    call.started_us = now_us();
    call.status = 200;
    call.cost_nanos = 42'000;
    store::Batch b;
    b.ops.push_back(records::record(call));
    ASSERT_TRUE(store->commit_now(std::move(b)));
    EXPECT_THAT(get("/admin/calls/recent").json, HasSubstr(R"("request_id":"req_1","account_id":"acc_1")"));
    EXPECT_THAT(get("/admin/calls/recent", "account=acc_1&limit=1").json, HasSubstr(R"("cost":"0.000042000")"));
    EXPECT_EQ(get("/admin/calls/recent", "account=acc_2").json, R"({"calls":[]})");
    EXPECT_EQ(refusal(get("/admin/calls/recent", "limit=x")), "400 bad_param limit");
}

TEST_F(AdminTest, reload_and_status_are_the_apps) {
    EXPECT_EQ(refusal(post("/admin/reload", "")), "409 conflict");
    hooks.status_json = [] { return std::string(R"("draining":false)"); };
    int reloads = 0;
    hooks.reload = [&]() -> Result<std::vector<std::string>> {
        if (++reloads > 1) return Error(ErrorCode::config_invalid, "models.x: no price");
        return std::vector<std::string>{"server.listen"};
    };
    Admin with(*store, *book, *directory, hooks);
    EXPECT_EQ(with.answer({"POST", "/admin/reload", "", ""}).json,
              R"({"reloaded":true,"needs_restart":["server.listen"]})");
    EXPECT_EQ(refusal(with.answer({"POST", "/admin/reload", "", ""})), "500 config_invalid");
    EXPECT_THAT(with.answer({"GET", "/admin/status", "", ""}).json,
                HasSubstr(R"("open_holds":0,"write_queue":0,"draining":false})"));
}

TEST_F(AdminTest, unknown_paths_and_methods) {
    EXPECT_EQ(refusal(get("/admin/nothing")), "404 route_not_found");
    EXPECT_EQ(refusal(get("/admin/accounts/acc_1/credit/x")), "404 route_not_found");
    EXPECT_EQ(refusal(get("/admin/accounts//wallet")), "404 route_not_found");
    EXPECT_EQ(refusal(admin->answer({"DELETE", "/admin/accounts", "", ""})), "405 method_not_allowed");
    EXPECT_EQ(refusal(admin->answer({"POST", "/admin/accounts", "dry_run=1", R"({"name":"a"})"})),
              "400 bad_param dry_run");
    EXPECT_TRUE(directory->accounts()->empty());
}
