#include "records/invoices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "records/margin.h"
#include "records/records.h"
#include "records/records_store.h"
#include "store/testing/temporary_store.h"

namespace aig::records {
namespace {
using ::testing::HasSubstr;
constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t day = 20'777;  // 2026-11-20

class Invoices : public ::testing::Test {
  protected:
    void call(std::string id, std::string provider, std::string model, int64_t tokens, int64_t operator_cost,
              int64_t at_us = day * day_us, int64_t cost = 0, AccountId account = {1}) {
        CallRecord c;
        c.request_id = std::move(id);
        c.account = account;
        c.provider = std::move(provider);
        c.upstream_model = c.model = std::move(model);
        c.started_us = at_us;
        c.input = tokens;
        c.cost_nanos = cost;
        c.operator_cost_nanos = operator_cost;
        if (cost == 0) c.error_code = "upstream_failed";
        store::Batch b;
        b.ops.push_back(record(c));
        ASSERT_TRUE(store_->commit_now(std::move(b)));
    }
    Result<Imported> import(std::string id, std::string_view text, std::string_view provider = "") {
        TRY(const auto lines, parse_invoice(text, provider));
        return import_invoice(*store_, std::move(id), text, lines, {.actor = "me", .action = "invoice.import"});
    }
    Reconciliation reconciled(std::string_view id) {
        Reconciliation r;
        const auto done = store_->read_now([&](store::Db& db) -> Status {
            TRY(const auto head, invoice(db, id));
            TRY(r, reconcile(db, head, 10));
            return {};
        });
        EXPECT_TRUE(done) << done.error().message();
        return r;
    }
    std::vector<MarginRow> margins(MarginBy by, const BeyondByRequest& beyond = {}) {
        std::vector<MarginRow> rows;
        const auto done = store_->read_now([&](store::Db& db) -> Status {
            TRY(rows, margin(db, 0, INT64_MAX, by, beyond, 100));
            return {};
        });
        EXPECT_TRUE(done) << done.error().message();
        return rows;
    }
    store::testing::TemporaryStore store_;
};

/// How the engine finds rows: "SEARCH c USING INDEX …" lines.
std::string plan_of(store::Store& store, const std::string& sql) {
    static std::set<std::string> asked;  // a statement is known by where its text lies
    const auto& text = *asked.insert("EXPLAIN QUERY PLAN " + sql).first;
    std::string plan;
    const auto done = store.read_now([&](store::Db& db) -> Status {
        auto q = db.query(text.c_str());
        q.bind(int64_t{0}).bind(int64_t{1}).bind(int64_t{2});
        for (;;) {
            TRY(const bool row, q.step());
            if (!row) return {};
            plan += std::string(q.text(3)) + "\n";
        }
    });
    EXPECT_TRUE(done) << done.error().message();
    return plan;
}

std::string fault_of(std::string_view text, std::string_view provider = "p") {
    const auto parsed = parse_invoice(text, provider);
    return parsed ? "" : parsed.error().message();
}

TEST(InvoiceText, csv_and_json_lines_mean_the_same) {
    const auto csv = parse_invoice(
        "date,provider,model,note,request_id,units,cost\r\n"
        "2026-11-20,openai,\"gpt \"\"5\"\", big\",x,req_1,12,0.0000015\r\n\r\n"
        "2026-11-21T23:59:59Z,openai,b,,,7,\n",
        "");
    const auto json = parse_invoice(
        "{\"date\":\"2026-11-20\",\"provider\":\"openai\",\"model\":\"gpt \\\"5\\\", "
        "big\",\"request_id\":\"req_1\",\"units\":12,"
        "\"cost\":\"0.0000015\"}\n{\"date\":\"2026-11-21\",\"model\":\"b\",\"input_tokens\":3,\"output_tokens\":4}\n",
        "openai");
    ASSERT_TRUE(csv && json);
    for (const auto* lines : {&*csv, &*json}) {
        ASSERT_EQ(lines->size(), 2u);
        EXPECT_EQ((*lines)[0].day, day);
        EXPECT_EQ((*lines)[0].model, "gpt \"5\", big");
        EXPECT_EQ((*lines)[0].request_id, "req_1");
        EXPECT_EQ((*lines)[0].units, 12);
        EXPECT_EQ((*lines)[0].cost_nanos, 1'500);
        EXPECT_EQ((*lines)[1].day, day + 1);
        EXPECT_EQ((*lines)[1].units, 7);
        EXPECT_EQ((*lines)[1].provider, "openai");
        EXPECT_FALSE((*lines)[1].cost_nanos);
    }
}

TEST(InvoiceText, digits_beyond_the_ninth_are_rounded_half_up) {
    const auto cost = [](std::string_view text) {
        return *(*parse_invoice("date,model,units,cost\n2026-11-20,m,1," + std::string(text) + "\n", "p"))[0]
                    .cost_nanos;
    };
    EXPECT_EQ(cost("0.0000000014999"), 1);
    EXPECT_EQ(cost("0.0000000015"), 2);
    EXPECT_EQ(cost("1.23456789012345678901"), 1'234'567'890);
    EXPECT_EQ(cost("1e-7"), 100);
}

TEST(InvoiceText, a_fault_names_its_line) {
    const std::string head = "date,model,units,cost\n";
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1,1\n2026-02-30,m,1,1\n"), HasSubstr("line 3: date"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,-1,1\n"), HasSubstr("line 2: units"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1.5,1\n"), HasSubstr("line 2: units"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1,-1\n"), HasSubstr("line 2: cost"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1,0.1234567891x\n"), HasSubstr("line 2: cost"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1,9999999999\n"), HasSubstr("line 2: cost"));
    EXPECT_THAT(fault_of(head + "2026-11-20,,1,1\n"), HasSubstr("no model"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1\n"), HasSubstr("has 3 columns"));
    EXPECT_THAT(fault_of(head + "2026-11-20,\"m,1,1\n"), HasSubstr("quote"));
    EXPECT_THAT(fault_of(head + "2026-11-20,m,1,1\n", ""), HasSubstr("no provider"));
    EXPECT_THAT(fault_of("2026-11-20,m,1,1\n"), HasSubstr("line 1: the first line must name the columns"));
    EXPECT_THAT(fault_of("date,date,model\n"), HasSubstr("twice"));
    EXPECT_THAT(fault_of("{\"date\":\"2026-11-20\"}\n"), HasSubstr("line 1: names no model"));
    EXPECT_THAT(fault_of("{\"date\"\n"), HasSubstr("line 1"));
    EXPECT_THAT(fault_of(head), HasSubstr("no lines"));
    EXPECT_THAT(fault_of(""), HasSubstr("no lines"));
}

TEST_F(Invoices, agree_when_every_call_is_there) {
    call("req_1", "openai", "a", 10, 100);
    call("req_2", "openai", "a", 20, 200);
    call("req_3", "other", "a", 99, 999);  // not on this provider's invoice
    ASSERT_TRUE(
        import("inv-1",
               "{\"call\":\"c1\",\"request_id\":\"req_1\",\"wire\":\"openai\",\"model\":\"a\",\"input_tokens\":4,"
               "\"output_tokens\":6,\"status\":200,\"at_us\":1795132800000001}\n"
               "{\"call\":\"c2\",\"request_id\":\"req_2\",\"model\":\"a\",\"input_tokens\":20,\"output_tokens\":0,"
               "\"at_us\":1795132800000002}\n",
               "openai"));
    const auto r = reconciled("inv-1");
    ASSERT_EQ(r.rows.size(), 1u);
    EXPECT_EQ(r.rows[0].day, day);
    EXPECT_EQ(r.rows[0].theirs.units, 30);
    EXPECT_EQ(r.rows[0].ours, (Side{2, 30, 300}));
    EXPECT_FALSE(r.rows[0].priced);
    EXPECT_TRUE(r.agrees());
}

TEST_F(Invoices, differences_are_named_call_by_call) {
    call("req_1", "openai", "a", 10, 100);
    call("req_2", "openai", "a", 20, 200);
    call("req_3", "openai", "b", 30, 300);
    call("req_5", "openai", "a", 7, 70);
    ASSERT_TRUE(import("inv-1",
                       "date,provider,model,request_id,units,cost\n"
                       "2026-11-20,openai,a,req_1,10,0.0000001\n"
                       "2026-11-20,openai,a,req_2,21,0.0000002\n"
                       "2026-11-20,openai,a,req_4,5,0.00000005\n"
                       "2026-11-20,openai,a,req_5,7,0.00000008\n"));
    const auto r = reconciled("inv-1");
    EXPECT_FALSE(r.agrees());
    ASSERT_EQ(r.rows.size(), 2u);
    EXPECT_EQ(r.rows[0].theirs, (Side{4, 43, 430}));
    EXPECT_EQ(r.rows[0].ours, (Side{3, 37, 370}));
    EXPECT_EQ(r.rows[1].ours, (Side{1, 30, 300}));
    std::vector<std::string> found;
    for (const auto& d : r.requests) found.push_back(d.request_id + " " + d.what);
    EXPECT_EQ(found, (std::vector<std::string>{"req_2 other units", "req_3 not on the invoice", "req_4 not in our log",
                                               "req_5 other cost"}));
}

TEST_F(Invoices, are_stored_once_by_their_id) {
    const std::string text = "date,model,units\n2026-11-20,m,1\n";
    EXPECT_FALSE(import("inv-1", text, "p")->before);
    EXPECT_TRUE(import("inv-1", text, "p")->before);
    EXPECT_EQ(import("inv-1", text + "2026-11-20,m,2\n", "p").error().code(), ErrorCode::conflict);
    EXPECT_EQ(reconciled("inv-1").rows[0].theirs.units, 1);
    std::vector<InvoiceHead> heads;
    std::vector<AuditRow> acts;
    ASSERT_TRUE(store_->read_now([&](store::Db& db) -> Status {
        TRY(heads, invoices(db, 10));
        TRY(acts, audit_log(db, {}, "", 0, 10));
        return {};
    }));
    EXPECT_EQ(heads.size(), 1u);
    EXPECT_EQ(acts.size(), 1u);
}

TEST_F(Invoices, many_lines_come_in_parts) {
    std::string text = "date,model,units\n";
    for (int i = 0; i < 4'500; ++i) text += "2026-11-20,m,1\n";
    ASSERT_TRUE(import("inv-1", text, "p"));
    EXPECT_EQ(reconciled("inv-1").rows[0].theirs, (Side{4'500, 4'500, 0}));
}

TEST_F(Invoices, margin_and_recon_read_the_days_that_are_asked_for) {
    for (const char* sql : sql::margin_statements()) {
        const auto plan = plan_of(*store_, sql);
        EXPECT_NE(plan.find("c USING INDEX call_account (account_id=? AND started_us>? AND started_us<?)"),
                  std::string::npos)
            << sql << "\n"
            << plan;
        EXPECT_NE(plan.find("a USING PRIMARY KEY (account_id=? AND last_us>? AND last_us<?)"), std::string::npos)
            << plan;
        EXPECT_NE(plan.find("p USING INTEGER PRIMARY KEY (rowid=?)"), std::string::npos) << plan;
        EXPECT_EQ(plan.find("SCAN c\n"), std::string::npos) << plan;
        EXPECT_EQ(plan.find("SCAN p\n"), std::string::npos) << plan;
    }
}

TEST_F(Invoices, margin_is_what_was_paid_less_what_it_cost) {
    call("req_1", "openai", "a", 1, 60, day * day_us, 100);
    call("req_2", "openai", "a", 1, 60, day * day_us + 1, 101);  // of which 1 could not be paid
    call("req_3", "other", "a", 1, 40, day * day_us + 2, 0);     // failed, and cost the operator 40
    call("req_4", "openai", "b", 1, 5, (day + 1) * day_us, 50, {2});
    const BeyondByRequest beyond{{"req_2", {1, 0, {}}}, {"req_3", {0, 40, {}}}};
    auto rows = margins({true, true, false, false}, beyond);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].day, day);
    EXPECT_EQ(rows[0].calls, 3);
    EXPECT_EQ(rows[0].failed, 1);
    EXPECT_EQ(rows[0].charged_nanos, 200);
    EXPECT_EQ(rows[0].charged_usd_nanos, 200);
    EXPECT_EQ(rows[0].overage_nanos, 1);
    EXPECT_EQ(rows[0].operator_cost_nanos, 160);
    EXPECT_EQ(rows[0].operator_loss_nanos, 40);
    EXPECT_EQ(rows[0].margin_nanos(), 40);
    EXPECT_EQ(rows[1].margin_nanos(), 45);
    rows = margins({false, false, true, true}, beyond);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].provider, "openai");
    EXPECT_EQ(rows[0].account, AccountId{1});
    EXPECT_EQ(rows[0].charged_nanos, 200);
    EXPECT_EQ(rows[2].provider, "other");
    EXPECT_EQ(rows[2].margin_nanos(), -40);
    EXPECT_EQ(margins({false, false, false, false}).size(), 1u);
}

TEST_F(Invoices, margin_needs_the_rate_of_another_currency) {
    store::Batch b;
    b.ops.push_back(store::op([](store::Db& db) {
        return db.script("INSERT INTO wallet (account_id, kind, currency) VALUES (2, 0, 'TMT')");
    }));
    ASSERT_TRUE(store_->commit_now(std::move(b)));
    CallRecord c;
    c.account = AccountId{2};
    c.cost_nanos = 350;
    c.operator_cost_nanos = 60;
    for (const char* id : {"req_1", "req_2"}) {
        c.request_id = id;
        store::Batch one;
        one.ops.push_back(record(c));
        ASSERT_TRUE(store_->commit_now(std::move(one)));
    }
    const auto rows = margins({false, false, false, false}, {{"req_1", {0, 0, 100}}});
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].currency, "TMT");
    EXPECT_EQ(rows[0].charged_nanos, 700);
    EXPECT_EQ(rows[0].charged_usd_nanos, 100);
    EXPECT_EQ(rows[0].without_rate, 1);
}

}  // namespace
}  // namespace aig::records
