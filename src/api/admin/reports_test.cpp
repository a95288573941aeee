#include <latch>

#include "api/testing/admin_test.h"
#include "base/time.h"
#include "records/records.h"
#include "rt/loop.h"

using namespace aig;
using namespace aig::api;
using ::testing::HasSubstr;

namespace {

class ReportTest : public api::testing::AdminTest {
  protected:
    /// One call with its hold, charge and record, as the gateway makes it.
    static rt::Task<> charge_one(ledger::Book& book, std::string id, int64_t hold, int64_t cost, int64_t loss,
                                 records::CallRecord call, std::latch& done) {
        ledger::HoldRequest request;
        request.account = AccountId{1};
        request.amount_nanos = request.least_nanos = hold;
        request.request_id = id;
        auto held = co_await book.hold(std::move(request));
        EXPECT_TRUE(held);
        store::Ops with;
        with.push_back(records::record(std::move(call)));
        if (cost == 0) {
            auto released = co_await book.release(*std::move(held), ledger::VoidReason::failed, loss, std::move(with));
            EXPECT_TRUE(released);
        } else {
            ledger::Settlement s;
            s.cost_nanos = cost;
            s.lines = {{4, cost, 1000}};
            s.with = std::move(with);
            auto settled = co_await book.settle(*std::move(held), std::move(s));
            EXPECT_TRUE(settled);
        }
        done.count_down();
    }
    void call(std::string id, int64_t hold, int64_t cost, int64_t operator_cost, int64_t logged = -1) {
        records::CallRecord c;
        c.request_id = id;
        c.account = AccountId{1};
        c.model = "m";
        c.provider = "p";
        c.upstream_model = "up";
        c.started_us = now_us();
        c.input = 10;
        c.cost_nanos = logged < 0 ? cost : logged;
        c.operator_cost_nanos = operator_cost;
        if (cost == 0) c.error_code = "upstream_failed";
        std::latch done(1);
        loops[0].spawn([&] { return charge_one(*book, id, hold, cost, cost ? 0 : operator_cost, c, done); });
        done.wait();
    }
    void TearDown() override {
        loops.stop_and_join();
        AdminTest::TearDown();
    }
    std::string today = utc_day(now_us());
    rt::Loops loops{1};
};
}  // namespace

TEST_F(ReportTest, margin_names_what_was_paid_lost_and_earned) {
    const auto id = account();
    post("/admin/accounts/" + id + "/credit", R"({"amount":"0.000000250"})");
    call("req_1", 100, 100, 60);
    call("req_2", 10, 0, 25);
    call("req_3", 150, 200, 60);  // 150 are left
    const auto r = get("/admin/reports/margin", "from=" + today + "&to=" + today).json;
    EXPECT_THAT(r, HasSubstr(R"("model":"m","currency":"USD","calls":3,"failed":1,"charged":"0.000000250",)"
                             R"("overage":"0.000000050","charged_usd":"0.000000250","operator_cost_usd":"0.000000145",)"
                             R"("operator_loss_usd":"0.000000025","margin_usd":"0.000000105","without_rate":0})"));
    EXPECT_THAT(r, HasSubstr(R"("total":{"calls":3,"failed":1,"charged_usd":"0.000000250")"));
    EXPECT_THAT(get("/admin/reports/margin", "by=account,provider").json,
                HasSubstr(R"("rows":[{"provider":"p","account_id":"acc_1","currency")"));
    EXPECT_THAT(get("/admin/reports/margin", "from=2020-01-01&to=2020-01-31").json, HasSubstr(R"("rows":[])"));
    EXPECT_EQ(refusal(get("/admin/reports/margin", "from=2020-01-31&to=2020-01-01")), "400 bad_param from");
    EXPECT_EQ(refusal(get("/admin/reports/margin", "from=2020-02-30&to=2020-03-01")), "400 bad_param from");
    EXPECT_EQ(refusal(get("/admin/reports/margin", "from=2020-01-01&to=2022-01-01")), "400 bad_param from");
    EXPECT_EQ(refusal(get("/admin/reports/margin", "by=colour")), "400 bad_param by");
}

TEST_F(ReportTest, an_accounts_export_has_its_charges) {
    const auto id = account();
    post("/admin/accounts/" + id + "/credit", R"({"amount":"0.000000250"})");
    call("req_1", 100, 100, 60);
    call("req_2", 10, 0, 25);     // a void and a loss
    call("req_3", 150, 200, 60);  // with an overage
    post("/admin/accounts/" + id + "/credit", R"({"amount":"1"})");
    for (const std::string limit : {"1", "2", "100"}) {
        std::string kinds;
        for (std::string after = "0"; after != "null";) {
            const auto reply =
                get("/admin/accounts/" + id + "/export", "part=entries&limit=" + limit + "&after=" + after);
            const auto doc = JsonDoc::parse(reply.json);
            for (const JsonRef item : doc->root()["items"]) kinds += std::string(item["kind"].raw()) + " ";
            after = std::string(doc->root()["next"].raw());
        }
        EXPECT_EQ(kinds, "10 20 40 31 20 30 10 ") << limit;
    }
}

