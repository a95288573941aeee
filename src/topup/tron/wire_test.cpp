// What nodes say: the shapes of TronGrid and java-tron, and everything that must not pass for them.
#include "topup/tron/wire.h"

#include <gtest/gtest.h>

using namespace aig;
using namespace aig::topup::tron;

namespace {
const std::string tx(64, 'a'), usdt = "a614f803b6fd780986a42c78ec9c7f77e6ded13c",
                               ours = "a2726afbecbd8e936000ed684cef5e2f5cf43008", zeros(24, '0');
const std::string event = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const std::string block_id = "0000000000000064" + std::string(48, 'b');

std::string word(const std::string& hex) { return std::string(64 - hex.size(), '0') + hex; }
std::string log_json(const std::string& contract, const std::string& to, const std::string& amount) {
    return R"({"address":")" + contract + R"(","topics":[")" + event + R"(",")" + zeros + usdt + R"(",")" + to +
           R"("],"data":")" + amount + R"("})";
}
std::string info_json(const std::string& logs, const std::string& receipt = "SUCCESS") {
    return R"({"id":")" + tx +
           R"(","fee":345000,"blockNumber":100,"blockTimeStamp":1700000000000,"contractResult":[""],)"
           R"("receipt":{"energy_usage_total":64285,"result":")" +
           receipt + R"("},"log":[)" + logs + "]}";
}
}  // namespace

