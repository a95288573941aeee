// One TRON node over HTTP: TronGrid's list of transfers and the solidity API of a full node (/walletsolidity). After a
// failure it rests, longer each time, so that an outage costs a request a minute. Loop thread only.
#pragma once

#include <memory>

#include "net/client.h"
#include "topup/tron/verdict.h"

namespace aig::topup::tron {

struct NodeSettings {
    std::shared_ptr<const net::Upstream> upstream;
    std::string api_key;  ///< TRON-PRO-API-KEY; "" = none
};
struct Rest {
    int64_t first_ms = 1'000, longest_ms = 60'000;
};

struct ListAsk {
    std::string address;
    std::string token;               ///< "" = transfers of all tokens
    int64_t from_ms = 0, to_ms = 0;  ///< block times; to 0 = no end
    std::string fingerprint;
    int64_t limit = 200;
};

class Node {
  public:
    Node(NodeSettings settings, net::Client& client, Rest rest)
        : settings_(std::move(settings)), client_(client), rest_(rest) {}

    rt::Task<Result<Listing>> list(ListAsk ask);
    /// The newest solidified block.
    rt::Task<Result<Block>> head();
    /// Nothing while the node has it in no solidified block.
    rt::Task<Result<std::optional<Testimony>>> witness(std::string tx);

    bool resting() const;
    int64_t requests() const { return requests_; }
    std::string name() const { return settings_.upstream->host_header(); }

  private:
    rt::Task<Result<std::string>> ask(net::ClientRequest request, size_t max_bytes);
    rt::Task<Result<std::string>> post(std::string target, std::string body, size_t max_bytes);
    rt::Task<Result<std::optional<Block>>> block(std::string target, std::string body);
    void failed();
    NodeSettings settings_;
    net::Client& client_;
    Rest rest_;
    int64_t requests_ = 0, rest_until_ms_ = 0, rest_ms_ = 0;
};

}  // namespace aig::topup::tron