TEST_F(ReportTest, recon_names_the_call_on_which_ledger_and_log_differ) {
    const auto id = account();
    post("/admin/accounts/" + id + "/credit", R"({"amount":"1"})");
    call("req_1", 100, 100, 0);
    call("req_2", 10, 0, 0);
    const auto good = get("/admin/ledger/recon").json;
    EXPECT_THAT(good, HasSubstr(R"("ok":true)"));
    EXPECT_THAT(good, HasSubstr(R"("calls":2,"resolved":2,"differences":0,"requests":[])"));
    call("req_3", 100, 100, 0, 99);
    records::CallRecord only_logged;
    only_logged.request_id = "req_4";
    only_logged.account = AccountId{1};
    only_logged.started_us = now_us();
    only_logged.cost_nanos = 5;
    store::Batch b;
    b.ops.push_back(records::record(only_logged));
    b.ops.push_back(store::op([](store::Db& db) {
        return db.script(
            "DELETE FROM call_page WHERE last_id = (SELECT page FROM call_paged WHERE request_id = 'req_1')");
    }));
    ASSERT_TRUE(store->commit_now(std::move(b)));
    const auto bad = get("/admin/ledger/recon").json;
    EXPECT_THAT(bad, HasSubstr(R"("ok":false)"));
    EXPECT_THAT(
        bad, HasSubstr(R"({"request_id":"req_1","what":"not in the log","log":"0.000000000","ledger":"0.000000100"})"));
    EXPECT_THAT(
        bad, HasSubstr(R"({"request_id":"req_3","what":"other amount","log":"0.000000099","ledger":"0.000000100"})"));
    EXPECT_THAT(
        bad,
        HasSubstr(R"({"request_id":"req_4","what":"not in the ledger","log":"0.000000005","ledger":"0.000000000"})"));
    EXPECT_THAT(bad, HasSubstr(R"("differences":3)"));
}

TEST_F(ReportTest, an_invoice_is_imported_once_and_compared) {
    account();
    post("/admin/accounts/acc_1/credit", R"({"amount":"1"})");
    call("req_1", 100, 100, 60);
    const auto text = R"("date,model,request_id,units,cost\n)" + today + R"(,up,req_1,10,0.00000006\n")";
    const auto body = R"({"invoice_id":"2026/11 a","provider":"p","text":)" + text + "}";
    const auto made = post("/admin/invoices", body);
    EXPECT_EQ(made.status, 201) << made.json;
    EXPECT_THAT(made.json, HasSubstr(R"("invoice_id":"2026/11 a","lines":1)"));
    EXPECT_THAT(made.json, HasSubstr(R"("agrees":true,"rows":[{"day":")" + today +
                                     R"(","provider":"p","model":"up","agrees":true,"theirs":{"calls":1,"units":10,)"
                                     R"("cost_usd":"0.000000060"},"ours":{"calls":1,"units":10,)"
                                     R"("cost_usd":"0.000000060"}}])"));
    EXPECT_THAT(post("/admin/invoices", body).json, HasSubstr(R"("imported_before":true)"));
    call("req_2", 100, 100, 60);
    EXPECT_THAT(get("/admin/invoices/2026%2F11%20a").json,
                HasSubstr(R"("request_differences":1,"requests":[{"request_id":"req_2","what":"not on the invoice")"));
    EXPECT_THAT(get("/admin/invoices").json, HasSubstr(R"({"invoices":[{"invoice_id":"2026/11 a","lines":1,)"));
    EXPECT_THAT(get("/admin/audit", "action=invoice.import").json, HasSubstr(R"("object":"invoice 2026/11 a")"));
    EXPECT_EQ(refusal(post("/admin/invoices",
                           R"({"invoice_id":"2026/11 a","provider":"p","text":"date,model,units\n2026-11-20,m,1"})")),
              "409 conflict invoice_id");
    EXPECT_EQ(refusal(post("/admin/invoices", R"({"invoice_id":"x","text":"date,model\nx"})")), "400 bad_param text");
    EXPECT_EQ(refusal(post("/admin/invoices", R"({"invoice_id":"x"})")), "400 bad_param text");
    EXPECT_EQ(refusal(post("/admin/invoices", R"({"text":"x"})")), "400 bad_param invoice_id");
    EXPECT_EQ(refusal(get("/admin/invoices/none")), "404 resource_not_found invoice_id");
}
