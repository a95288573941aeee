// What a TRON node says, as values: TronGrid's list of an account's token transfers, and the full node's transaction
// info and blocks. Nothing here trusts the node: hex is checked digit by digit, ids are brought to lower case so that
// one transaction has one name, numbers have bounds, unknown members are ignored. Pure; src/topup/tron/verdict.h judges
// what was said.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topup/tron/address.h"

namespace aig::topup::tron {

/// An unsigned number of 256 bits, most significant byte first.
struct Amount {
    std::array<uint8_t, 32> bytes{};
    bool operator==(const Amount&) const = default;
    std::string decimal() const;
    /// Units of a millionth as nano-units; nothing when they do not fit.
    std::optional<int64_t> micros_as_nanos() const;
};

/// A row of the list: a hint that there is a transaction to look at, never a reason to credit.
struct ListedTransfer {
    std::string tx, type;
    std::optional<Address> token, to;
    int64_t block_ms = 0;
    std::string value;  ///< decimal digits, at most 78
};
struct Listing {
    std::vector<ListedTransfer> rows;
    size_t size = 0;          ///< rows that were sent, with those that made no sense
    std::string fingerprint;  ///< of the next page; "" = none
};
Result<Listing> decode_listing(std::string_view json);

struct Log {
    std::optional<Address> contract;
    std::vector<std::string> topics;  ///< bytes
    std::string data;                 ///< bytes
    bool removed = false;             ///< the node took it back
    bool operator==(const Log&) const = default;
};
struct TransactionInfo {
    std::string id;
    int64_t block = 0, block_ms = 0;
    bool succeeded = false;  ///< receipt SUCCESS and no result FAILED
    std::vector<Log> logs;   ///< all of them, so that an index means the same to everybody
};
/// Nothing for "{}": the node does not know it (not solid yet, or not there).
Result<std::optional<TransactionInfo>> decode_info(std::string_view json);

struct Block {
    std::string id;
    int64_t number = 0, time_ms = 0;
    struct Entry {
        std::string tx;
        bool succeeded = false;
    };
    std::vector<Entry> transactions;
    const Entry* find(std::string_view tx) const;
};
Result<std::optional<Block>> decode_block(std::string_view json);

/// A Transfer(address,address,uint256) event; nothing for any other, and for one whose words are not addresses.
struct Transfer {
    Address token, from, to;
    Amount amount;
};
std::optional<Transfer> transfer_of(const Log& log);

/// 64 hex digits in lower case; nothing for anything else.
std::optional<std::string> transaction_id(std::string_view text);

}  // namespace aig::topup::tron
