// Honest transfers are credited once, whatever happens in between; attacks credit nothing.
#include "topup/testing/topup_rig.h"

#include "base/money.h"
#include "base/time.h"

using namespace aig;
using namespace aig::topup;
using namespace aig::topup::testing;

namespace {
constexpr int64_t dollar = nanos_per_unit;
constexpr uint64_t usdt = 1'000'000;
}  // namespace

TEST(TronDeposits, one_transfer_is_credited_once) {
    TopupRig rig;
    const auto account = rig.customer();
    const auto tx = rig.chain.pay(rig.address(account), 25 * usdt + 1);
    ASSERT_TRUE(rig.round());
    EXPECT_EQ(rig.balance(account), 25 * dollar + 1'000);
    rig.rounds(5);
    rig.restart();
    rig.rounds(5);
    EXPECT_EQ(rig.balance(account), 25 * dollar + 1'000);
    const auto all = rig.deposits(account);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].external_id, tx + ":0");
    EXPECT_EQ(all[0].told, "25000001");
    EXPECT_EQ(all[0].credited_nanos, 25 * dollar + 1'000);
    EXPECT_EQ(all[0].block_hash.size(), 64u);
    EXPECT_TRUE(rig.books.verify().ok);
}

TEST(TronDeposits, two_logs_in_one_transaction_are_two_deposits) {
    TopupRig rig;
    const auto a = rig.customer(), b = rig.customer();
    rig.chain.add({{},
                   0,
                   "SUCCESS",
                   "SUCCESS",
                   {transfer(rig.address(a), 2 * usdt), transfer(rig.address(a), 3 * usdt),
                    transfer(address_text(999), 7 * usdt), transfer(rig.address(b), 4 * usdt)},
                   true});
    rig.rounds(3);
    EXPECT_EQ(rig.balance(a), 5 * dollar);
    EXPECT_EQ(rig.balance(b), 4 * dollar);
    EXPECT_EQ(rig.deposits().size(), 3u);
}

TEST(TronDeposits, what_was_seen_is_credited_after_a_kill) {
    TopupRig rig;
    const auto account = rig.customer();
    rig.chain.pay(rig.address(account), 10 * usdt);
    // Seen and written down, and then nothing answers any more.
    rig.nodes[0]->lie([](const std::string& path, const std::string&) -> std::optional<std::string> {
        if (path.ends_with("gettransactioninfobyid")) return "";
        return {};
    });
    rig.rounds(2);
    EXPECT_EQ(rig.balance(account), 0);
    rig.restart();
    rig.nodes[0]->lie([](const std::string& path, const std::string&) -> std::optional<std::string> {
        if (path.starts_with("/v1/")) return R"({"data":[],"success":true,"meta":{}})";  // it is listed no more
        return {};
    });
    rig.rounds(2);
    EXPECT_EQ(rig.balance(account), 10 * dollar);
}

TEST(TronDeposits, booked_and_then_killed_before_the_sighting_was_closed) {
    TopupRig rig;
    const auto account = rig.customer();
    rig.chain.pay(rig.address(account), 10 * usdt);
    rig.rounds(1);
    rig.tamper("UPDATE topup_sighting SET status = 0, due_us = 0");
    rig.restart();
    rig.rounds(3);
    EXPECT_EQ(rig.balance(account), 10 * dollar);
    EXPECT_EQ(rig.deposits(account).size(), 1u);
}

TEST(TronDeposits, after_an_outage_nothing_is_lost) {
    for (const bool fingerprints : {true, false}) {
        TopupRig rig;
        rig.nodes[0]->no_fingerprints = !fingerprints;
        const auto account = rig.customer();
        const auto address = rig.address(account);
        rig.chain.pay(address, 1 * usdt);
        rig.rounds(2);
        EXPECT_EQ(rig.balance(account), 1 * dollar);
        rig.nodes[0]->status = 503;
        for (int i = 0; i < 230; ++i) {  // more than four pages, over more than two hours
            rig.chain.pass(10);
            rig.chain.pay(address, 2 * usdt);
            if (i % 50 == 0) EXPECT_FALSE(rig.round());
        }
        EXPECT_EQ(rig.balance(account), 1 * dollar);
        rig.restart();
        rig.nodes[0]->status = 200;
        for (int i = 0; i < 60 && rig.balance(account) < 461 * dollar; ++i) (void)rig.round();
        EXPECT_EQ(rig.balance(account), 461 * dollar) << fingerprints;
        EXPECT_EQ(rig.deposits(account).size(), 231u);
    }
}

TEST(TronDeposits, a_round_asks_a_bounded_number_of_times) {
    TopupRig rig;
    rig.settings.tron->requests_a_round = 12;
    rig.restart();
    const auto account = rig.customer();
    for (int i = 0; i < 40; ++i) rig.chain.pay(rig.address(account), usdt);
    const int before = rig.nodes[0]->requests;
    ASSERT_TRUE(rig.round());
    EXPECT_LE(rig.nodes[0]->requests - before, 12 + 6) << "one resolution may run over";
    for (int i = 0; i < 60; ++i) (void)rig.round();
    EXPECT_EQ(rig.balance(account), 40 * dollar);
}

TEST(TronDeposits, one_flooded_address_does_not_starve_another) {
    TopupRig rig;
    rig.settings.tron->requests_a_round = 30;
    rig.restart();
    const auto flooded = rig.customer(), other = rig.customer();
    for (int i = 0; i < 300; ++i) rig.chain.pay(rig.address(flooded), 1);
    rig.chain.pay(rig.address(other), 5 * usdt);
    for (int i = 0; i < 400 && rig.balance(other) == 0; ++i) (void)rig.round();
    EXPECT_EQ(rig.balance(other), 5 * dollar);
    EXPECT_EQ(rig.balance(flooded), 0) << "below the minimum, each";
}

TEST(TronDeposits, a_new_customer_is_watched_and_an_old_transfer_is_not_theirs) {
    TopupRig rig;
    const auto account = rig.customer();
    FakeTx old{{}, 0, "SUCCESS", "SUCCESS", {transfer(rig.address(account), 9 * usdt)}, true};
    const auto tx = rig.chain.add(old);
    // The address was assigned long after that block.
    rig.settings.tron->assigned_tolerance_ms = -86'400'000;
    rig.restart();
    ASSERT_TRUE(rig.topups->watcher()->look_at_now(tx));
    rig.rounds(3);
    EXPECT_EQ(rig.balance(account), 0);
    EXPECT_EQ(rig.status(account), "unassigned");
}

TEST(TronDeposits, a_transaction_that_no_list_has_can_be_named) {
    TopupRig rig;
    const auto account = rig.customer();
    rig.nodes[0]->lie([](const std::string& path, const std::string&) -> std::optional<std::string> {
        if (path.starts_with("/v1/")) return R"({"data":[],"success":true,"meta":{}})";
        return {};
    });
    const auto tx = rig.chain.pay(rig.address(account), 3 * usdt);
    rig.rounds(3);
    EXPECT_EQ(rig.balance(account), 0);
    EXPECT_FALSE(rig.topups->watcher()->look_at_now("nonsense"));
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(rig.topups->watcher()->look_at_now(tx));
    rig.rounds(3);
    EXPECT_EQ(rig.balance(account), 3 * dollar);
}

// ---- two nodes
// -------------------------------------------------------------------------------------------------------

TEST(TwoNodes, above_the_threshold_one_word_is_not_enough) {
    TopupRig rig(2, 100 * dollar);
    const auto account = rig.customer();
    // The first node makes a deposit up; the second one has never heard of it.
    FakeChain forged(rig.chain.time_of(rig.chain.solid() - 1));
    rig.nodes[1]->lie([](const std::string& path, const std::string&) -> std::optional<std::string> {
        if (path.ends_with("gettransactioninfobyid")) return "{}";
        return {};
    });
    rig.chain.pay(rig.address(account), 101 * usdt);
    rig.rounds(4);
    EXPECT_EQ(rig.balance(account), 0);
    EXPECT_EQ(rig.status(account), "pending");
    rig.nodes[1]->lie(nullptr);
    rig.rounds(4);
    EXPECT_EQ(rig.balance(account), 101 * dollar);
    EXPECT_EQ(rig.deposits(account)[0].witnesses, 2);
}

TEST(TwoNodes, a_lie_about_the_amount_is_seen) {
    TopupRig rig(2, 100 * dollar);
    const auto account = rig.customer();
    rig.chain.pay(rig.address(account), 150 * usdt);
    rig.nodes[1]->lie([&rig](const std::string& path, const std::string& body) -> std::optional<std::string> {
        if (!path.ends_with("gettransactioninfobyid")) return {};
        return replaced(rig.chain.info_json(body.substr(body.find(":\"") + 2, 64)), word(150 * usdt), word(950 * usdt));
    });
    rig.rounds(6);
    EXPECT_EQ(rig.balance(account), 0);
    EXPECT_EQ(rig.status(account), "disputed");
    rig.nodes[1]->lie(nullptr);
    rig.rounds(6);
    EXPECT_EQ(rig.balance(account), 150 * dollar) << "as soon as they agree";
}

TEST(TwoNodes, small_deposits_add_up_to_the_threshold) {
    TopupRig rig(2, 100 * dollar);
    const auto account = rig.customer(), other = rig.customer();
    rig.nodes[1]->status = 503;
    for (int i = 0; i < 5; ++i) rig.chain.pay(rig.address(account), 30 * usdt);
    rig.chain.pay(rig.address(other), 30 * usdt);
    rig.rounds(8);
    EXPECT_EQ(rig.balance(account), 90 * dollar) << "three on one node's word";
    EXPECT_EQ(rig.balance(other), 30 * dollar);
    rig.nodes[1]->status = 200;
    rig.rounds(8);
    EXPECT_EQ(rig.balance(account), 150 * dollar);
}

TEST(TwoNodes, a_node_that_denies_a_deposit_does_not_lose_it) {
    TopupRig rig(2, 100 * dollar);
    const auto account = rig.customer();
    rig.chain.pay(rig.address(account), 30 * usdt);
    rig.nodes[0]->lie([&rig](const std::string& path, const std::string& body) -> std::optional<std::string> {
        if (!path.ends_with("gettransactioninfobyid")) return {};
        return replaced(rig.chain.info_json(body.substr(body.find(":\"") + 2, 64)), "\"SUCCESS\"", "\"REVERT\"");
    });
    rig.rounds(6);
    EXPECT_EQ(rig.balance(account), 30 * dollar) << "from the other node, in the end";
}

TEST(TwoNodes, when_one_is_down_the_other_is_followed) {
    TopupRig rig(2, INT64_MAX);
    rig.nodes[0]->status = 500;
    const auto account = rig.customer();
    rig.chain.pay(rig.address(account), 30 * usdt);
    rig.rounds(8);
    EXPECT_EQ(rig.balance(account), 30 * dollar);
}

// ---- the proof
// -------------------------------------------------------------------------------------------------------

namespace {
sql::ProofRow prove(TopupRig& rig) {
    const auto day = utc_day(rig.chain.time_of(rig.chain.solid()) * 1'000);
    auto row =
        ledger::testing::run<Result<sql::ProofRow>>((*rig.loops)[0], [&] { return rig.topups->watcher()->prove(day); });
    EXPECT_TRUE(row) << row.error().message();
    return row ? *row : sql::ProofRow{};
}
}  // namespace

TEST(TronProof, books_equal_the_chain) {
    TopupRig rig(2);
    const auto account = rig.customer();
    for (int i = 0; i < 60; ++i) rig.chain.pay(rig.address(account), 2 * usdt);
    rig.chain.pay(rig.address(account), 5);
    rig.rounds(10);
    auto row = prove(rig);
    EXPECT_TRUE(row.ok) << row.faults_json;
    EXPECT_EQ(row.transfers, 61);
    EXPECT_EQ(row.on_chain, 120 * dollar + 5'000);
    EXPECT_EQ(row.credited, 120 * dollar);
    rig.tamper("UPDATE deposit SET amount = amount - 1 WHERE id = 3");
    EXPECT_FALSE(prove(rig).ok);
}

TEST(TronProof, finds_what_the_lists_left_out_and_it_is_credited) {
    TopupRig rig(2);
    const auto account = rig.customer();
    rig.nodes[0]->lie([](const std::string& path, const std::string&) -> std::optional<std::string> {
        if (path.starts_with("/v1/")) return R"({"data":[],"success":true,"meta":{}})";
        return {};
    });
    const auto tx = rig.chain.pay(rig.address(account), 8 * usdt);
    rig.rounds(3);
    EXPECT_EQ(rig.balance(account), 0);
    const auto row = prove(rig);
    EXPECT_FALSE(row.ok);
    EXPECT_NE(row.faults_json.find(tx), std::string::npos) << row.faults_json;
    rig.rounds(3);
    EXPECT_EQ(rig.balance(account), 8 * dollar);
    EXPECT_TRUE(prove(rig).ok);
}
