// A TRON chain in memory and nodes that serve it the way TronGrid does, and lie when told to.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/server.h"
#include "topup/tron/node.h"

namespace aig::topup::testing {

inline const std::string transfer_topic = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
inline const std::string usdt_text = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";

/// The n-th address of a book, in text.
std::string address_text(int n);
/// 64 hex digits: a number as one word.
std::string word(uint64_t value);
std::string topic_of(const std::string& address_in_text);
/// The first `what` in `text` replaced.
std::string replaced(std::string text, const std::string& what, const std::string& with);

struct FakeLog {
    std::string contract = usdt_text;
    std::vector<std::string> topics;
    std::string data;
    bool removed = false;
};
/// A Transfer of `micros` to an address.
FakeLog transfer(const std::string& to, uint64_t micros, const std::string& contract = usdt_text);

struct FakeTx {
    std::string id;
    int64_t block = 0;
    std::string receipt = "SUCCESS", contract_ret = "SUCCESS";
    std::vector<FakeLog> logs;
    bool in_block = true;  ///< false: the block does not hold it
};

class FakeChain {
  public:
    static constexpr int64_t block_ms = 3'000;
    explicit FakeChain(int64_t now_ms) : start_ms_(now_ms - first_block * block_ms) {}

    /// Into the next block, which is solidified at once unless `solid` is false. Gives the transaction's id.
    std::string add(FakeTx tx, bool solid = true);
    std::string pay(const std::string& to, uint64_t micros) {
        return add({{}, 0, "SUCCESS", "SUCCESS", {transfer(to, micros)}, true});
    }
    void solidify();
    /// Takes the transaction off the chain, as a fork does.
    void forget(const std::string& id);
    /// Blocks without transactions.
    void pass(int64_t blocks);

    std::string list_json(const std::string& address, const std::string& token, int64_t from_ms, int64_t to_ms,
                          size_t limit, size_t skip) const;
    std::string info_json(const std::string& id) const;
    std::string block_json(int64_t number) const;
    int64_t solid() const;
    int64_t time_of(int64_t block) const { return start_ms_ + block * block_ms; }
    /// The number in a block's id.
    static int64_t number_of(const std::string& id);

  private:
    static constexpr int64_t first_block = 1'000;
    mutable std::mutex mutex_;
    int64_t start_ms_, head_ = first_block, solid_ = first_block, made_ = 0;
    std::vector<FakeTx> txs_;
};

/// Looks at each request first; a string is the whole answer.
using Lie = std::function<std::optional<std::string>(const std::string& path, const std::string& body)>;

class FakeNode {
  public:
    explicit FakeNode(const FakeChain& chain);
    ~FakeNode();
    tron::NodeSettings settings() const;
    void lie(Lie lie);
    std::atomic<int> status{200};  ///< of every answer; not 200: an outage
    std::atomic<int> requests{0};
    std::atomic<bool> no_fingerprints{false};

  private:
    static rt::Task<> serve(FakeNode* self, net::Exchange& http);
    std::string answer(const net::RequestHead& head, const std::string& body);
    std::string list(const net::RequestHead& head);
    const FakeChain& chain_;
    std::mutex mutex_;
    Lie lie_;
    rt::Loops loops_{1};
    std::unique_ptr<net::Server> server_;
};

}  // namespace aig::topup::testing
