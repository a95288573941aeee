#include "topup/tron/wire.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/json.h"

namespace aig::topup::tron {
namespace {
constexpr size_t max_rows = 1'000, max_logs = 10'000, max_topics = 4, max_data = 64 * 1024, max_fingerprint = 4'096;
constexpr size_t max_digits = 78;                // of 2^256
constexpr int64_t last_ms = 32'503'680'000'000;  // the year 3000
/// keccak-256 of "Transfer(address,address,uint256)".
constexpr std::string_view transfer_event = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

Error garbage(std::string_view what) {
    return Error(ErrorCode::upstream_garbage, "a TRON node's answer makes no sense: " + std::string(what));
}

/// Nodes report faults of theirs with status 200: {"Error": …} or {"success": false, "error": …}.
Status no_fault_told(JsonRef root) {
    if (!root.is_object()) return garbage("no object");
    if (root["Error"] || (root["success"].is_bool() && !root["success"].boolean()))
        return Error(ErrorCode::upstream_error, "a TRON node refuses: " + std::string(root.raw().substr(0, 200)));
    return {};
}

std::optional<int64_t> stamp(JsonRef v) {
    const auto ms = v.integer();
    return ms && *ms > 0 && *ms < last_ms ? ms : std::nullopt;
}

bool all_digits(std::string_view text) {
    return !text.empty() && text.size() <= max_digits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<ListedTransfer> listed(JsonRef row) {
    ListedTransfer t;
    const auto tx = transaction_id(row["transaction_id"].text());
    const auto ms = stamp(row["block_timestamp"]);
    if (!tx || !ms || !all_digits(row["value"].text())) return {};
    t.tx = *tx;
    t.type = row["type"].text().substr(0, 32);
    t.token = from_base58(row["token_info"]["address"].text());
    t.to = from_base58(row["to"].text());
    t.block_ms = *ms;
    t.value = row["value"].text();
    return t;
}

Result<Log> log_of(JsonRef row) {
    Log log;
    log.contract = from_hex(row["address"].text());
    log.removed = row["removed"].boolean();
    if (row["topics"].size() > max_topics) return garbage("a log of too many topics");
    for (const JsonRef topic : row["topics"]) {
        auto bytes = bytes_of_hex(topic.text());
        if (!bytes || bytes->size() != 32) return garbage("a topic that is not 32 bytes of hex");
        log.topics.push_back(*std::move(bytes));
    }
    if (row["data"].text().size() > 2 * max_data) return garbage("a log of too much data");
    auto data = bytes_of_hex(row["data"].text());
    if (!data) return garbage("log data that is not hex");
    log.data = *std::move(data);
    return log;
}

/// An address in a word of 32 bytes: the first 12 must be zero.
std::optional<Address> address_word(std::string_view word) {
    if (word.size() != 32 || word.substr(0, 12).find_first_not_of('\0') != std::string_view::npos) return {};
    Address a;
    std::memcpy(a.account.data(), word.data() + 12, a.account.size());
    return a;
}
}  // namespace

std::optional<std::string> transaction_id(std::string_view text) {
    if (text.size() != 64 || !bytes_of_hex(text)) return {};
    std::string id(text);
    for (char& c : id)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return id;
}

std::string Amount::decimal() const {
    auto rest = bytes;
    std::string text;
    while (std::any_of(rest.begin(), rest.end(), [](uint8_t b) { return b != 0; })) {
        uint32_t carry = 0;
        for (auto& b : rest) {
            carry = carry << 8 | b;
            b = static_cast<uint8_t>(carry / 10);
            carry %= 10;
        }
        text += static_cast<char>('0' + carry);
    }
    std::reverse(text.begin(), text.end());
    return text.empty() ? "0" : text;
}

std::optional<int64_t> Amount::micros_as_nanos() const {
    if (std::any_of(bytes.begin(), bytes.end() - 8, [](uint8_t b) { return b != 0; })) return {};
    uint64_t micros = 0;
    for (size_t i = bytes.size() - 8; i < bytes.size(); ++i) micros = micros << 8 | bytes[i];
    int64_t nanos = 0;
    if (micros > INT64_MAX || __builtin_mul_overflow(static_cast<int64_t>(micros), int64_t{1'000}, &nanos)) return {};
    return nanos;
}

Result<Listing> decode_listing(std::string_view json) {
    TRY(const auto doc, JsonDoc::parse(json));
    TRYV(no_fault_told(doc.root()));
    const auto data = doc.root()["data"];
    if (!data.is_array()) return garbage("a list without data");
    if (data.size() > max_rows) return garbage("a list longer than asked for");
    Listing listing;
    listing.size = data.size();
    for (const JsonRef row : data)
        if (auto t = listed(row)) listing.rows.push_back(*std::move(t));
    const auto next = doc.root()["meta"]["fingerprint"].text();
    if (next.size() > max_fingerprint) return garbage("a fingerprint that is too long");
    listing.fingerprint = next;
    return listing;
}

Result<std::optional<TransactionInfo>> decode_info(std::string_view json) {
    TRY(const auto doc, JsonDoc::parse(json));
    const auto root = doc.root();
    TRYV(no_fault_told(root));
    if (root.size() == 0) return std::optional<TransactionInfo>{};
    TransactionInfo info;
    const auto id = transaction_id(root["id"].text());
    const auto block = root["blockNumber"].integer();
    const auto ms = stamp(root["blockTimeStamp"]);
    if (!id || !block || *block <= 0 || !ms) return garbage("a transaction without id, block or time");
    info.id = *id;
    info.block = *block;
    info.block_ms = *ms;
    info.succeeded =
        root["receipt"]["result"].text() == "SUCCESS" && (!root["result"] || root["result"].text() == "SUCCESS");
    if (root["log"].size() > max_logs) return garbage("too many logs");
    for (const JsonRef row : root["log"]) {
        TRY(auto log, log_of(row));
        info.logs.push_back(std::move(log));
    }
    return std::optional(std::move(info));
}

Result<std::optional<Block>> decode_block(std::string_view json) {
    TRY(const auto doc, JsonDoc::parse(json));
    const auto root = doc.root();
    TRYV(no_fault_told(root));
    if (root.size() == 0) return std::optional<Block>{};
    Block block;
    const auto header = root["block_header"]["raw_data"];
    const auto id = transaction_id(root["blockID"].text());
    const auto number = header["number"].integer();
    const auto ms = stamp(header["timestamp"]);
    if (!id || !number || *number <= 0 || !ms) return garbage("a block without id, number or time");
    // The first eight bytes of a block's id are its number.
    uint64_t told = 0;
    std::from_chars(id->data(), id->data() + 16, told, 16);
    if (told != static_cast<uint64_t>(*number)) return garbage("a block whose id is another number's");
    block.id = *id;
    block.number = *number;
    block.time_ms = *ms;
    for (const JsonRef t : root["transactions"]) {
        const auto tx = transaction_id(t["txID"].text());
        if (!tx) return garbage("a block with a transaction without id");
        const auto ret = t["ret"];
        bool succeeded = ret.size() > 0;
        for (const JsonRef r : ret) succeeded = succeeded && r["contractRet"].text() == "SUCCESS";
        block.transactions.push_back({*tx, succeeded});
    }
    return std::optional(std::move(block));
}

const Block::Entry* Block::find(std::string_view tx) const {
    const auto at = std::find_if(transactions.begin(), transactions.end(), [&](const Entry& e) { return e.tx == tx; });
    return at == transactions.end() ? nullptr : &*at;
}

std::optional<Transfer> transfer_of(const Log& log) {
    static const std::string event = *bytes_of_hex(transfer_event);
    if (log.removed || !log.contract || log.topics.size() != 3 || log.topics[0] != event || log.data.size() != 32)
        return {};
    const auto from = address_word(log.topics[1]), to = address_word(log.topics[2]);
    if (!from || !to) return {};
    Transfer t{*log.contract, *from, *to, {}};
    std::memcpy(t.amount.bytes.data(), log.data.data(), t.amount.bytes.size());
    return t;
}

}  // namespace aig::topup::tron