TEST(TronWire, a_transfer_event_is_read_from_the_log) {
    const auto info = decode_info(info_json(log_json(usdt, zeros + ours, word("16e360"))));
    ASSERT_TRUE(info) << info.error().message();
    ASSERT_TRUE(*info);
    EXPECT_TRUE((*info)->succeeded);
    EXPECT_EQ((*info)->block, 100);
    const auto t = transfer_of((*info)->logs.at(0));
    ASSERT_TRUE(t);
    EXPECT_EQ(to_hex(t->token), usdt);
    EXPECT_EQ(to_hex(t->to), ours);
    EXPECT_EQ(t->amount.decimal(), "1500000");
    EXPECT_EQ(t->amount.micros_as_nanos(), 1'500'000'000);
}

TEST(TronWire, other_logs_are_no_transfers) {
    const auto first = [](std::string json) {
        auto info = decode_info(info_json(json));
        return info && *info ? transfer_of((*info)->logs.at(0)) : std::optional<Transfer>{};
    };
    EXPECT_TRUE(first(log_json(usdt, zeros + ours, word("1"))));
    EXPECT_FALSE(first(log_json(usdt, "000000000000000000000041" + ours, word("1")))) << "bits beside the address";
    EXPECT_FALSE(first(log_json("00", zeros + ours, word("1")))) << "no contract";
    EXPECT_FALSE(first(log_json(usdt, zeros + ours, word("1") + word("2")))) << "two words of data";
    EXPECT_FALSE(first(log_json(usdt, zeros + ours, ""))) << "the amount as a topic: another event";
    auto removed = log_json(usdt, zeros + ours, word("1"));
    removed.insert(1, R"("removed":true,)");
    EXPECT_FALSE(first(removed));
    auto approval = log_json(usdt, zeros + ours, word("1"));
    approval.replace(approval.find("ddf252ad"), 8, "8c5be1e5");
    EXPECT_FALSE(first(approval));
}

TEST(TronWire, only_a_receipt_of_success_is_one) {
    const auto log = log_json(usdt, zeros + ours, word("1"));
    for (const std::string bad : {"", "REVERT", "OUT_OF_ENERGY", "success"}) {
        const auto info = decode_info(info_json(log, bad));
        ASSERT_TRUE(info);
        EXPECT_FALSE((*info)->succeeded) << bad;
    }
    auto failed = info_json(log);
    failed.insert(1, R"("result":"FAILED",)");
    EXPECT_FALSE((*decode_info(failed))->succeeded);
    const auto bare = decode_info(R"({"id":")" + tx + R"(","blockNumber":5,"blockTimeStamp":1700000000000})");
    ASSERT_TRUE(bare);
    EXPECT_FALSE((*bare)->succeeded) << "a transaction without a receipt";
}

TEST(TronWire, unknown_transactions_are_empty_and_faults_are_errors) {
    const auto none = decode_info("{}");
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    for (const std::string bad :
         {"", "[]", "null", "{", R"({"Error":"class org.tron.core.exception: no"})",
          R"({"success":false,"error":"rate"})", R"({"id":"zz"})", R"({"id":"aa","blockNumber":1})"})
        EXPECT_FALSE(decode_info(bad)) << bad;
    EXPECT_FALSE(decode_info(info_json(R"({"address":"00","topics":["xy"],"data":""})"))) << "topics of another size";
    EXPECT_FALSE(decode_info(info_json(R"({"address":"00","topics":[],"data":"0"})"))) << "half a byte";
}

TEST(TronWire, amounts_of_256_bits) {
    Amount a;
    EXPECT_EQ(a.decimal(), "0");
    EXPECT_EQ(a.micros_as_nanos(), 0);
    a.bytes.fill(0xff);
    EXPECT_EQ(a.decimal(), "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    EXPECT_FALSE(a.micros_as_nanos());
    // The largest that fits: floor((2^63 - 1) / 1000) millionths.
    const auto of = [](uint64_t v) {
        Amount x;
        for (size_t i = 0; i < 8; ++i) x.bytes[31 - i] = static_cast<uint8_t>(v >> (8 * i));
        return x;
    };
    EXPECT_EQ(of(9'223'372'036'854'775).micros_as_nanos(), 9'223'372'036'854'775'000);
    EXPECT_FALSE(of(9'223'372'036'854'776).micros_as_nanos());
    EXPECT_FALSE(of(UINT64_MAX).micros_as_nanos());
    Amount high;
    high.bytes[23] = 1;  // 2^64
    EXPECT_FALSE(high.micros_as_nanos()) << "must not wrap to zero";
}

TEST(TronWire, lists_skip_rows_that_make_no_sense) {
    const std::string row =
        R"({"transaction_id":")" + std::string(64, 'A') +
        R"(","token_info":{"symbol":"USDT","address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t","decimals":6,)"
        R"("name":"Tether USD"},"block_timestamp":1700000000000,"from":"TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf",)"
        R"("to":"TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE","type":"Transfer","value":"12500000"})";
    const auto list = decode_listing(R"({"data":[)" + row +
                                     R"(,{"transaction_id":"x"},{}],"success":true,)"
                                     R"("meta":{"at":1,"fingerprint":"abc","page_size":3}})");
    ASSERT_TRUE(list) << list.error().message();
    ASSERT_EQ(list->rows.size(), 1u);
    EXPECT_EQ(list->size, 3u);
    EXPECT_EQ(list->rows[0].tx, tx) << "in lower case: one name for one transaction";
    EXPECT_EQ(to_hex(*list->rows[0].token), usdt);
    EXPECT_EQ(list->fingerprint, "abc");
    EXPECT_FALSE(decode_listing(R"({"success":false,"error":"The key exceeds the frequency limit"
})"));
    EXPECT_FALSE(decode_listing(R"({"data":{}})"));
}

TEST(TronWire, blocks) {
    const auto json = [](const std::string& id, const std::string& ret) {
        return R"({"blockID":")" + id +
               R"(","block_header":{"raw_data":{"number":100,"txTrieRoot":"00","witness_address":"41",)"
               R"("parentHash":"00","version":30,"timestamp":1700000000000},"witness_signature":"00"},)"
               R"("transactions":[{"ret":[)" +
               ret + R"(],"txID":")" + tx + R"(","raw_data":{}}]})";
    };
    const auto block = decode_block(json(block_id, R"({"contractRet":"SUCCESS"})"));
    ASSERT_TRUE(block) << block.error().message();
    ASSERT_TRUE((*block)->find(tx));
    EXPECT_TRUE((*block)->find(tx)->succeeded);
    EXPECT_FALSE((*block)->find(std::string(64, 'c')));
    EXPECT_FALSE((*decode_block(json(block_id, R"({"contractRet":"REVERT"})")))->find(tx)->succeeded);
    EXPECT_FALSE((*decode_block(json(block_id, "")))->find(tx)->succeeded);
    EXPECT_FALSE(decode_block(json("0000000000000065" + std::string(48, 'b'), ""))) << "an id of another number";
    const auto none = decode_block("{}");
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
}
