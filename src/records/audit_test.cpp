#include "records/audit.h"
#include "store/testing/temporary_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aig::records {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Audit : public ::testing::Test {
  protected:
    Status commit(std::unique_ptr<store::Op> op, Status other = {}) {
        store::Batch b;
        b.guarded = true;
        b.ops.push_back(std::move(op));
        b.ops.push_back(store::op([other](store::Db&) { return other; }));
        return store_->commit_now(std::move(b));
    }
    void write(std::string action, AccountId account = {}) {
        const AuditEntry e{"operator:token", std::move(action), "thing", account, R"({"n":1})", "192.0.2.1"};
        ASSERT_TRUE(commit(audit(e)));
    }
    void sql(std::string text) {
        store::Batch b;
        b.ops.push_back(store::op([&](store::Db& db) { return db.script(text); }));
        ASSERT_TRUE(store_->commit_now(std::move(b)));
    }
    std::vector<std::string> faults() {
        AuditReport report;
        EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
            TRY(report, verify_audit(db));
            return {};
        }));
        return report.faults;
    }
    std::vector<AuditRow> log(AccountId account = {}, std::string_view action = "", int64_t before = 0,
                              int64_t limit = 100) {
        std::vector<AuditRow> rows;
        EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
            TRY(rows, audit_log(db, account, action, before, limit));
            return {};
        }));
        return rows;
    }
    store::testing::TemporaryStore store_;
};

TEST_F(Audit, lists_newest_first_by_account_and_action) {
    write("a", AccountId{1});
    write("b", AccountId{2});
    write("a", AccountId{2});
    ASSERT_EQ(log().size(), 3u);
    EXPECT_EQ(log()[0].id, 3);
    EXPECT_EQ(log()[0].entry.from, "192.0.2.1");
    EXPECT_EQ(log({}, "a").size(), 2u);
    EXPECT_EQ(log(AccountId{2}, "a").size(), 1u);
    EXPECT_EQ(log({}, "", 3, 1)[0].id, 2);
    EXPECT_TRUE(faults().empty());
}

TEST_F(Audit, is_written_with_the_act_or_not_at_all) {
    EXPECT_FALSE(commit(audit(AuditEntry{.actor = "x", .action = "y"}), Error(ErrorCode::conflict, "no")));
    EXPECT_TRUE(log().empty());
    write("a");
    EXPECT_EQ(log()[0].id, 1);
    EXPECT_TRUE(faults().empty());
}

TEST_F(Audit, any_changed_column_of_any_row_names_the_row) {
    for (int i = 0; i < 3; ++i) write("a", AccountId{7});
    const char* changes[] = {"at_us = at_us + 1", "actor = 'operator:tokem'", "action = 'b'",  "object = 'thinG'",
                             "account_id = 8",    "origin = '192.0.2.2'",     "detail = '{}'", "hash = x'00'"};
    for (const char* change : changes) {
        sql("CREATE TABLE kept AS SELECT * FROM audit");
        sql(std::string("UPDATE audit SET ") + change + " WHERE id = 2");
        ASSERT_FALSE(faults().empty()) << change;
        EXPECT_THAT(faults()[0], HasSubstr("audit row 2")) << change;
        sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
        ASSERT_TRUE(faults().empty());
    }
}

TEST_F(Audit, moved_bytes_between_columns_are_seen) {
    write("ab");
    sql("UPDATE audit SET action = 'a', object = 'bthing'");
    EXPECT_THAT(faults(), ElementsAre("hash chain of the audit log: audit row 1"));
}

TEST_F(Audit, a_missing_row_and_a_cut_tail_are_seen) {
    for (int i = 0; i < 3; ++i) write("a");
    sql("DELETE FROM audit WHERE id = 3");
    EXPECT_THAT(faults(), ElementsAre("the audit log ends where its head says: audit row 3"));
    sql("DELETE FROM audit WHERE id = 1");
    EXPECT_THAT(faults()[0], HasSubstr("without a gap: audit row 2"));
}

TEST_F(Audit, texts_are_bounded) {
    ASSERT_TRUE(commit(audit(AuditEntry{.actor = std::string(299, 'x') + "é",
                                        .action = std::string(1000, 'y'),
                                        .detail_json = "{\"a\":\"" + std::string(5000, 'z') + "\"}"})));
    const auto e = log()[0].entry;
    EXPECT_EQ(e.actor, std::string(299, 'x'));
    EXPECT_EQ(e.action.size(), 300u);
    EXPECT_EQ(e.detail_json, R"({"cut":true})");
    EXPECT_TRUE(faults().empty());
}

}  // namespace
}  // namespace aig::records
