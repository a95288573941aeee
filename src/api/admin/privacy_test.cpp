// What an account may ask of its operator: export and erase; and what rests sealed.
#include <set>

#include "api/admin/detail/held.h"
#include "api/testing/admin_test.h"
#include "records/records.h"

using namespace aig;
using namespace aig::api;
using ::testing::HasSubstr;

namespace {
class PrivacyTest : public aig::api::testing::AdminTest {};

std::string page(std::string_view name) { return "part=" + std::string(name); }
}  // namespace

TEST_F(PrivacyTest, every_table_about_an_account_is_in_its_export_or_says_why_not) {
    std::set<std::string> named, found;
    for (const auto& p : held_parts()) named.emplace(p.table);
    for (const auto& n : not_exported()) named.emplace(n.table);
    ASSERT_TRUE(store->read_now([&](store::Db& db) -> Status {
        auto q = db.query(
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'account_id'"
            " WHERE m.type = 'table'");
        while (true) {
            TRY(const bool row, q.step());
            if (!row) return {};
            found.emplace(q.text(0));
        }
    }));
    EXPECT_GE(found.size(), 10u);
    for (const auto& table : found) EXPECT_TRUE(named.contains(table)) << table << ": see src/api/admin/held.cpp";
}

TEST_F(PrivacyTest, an_export_goes_by_pages_and_holds_no_secret) {
    const auto id = account();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(post("/admin/keys", R"({"account_id":")" + id + R"("})").status, 201);
    const auto path = "/admin/accounts/" + id + "/export";
    const auto parts = JsonDoc::parse(get(path).json);
    EXPECT_GE(parts->root()["parts"].size(), 10u);
    for (const JsonRef part : parts->root()["parts"]) {
        const auto reply = get(path, page(part.text()));
        EXPECT_EQ(reply.status, 200) << part.text() << reply.json;
        EXPECT_EQ(reply.json.find("\"hash\""), std::string::npos) << part.text();
    }
    const auto first = JsonDoc::parse(get(path, page("keys") + "&limit=2").json);
    EXPECT_EQ(first->root()["items"].size(), 2u);
    const auto after = std::string(first->root()["next"].raw());
    const auto second = JsonDoc::parse(get(path, page("keys") + "&limit=2&after=" + after).json);
    EXPECT_EQ(second->root()["items"].size(), 1u);
    EXPECT_TRUE(second->root()["next"].is_null());
    EXPECT_EQ(refusal(get(path, page("passwords"))), "400 bad_param part");
    EXPECT_EQ(refusal(get("/admin/accounts/acc_9/export")), "404 resource_not_found account_id");
}

TEST_F(PrivacyTest, the_calls_of_an_export_are_those_of_rows_and_of_pages) {
    const auto id = account();
    const auto log = [&](int64_t n) {
        store::Batch b;
        for (int64_t i = 0; i < n; ++i) {
            records::CallRecord c;
            c.account = AccountId{i % 3 ? 1 : 2};
            c.request_id = "req_page";
            c.tag = "secret-name";
            b.ops.push_back(records::record(c));
        }
        ASSERT_TRUE(store->commit_now(std::move(b)));
    };
    store::Batch rows;
    rows.ops.push_back(store::op([](store::Db& db) {
        return db.script(
            "INSERT INTO call SELECT n.value, 'req_row', '', 1, 1, 'm', '', '', '', 'secret-name', '', '', '', 0, 0, "
            "0, "
            "200, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM json_each('[1,2,3,4,5]') n");
    }));
    ASSERT_TRUE(store->commit_now(std::move(rows)));
    for (const int64_t n : {1, 2, 7, 1, 30, 5}) log(n);
    const auto exported = [&](int64_t at_once) {
        std::vector<std::string> found;
        for (std::string after = "0"; after != "null";) {
            const auto reply = get("/admin/accounts/" + id + "/export",
                                   page("calls") + "&limit=" + std::to_string(at_once) + "&after=" + after);
            const auto doc = JsonDoc::parse(reply.json);
            for (const JsonRef item : doc->root()["items"]) found.emplace_back(item["id"].raw());
            after = std::string(doc->root()["next"].raw());
        }
        return found;
    };
    const auto all = exported(100);
    EXPECT_EQ(all.size(), 5u + 1 + 4 + 20 + 3);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
    for (const int64_t at_once : {1, 2, 3, 6}) EXPECT_EQ(exported(at_once), all);
    EXPECT_THAT(get("/admin/accounts/" + id + "/export", page("calls")).json, HasSubstr("secret-name"));
    EXPECT_EQ(post("/admin/accounts/" + id + "/erase", R"({"confirm":")" + id + R"("})").status, 200);
    EXPECT_EQ(get("/admin/accounts/" + id + "/export", page("calls")).json.find("secret-name"), std::string::npos);
    EXPECT_EQ(exported(7), all);
}

TEST_F(PrivacyTest, erasing_wants_the_id_again_and_an_empty_wallet) {
    const auto id = account();
    const auto path = "/admin/accounts/" + id + "/erase";
    const auto key = member(post("/admin/keys", R"({"account_id":")" + id + R"("})"), "key");
    EXPECT_EQ(refusal(post(path, "")), "400 bad_param confirm");
    EXPECT_EQ(refusal(post(path, R"({"confirm":"acc_9"})")), "400 bad_param confirm");
    EXPECT_EQ(post("/admin/accounts/" + id + "/credit", R"({"amount":"1","ref":"r"})").status, 200);
    EXPECT_EQ(refusal(post(path, R"({"confirm":")" + id + R"("})")), "409 conflict");
    EXPECT_TRUE(directory->known(key));
    EXPECT_EQ(post(path, R"({"confirm":")" + id + R"(","force":true})").status, 200);
    EXPECT_FALSE(directory->known(key));
    const auto row = get("/admin/accounts/" + id);
    EXPECT_EQ(member(row, "name"), "erased");
    EXPECT_EQ(member(row, "email"), "");
    EXPECT_EQ(row.json.find("ada@"), std::string::npos);
    EXPECT_EQ(refusal(post(path, R"({"confirm":")" + id + R"(","force":true})")), "409 conflict");
    EXPECT_EQ(refusal(post("/admin/keys", R"({"account_id":")" + id + R"("})")), "404 resource_not_found account_id");
    EXPECT_EQ(refusal(post("/admin/accounts/" + id + "/unblock", "")), "404 resource_not_found account_id");
    EXPECT_THAT(get("/admin/audit", "action=account.erase").json, HasSubstr(id));
    EXPECT_THAT(get("/admin/ledger/verify").json, HasSubstr("\"ok\":true"));
}
