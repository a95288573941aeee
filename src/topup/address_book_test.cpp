// The address book: one account for ever, later changes only after a delay, and a seal that notices the database
// editor.
#include "topup/testing/topup_rig.h"

#include <set>

#include "base/money.h"
#include "base/time.h"

using namespace aig;
using namespace aig::topup;
using namespace aig::topup::testing;

TEST(AddressBook, an_address_is_one_accounts_for_ever) {
    TopupRig rig;
    std::set<std::string> given;
    for (int i = 0; i < 20; ++i) {
        const auto account = rig.customer();
        const auto first = rig.address(account);
        EXPECT_TRUE(given.insert(first).second);
        EXPECT_EQ(rig.address(account), first);
    }
    const auto none = rig.topups->addresses().address_of_now(rig.books.fund(0));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().reason(), "no_address");
}

TEST(AddressBook, later_imports_wait_and_wrong_ones_change_nothing) {
    TopupRig rig;
    auto& book = rig.topups->addresses();
    const auto late = book.import_now({address_text(100), address_text(0), address_text(100)}, {});
    ASSERT_TRUE(late);
    EXPECT_EQ(late->added, 1);
    EXPECT_EQ(late->known, 1);
    EXPECT_GT(late->usable_us, now_us() + 3'500'000'000);
    EXPECT_EQ(book.count_now()->free, 20);
    auto typo = address_text(101);
    typo[5] = typo[5] == 'A' ? 'B' : 'A';
    const auto refused = book.import_now({address_text(102), typo}, {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("line 2"), std::string::npos);
    EXPECT_EQ(book.count_now()->total, 21);
}

TEST(AddressBook, a_retired_address_is_shown_until_the_delay_is_over_and_watched_for_ever) {
    TopupRig rig;
    const auto account = rig.customer();
    const auto address = rig.address(account);
    ASSERT_TRUE(rig.topups->addresses().retire_now(address, {}));
    EXPECT_EQ(rig.address(account), address);
    EXPECT_FALSE(rig.topups->addresses().retire_now(address_text(5'000), {}));
    rig.settings.book_delay_us = 0;
    rig.restart();
    const auto other = rig.customer();
    const auto gone = rig.address(other);
    ASSERT_TRUE(rig.topups->addresses().retire_now(gone, {}));
    EXPECT_NE(rig.address(other), gone);
    rig.chain.pay(gone, 7'000'000);
    rig.rounds(3);
    EXPECT_EQ(rig.balance(other), 7 * nanos_per_unit);
}

TEST(AddressBook, a_row_that_was_changed_in_the_database_is_not_used) {
    TopupRig rig;
    const auto thief = rig.customer(), victim = rig.customer();
    const auto address = rig.address(victim);
    // The victim's address is turned into the thief's, and a free one is replaced.
    rig.tamper("UPDATE topup_address SET account_id = 1 WHERE account_id = 2");
    rig.tamper("UPDATE topup_address SET address = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t' WHERE id = 3");
    rig.restart();
    rig.chain.pay(address, 9'000'000);
    rig.rounds(3);
    EXPECT_EQ(rig.balance(thief), 0);
    EXPECT_EQ(rig.balance(victim), 0);
    EXPECT_NE(rig.address(rig.customer()), usdt_text);
    const auto rows = rig.topups->addresses().list_now(0, 100);
    ASSERT_TRUE(rows);
    EXPECT_EQ(std::count_if(rows->begin(), rows->end(), [](const auto& r) { return !r.sealed; }), 2);
}

TEST(TopupStatements, every_one_prepares_on_an_empty_database) {
    TopupRig rig;
    for (const char* text : sql::statements())
        EXPECT_TRUE(rig.books.store().read_now([&](store::Db& db) -> Status {
            (void)db.query(text);
            if (db.failure()) return Error(ErrorCode::internal, text);
            return {};
        })) << text;
}
