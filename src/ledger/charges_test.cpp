#include "ledger/charges.h"

#include <gtest/gtest.h>

#include <atomic>

#include "ledger/free_tier.h"
#include "ledger/statement_store.h"
#include "ledger/testing/book_rig.h"

namespace aig::ledger::testing {
namespace {
std::vector<std::string> resolved(BookRig& rig, int64_t from_us, int64_t to_us) {
    std::vector<std::string> out;
    const auto see = [&](const Resolved& r) {
        out.push_back(std::string(r.request_id) + (r.voided ? " void " : " ") + std::to_string(r.charged_nanos) + "+" +
                      std::to_string(r.overage_nanos) + " loss " + std::to_string(r.loss_nanos));
    };
    const auto done = rig.store().read_now([&](store::Db& db) { return each_resolved(db, from_us, to_us, see); });
    EXPECT_TRUE(done) << done.error().message();
    return out;
}
HoldRequest request(AccountId account, std::string id, int64_t amount) {
    HoldRequest r;
    r.account = account;
    r.amount_nanos = r.least_nanos = amount;
    r.request_id = std::move(id);
    return r;
}

TEST(Charges, are_read_back_call_by_call) {
    BookRig rig;
    const auto account = rig.fund(1'000);
    ASSERT_TRUE(rig.book().grant_now(account, 100, 0, "bonus", ""));
    ASSERT_TRUE(rig.settle(*rig.hold(request(account, "req_split", 300)), 250));  // 100 of the bonus, 150 of the wallet
    ASSERT_TRUE(rig.release(*rig.hold(request(account, "req_failed", 10)), VoidReason::failed, 7));
    ASSERT_TRUE(rig.release(*rig.hold(request(account, "req_gone", 10)), VoidReason::client_gone, 0));
    ASSERT_TRUE(rig.settle(*rig.hold(request(account, "req_over", 10)), 2'000));  // 850 are left
    const auto open = rig.hold(request(account, "req_open", 0));
    EXPECT_EQ(resolved(rig, 0, INT64_MAX),
              (std::vector<std::string>{"req_split 250+0 loss 0", "req_failed void 0+0 loss 7",
                                        "req_gone void 0+0 loss 0", "req_over 850+1150 loss 0"}));
    EXPECT_TRUE(resolved(rig, 0, 1).empty());
}

/// A request's id as the gateway makes it, begun at a time of the rig's clock.
std::string id_at(int64_t us, char last) {
    constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string id = "req_0000000000" + std::string(15, '0') + last;
    for (int64_t ms = us / 1'000, i = 13; i >= 4; --i, ms >>= 5) id[static_cast<size_t>(i)] = digits[ms & 31];
    return id;
}

std::atomic<int64_t> fake_us{0};
BookOptions with_clock() {
    fake_us = *end_of_day_us("2026-11-19");
    BookOptions o;
    o.now_us = [] { return fake_us.load(); };
    return o;
}

TEST(Charges, are_found_by_their_request_and_reports_read_only_their_days) {
    constexpr int64_t day_us = 86'400'000'000;
    BookRig rig{{}, with_clock()};
    const auto key = *NodeKey::open(rig.folder().path() + "/node.key");
    const auto account = rig.fund(1'000'000), other = rig.fund(1'000'000);
    std::vector<std::string> ids;
    for (int day = 0; day < 5; ++day, fake_us += day_us) {
        ids.push_back(id_at(fake_us, static_cast<char>('A' + day)));
        ASSERT_TRUE(rig.settle(*rig.hold(request(account, ids.back(), 10 + day)), 10 + day));
        if (day == 2) {  // the clock is put back a day and a half, and on again
            fake_us -= day_us * 3 / 2;
            ids.push_back(id_at(fake_us, 'Z'));
            ASSERT_TRUE(rig.settle(*rig.hold(request(account, ids.back(), 99)), 99));
            fake_us += day_us * 3 / 2;
        }
    }
    ASSERT_EQ(*close_ended_days(rig.store(), key, fake_us + day_us / 24), 5);
    const auto entry_of = [&](AccountId a, const std::string& id) {
        int64_t entry = -1;
        EXPECT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
            TRY(entry, charge_of(db, a, id));
            return {};
        }));
        return entry;
    };
    for (const auto& id : ids) {
        EXPECT_GT(entry_of(account, id), 0) << id;
        EXPECT_EQ(entry_of(other, id), 0);
    }
    for (const char* id : {"", "req_1", "req_not-an-id-0000000000000000", "req_ZZZZZZZZZZ0000000000000000"})
        EXPECT_EQ(entry_of(account, id), 0) << id;
    // Each charge stands in the day its clock said, in whichever day of the journal it was written.
    const int64_t first = fake_us - 5 * day_us;
    const std::vector<size_t> on_day = {2, 1, 1, 1, 1};
    for (size_t day = 0; day < 5; ++day) {
        const auto from = first + static_cast<int64_t>(day) * day_us;
        EXPECT_EQ(resolved(rig, from, from + day_us).size(), on_day[day]) << day;
    }
    const auto ranges = [&](int64_t from, int64_t to) {
        std::vector<sql::EntryRange> out;
        EXPECT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
            TRY(out, sql::entry_ranges(db, from, to));
            return {};
        }));
        return out.size();
    };
    EXPECT_EQ(ranges(first + 4 * day_us, first + 5 * day_us), 2u) << "one day and what is not closed yet";
    EXPECT_EQ(ranges(first, first + day_us), 3u) << "also the day in which the clock was put back";
    ASSERT_TRUE(
        rig.commit(store::op([](store::Db& db) { return db.script("UPDATE ledger_day SET to_us = from_us"); })));
    EXPECT_FALSE(rig.verify().ok) << "a day's times are checked";
}

}  // namespace
}  // namespace aig::ledger::testing
