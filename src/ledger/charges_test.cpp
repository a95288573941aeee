#include "ledger/charges.h"

#include <gtest/gtest.h>

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
}  // namespace
}  // namespace aig::ledger::testing
