// What must not credit: each of these transfers is wrong in one point, and the next honest one is credited all the
// same.
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

// -----------------------------------------------------------------------------------

namespace {
struct Attack {
    const char* name;
    const char* status;  ///< of the deposit that is recorded; "none"
    std::function<void(TopupRig&, const std::string& address)> make;
    friend void PrintTo(const Attack& a, std::ostream* out) { *out << a.name; }
};

FakeTx honest(const std::string& address) {
    return {{}, 0, "SUCCESS", "SUCCESS", {transfer(address, 50 * usdt)}, true};
}
Lie answer_to(std::string path_end, std::function<std::string(const std::string&)> how, TopupRig& rig) {
    return [path_end, how, &rig](const std::string& path, const std::string& body) -> std::optional<std::string> {
        if (!path.ends_with(path_end)) return {};
        const auto at = body.find(":\"");
        const auto id = at == std::string::npos ? "" : body.substr(at + 2, 64);
        const auto true_answer =
            path_end == "gettransactioninfobyid" ? rig.chain.info_json(id)
            : path_end == "getblockbyid"
                ? rig.chain.block_json(FakeChain::number_of(id))
                : rig.chain.block_json(std::strtoll(body.c_str() + body.find(':') + 1, nullptr, 10));
        return how(true_answer);
    };
}
/// The first log is changed by `how`.
std::function<void(TopupRig&, const std::string&)> with_log(std::function<void(FakeLog&)> how) {
    return [how](TopupRig& rig, const std::string& address) {
        auto tx = honest(address);
        how(tx.logs[0]);
        const auto id = rig.chain.add(tx);
        (void)rig.topups->watcher()->look_at_now(id);  // a list that lies
    };
}

const Attack attacks[] = {
    {"a token that calls itself USDT", "wrong_token", with_log([](FakeLog& log) { log.contract = address_text(700); })},
    {"a receipt that failed", "failed",
     [](TopupRig& rig, const std::string& a) {
         auto tx = honest(a);
         tx.receipt = "OUT_OF_ENERGY";
         rig.chain.add(tx);
     }},
    {"a block that says the transaction was reverted", "failed",
     [](TopupRig& rig, const std::string& a) {
         auto tx = honest(a);
         tx.contract_ret = "REVERT";
         rig.chain.add(tx);
     }},
    {"listed for us, sent to somebody else", "none",
     with_log([](FakeLog& log) { log.topics[2] = topic_of(address_text(701)); })},
    {"an approval", "none", with_log([](FakeLog& log) { log.topics[0] = "8c5be1e5" + transfer_topic.substr(8); })},
    {"a log that was removed", "none", with_log([](FakeLog& log) { log.removed = true; })},
    {"an amount of 256 bits", "too_large", with_log([](FakeLog& log) { log.data = std::string(64, 'f'); })},
    {"an amount that wraps to 50 USDT in 64 bits", "too_large",
     with_log([](FakeLog& log) { log.data = std::string(47, '0') + "1" + word(50 * usdt).substr(48); })},
    {"an amount of zero", "none", with_log([](FakeLog& log) { log.data = word(0); })},
    {"an amount below the minimum", "below_minimum", with_log([](FakeLog& log) { log.data = word(usdt - 1); })},
    {"our address with something before it", "none",
     with_log([](FakeLog& log) { log.topics[2].replace(0, 24, "000000000000000000000041"); })},
    {"data of two words", "none", with_log([](FakeLog& log) { log.data += word(1); })},
    {"data that is not hex", "none", with_log([](FakeLog& log) { log.data = std::string(64, 'x'); })},
    {"a fork: listed, and gone when it is fetched", "none",
     [](TopupRig& rig, const std::string& a) {
         const auto id = rig.chain.add(honest(a));
         (void)rig.topups->watcher()->look_at_now(id);
         rig.chain.forget(id);
     }},
    {"not solidified yet", "none",
     [](TopupRig& rig, const std::string& a) {
         const auto id = rig.chain.add(honest(a), false);
         (void)rig.topups->watcher()->look_at_now(id);
     }},
    {"a node that calls a block above its solid head solid", "none",
     [](TopupRig& rig, const std::string& a) {
         const auto id = rig.chain.add(honest(a));
         (void)rig.topups->watcher()->look_at_now(id);
         rig.nodes[0]->lie(answer_to(
             "gettransactioninfobyid",
             [&rig](std::string t) {
                 return replaced(t, "\"blockNumber\":" + std::to_string(rig.chain.solid()), "\"blockNumber\":99999999");
             },
             rig));
     }},
    {"an answer about another transaction", "none",
     [](TopupRig& rig, const std::string& a) {
         const auto id = rig.chain.add(honest(a));
         rig.nodes[0]->lie(answer_to(
             "gettransactioninfobyid", [id](std::string t) { return replaced(t, id, std::string(64, 'e')); }, rig));
     }},
    {"a block without the transaction", "none",
     [](TopupRig& rig, const std::string& a) {
         auto tx = honest(a);
         tx.in_block = false;
         rig.chain.add(tx);
     }},
    {"another block behind the hash", "none",
     [](TopupRig& rig, const std::string& a) {
         rig.chain.add(honest(a));
         rig.nodes[0]->lie(answer_to(
             "getblockbyid", [](std::string t) { return replaced(t, "bbbb", "cccc"); }, rig));
     }},
    {"a block of another time", "none",
     [](TopupRig& rig, const std::string& a) {
         const auto id = rig.chain.add(honest(a));
         const auto ms = std::to_string(rig.chain.time_of(rig.chain.solid()));
         rig.nodes[0]->lie(answer_to(
             "gettransactioninfobyid", [ms](std::string t) { return replaced(t, ms, "1600000000000"); }, rig));
     }},
    {"answers that are not JSON", "none",
     [](TopupRig& rig, const std::string& a) {
         rig.chain.add(honest(a));
         rig.nodes[0]->lie(answer_to(
             "gettransactioninfobyid", [](std::string t) { return t.substr(0, t.size() / 2); }, rig));
     }},
    {"a fault with status 200", "none",
     [](TopupRig& rig, const std::string& a) {
         rig.chain.add(honest(a));
         rig.nodes[0]->lie(answer_to(
             "gettransactioninfobyid", [](const std::string&) { return R"({"Error":"busy"})"; }, rig));
     }},
};
class TronAttacks : public ::testing::TestWithParam<Attack> {};
}  // namespace

TEST_P(TronAttacks, credits_nothing_and_the_next_honest_one_is_credited) {
    TopupRig rig;
    const auto account = rig.customer();
    const auto address = rig.address(account);
    GetParam().make(rig, address);
    rig.rounds(6);
    EXPECT_EQ(rig.balance(account), 0);
    EXPECT_EQ(rig.status(account), GetParam().status);
    rig.nodes[0]->lie(nullptr);
    rig.restart();
    const auto good = rig.customer();
    rig.chain.add({{}, 0, "SUCCESS", "SUCCESS", {transfer(rig.address(good), 3 * usdt)}, true}, false);
    rig.rounds(2);
    EXPECT_EQ(rig.balance(good), 0) << "not solid yet";
    rig.chain.solidify();
    rig.rounds(4);
    EXPECT_EQ(rig.balance(good), 3 * dollar);
    EXPECT_TRUE(rig.books.verify().ok);
}
INSTANTIATE_TEST_SUITE_P(All, TronAttacks, ::testing::ValuesIn(attacks));
