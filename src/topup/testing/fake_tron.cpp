#include "topup/testing/fake_tron.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdlib>

#include "base/json.h"

namespace aig::topup::testing {

std::string address_text(int n) {
    tron::Address a;
    a.account.fill(0x11);
    a.account[18] = static_cast<uint8_t>(n >> 8);
    a.account[19] = static_cast<uint8_t>(n);
    return tron::to_base58(a);
}
std::string word(uint64_t value) { return fmt::format("{:064x}", value); }
std::string topic_of(const std::string& text) { return std::string(24, '0') + to_hex(*tron::from_base58(text)); }

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

FakeLog transfer(const std::string& to, uint64_t micros, const std::string& contract) {
    return {contract, {transfer_topic, topic_of(address_text(60'000)), topic_of(to)}, word(micros), false};
}

std::string FakeChain::add(FakeTx tx, bool solid) {
    const std::lock_guard lock(mutex_);
    tx.block = ++head_;
    if (tx.id.empty()) tx.id = fmt::format("{:064x}", 0xabc000 + ++made_);
    if (solid) solid_ = head_;
    txs_.push_back(tx);
    return tx.id;
}
void FakeChain::solidify() {
    const std::lock_guard lock(mutex_);
    solid_ = head_;
}
void FakeChain::forget(const std::string& id) {
    const std::lock_guard lock(mutex_);
    std::erase_if(txs_, [&](const FakeTx& t) { return t.id == id; });
}
void FakeChain::pass(int64_t blocks) {
    const std::lock_guard lock(mutex_);
    head_ += blocks;
    solid_ = head_;
}
int64_t FakeChain::solid() const {
    const std::lock_guard lock(mutex_);
    return solid_;
}
int64_t FakeChain::number_of(const std::string& id) { return std::strtoll(id.substr(0, 16).c_str(), nullptr, 16); }

std::string FakeChain::list_json(const std::string& address, const std::string& token, int64_t from_ms, int64_t to_ms,
                                 size_t limit, size_t skip) const {
    const std::lock_guard lock(mutex_);
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("data").begin_array();
    size_t seen = 0, written = 0;
    for (const auto& t : txs_)
        for (const auto& log : t.logs) {
            const auto ms = time_of(t.block);
            const bool fits = t.block <= solid_ && ms >= from_ms && (!to_ms || ms <= to_ms) && log.topics.size() == 3 &&
                              log.topics[2] == topic_of(address) && (token.empty() || log.contract == token);
            if (!fits || seen++ < skip || written == limit) continue;
            ++written;
            const std::string value = std::to_string(std::strtoull(log.data.substr(48, 16).c_str(), nullptr, 16));
            w.begin_object().field("transaction_id", t.id).key("token_info").begin_object();
            w.field("symbol", "USDT").field("address", log.contract).field("decimals", 6).field("name", "Tether USD");
            w.end_object().field("block_timestamp", ms).field("from", address_text(60'000)).field("to", address);
            w.field("type", log.topics[0] == transfer_topic ? "Transfer" : "Approval")
                .field("value", value)
                .end_object();
        }
    w.end_array().field("success", true).key("meta").begin_object().field("at", time_of(solid_));
    if (skip + written < seen) w.field("fingerprint", fmt::format("f{}", skip + written));
    w.field("page_size", static_cast<int64_t>(written)).end_object().end_object();
    return out;
}

std::string FakeChain::info_json(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    for (const auto& t : txs_) {
        if (t.id != id || t.block > solid_) continue;
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("id", t.id).field("fee", 345'000).field("blockNumber", t.block);
        w.field("blockTimeStamp", time_of(t.block)).field("contract_address", "41" + std::string(40, 'a'));
        w.key("receipt").begin_object().field("energy_usage_total", 64'285).field("result", t.receipt).end_object();
        w.key("log").begin_array();
        for (const auto& log : t.logs) {
            w.begin_object().field("address", to_hex(*tron::from_base58(log.contract))).key("topics").begin_array();
            for (const auto& topic : log.topics) w.string(topic);
            w.end_array().field("data", log.data);
            if (log.removed) w.field("removed", true);
            w.end_object();
        }
        w.end_array().end_object();
        return out;
    }
    return "{}";
}

std::string FakeChain::block_json(int64_t number) const {
    const std::lock_guard lock(mutex_);
    if (number > solid_ || number <= 0) return "{}";
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("blockID", fmt::format("{:016x}{}", number, std::string(48, 'b')));
    w.key("block_header").begin_object().key("raw_data").begin_object().field("number", number);
    w.field("timestamp", time_of(number)).end_object().end_object().key("transactions").begin_array();
    for (const auto& t : txs_) {
        if (t.block != number || !t.in_block) continue;
        w.begin_object().key("ret").begin_array().begin_object().field("contractRet", t.contract_ret).end_object();
        w.end_array().field("txID", t.id).end_object();
    }
    w.end_array().end_object();
    return out;
}

FakeNode::FakeNode(const FakeChain& chain) : chain_(chain) {
    auto started = net::Server::start(loops_, {}, [this](net::Exchange& http) { return serve(this, http); });
    EXPECT_TRUE(started) << started.error().message();
    server_ = *std::move(started);
}
FakeNode::~FakeNode() { server_->close(); }

tron::NodeSettings FakeNode::settings() const {
    auto upstream = std::make_shared<net::Upstream>();
    upstream->host = "127.0.0.1";
    upstream->port = server_->port();
    upstream->proxy = "none";
    return {upstream, "key"};
}
void FakeNode::lie(Lie lie) {
    const std::lock_guard lock(mutex_);
    lie_ = std::move(lie);
}

std::string FakeNode::list(const net::RequestHead& head) {
    const auto value = [&](std::string_view name) { return net::query_value(head.query, name); };
    const auto number = [&](std::string_view name) { return std::strtoll(value(name).c_str(), nullptr, 10); };
    const std::string path(head.path), front = "/v1/accounts/";
    const auto address = path.substr(front.size(), 34);
    const auto fingerprint = value("fingerprint");
    const size_t skip = fingerprint.empty() ? 0 : static_cast<size_t>(std::atoi(fingerprint.c_str() + 1));
    auto json = chain_.list_json(address, value("contract_address"), number("min_timestamp"), number("max_timestamp"),
                                 static_cast<size_t>(number("limit")), skip);
    if (const auto at = json.find("\"fingerprint\""); no_fingerprints && at != std::string::npos)
        json.replace(at, 13, "\"fingerprunt\"");
    return json;
}

std::string FakeNode::answer(const net::RequestHead& head, const std::string& body) {
    const std::string path(head.path);
    {
        const std::lock_guard lock(mutex_);
        if (lie_)
            if (auto told = lie_(path, body)) return *std::move(told);
    }
    if (path.starts_with("/v1/accounts/")) return list(head);
    if (path == "/walletsolidity/getnowblock") return chain_.block_json(chain_.solid());
    const auto doc = JsonDoc::parse(body);
    if (!doc) return R"({"Error":"no JSON"})";
    const auto asked = doc->root();
    if (path == "/walletsolidity/gettransactioninfobyid") return chain_.info_json(std::string(asked["value"].text()));
    if (path == "/walletsolidity/getblockbynum") return chain_.block_json(asked["num"].integer().value_or(0));
    if (path == "/walletsolidity/getblockbyid")
        return chain_.block_json(FakeChain::number_of(std::string(asked["value"].text())));
    return R"({"Error":"unknown path"})";
}

rt::Task<> FakeNode::serve(FakeNode* self, net::Exchange& http) {
    ++self->requests;
    auto body = co_await http.read_body(1 << 20);
    if (!body) co_return;
    const std::string text = self->answer(http.head(), body->bytes);
    net::Headers headers;
    headers.add("content-type", "application/json");
    net::Pieces pieces{text};
    auto sent = co_await http.respond(self->status, std::move(headers), std::move(pieces));
    (void)sent;
}

}  // namespace aig::topup::testing
