#include "topup/tron/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"

namespace aig::topup::tron {
namespace {
constexpr size_t max_list = 8 << 20, max_info = 8 << 20, max_block = 32 << 20;

std::string list_target(const ListAsk& ask) {
    std::string target = fmt::format(
        "/v1/accounts/{}/transactions/trc20?only_confirmed=true&only_to=true&limit={}&order_by=block_timestamp,asc"
        "&min_timestamp={}",
        ask.address, ask.limit, ask.from_ms);
    if (ask.to_ms) fmt::format_to(std::back_inserter(target), "&max_timestamp={}", ask.to_ms);
    if (!ask.token.empty()) fmt::format_to(std::back_inserter(target), "&contract_address={}", ask.token);
    if (ask.fingerprint.empty()) return target;
    target += "&fingerprint=";
    for (const char c : ask.fingerprint)
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.')
            target += c;
        else
            fmt::format_to(std::back_inserter(target), "%{:02X}", static_cast<unsigned char>(c));
    return target;
}
}  // namespace

bool Node::resting() const { return mono_ms() < rest_until_ms_; }

void Node::failed() {
    rest_ms_ = std::clamp(rest_ms_ * 2, rest_.first_ms, rest_.longest_ms);
    rest_until_ms_ = mono_ms() + rest_ms_;
}

rt::Task<Result<std::string>> Node::ask(net::ClientRequest request, size_t max_bytes) {
    ++requests_;
    request.headers.add("accept", "application/json");
    if (!settings_.api_key.empty()) request.headers.add("tron-pro-api-key", settings_.api_key);
    auto reply = co_await client_.send(settings_.upstream, std::move(request), nullptr);
    if (!reply) {
        failed();
        co_return std::move(reply).error();
    }
    auto body = co_await (*reply)->read_all(max_bytes);
    if (!body) {
        failed();
        co_return std::move(body).error();
    }
    if ((*reply)->status() != 200) {
        failed();
        co_return Error(ErrorCode::upstream_error, fmt::format("{} answers {}", name(), (*reply)->status()));
    }
    rest_ms_ = 0;
    co_return std::move(*body);
}

rt::Task<Result<std::string>> Node::post(std::string target, std::string body, size_t max_bytes) {
    net::ClientRequest request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers.add("content-type", "application/json");
    request.body = {body};
    auto answer = co_await ask(std::move(request), max_bytes);
    co_return answer;
}

rt::Task<Result<Listing>> Node::list(ListAsk ask_for) {
    net::ClientRequest request;
    request.method = "GET";
    request.target = list_target(ask_for);
    auto text = co_await ask(std::move(request), max_list);
    if (!text) co_return std::move(text).error();
    auto listing = decode_listing(*text);
    if (!listing) failed();
    co_return listing;
}

rt::Task<Result<std::optional<Block>>> Node::block(std::string target, std::string body) {
    auto text = co_await post(std::move(target), std::move(body), max_block);
    if (!text) co_return std::move(text).error();
    auto decoded = decode_block(*text);
    if (!decoded) failed();
    co_return decoded;
}

rt::Task<Result<Block>> Node::head() {
    std::string target = "/walletsolidity/getnowblock", body = "{}";
    auto now = co_await block(std::move(target), std::move(body));
    if (!now) co_return std::move(now).error();
    if (!*now) {
        failed();
        co_return Error(ErrorCode::upstream_garbage, name() + " has no solid block");
    }
    co_return **std::move(now);
}

rt::Task<Result<std::optional<Testimony>>> Node::witness(std::string tx) {
    using Nothing = std::optional<Testimony>;
    std::string body = fmt::format(R"({{"value":"{}"}})", tx);
    auto text = co_await post("/walletsolidity/gettransactioninfobyid", std::move(body), max_info);
    if (!text) co_return std::move(text).error();
    auto info = decode_info(*text);
    if (!info) co_return std::move(info).error();
    if (!*info) co_return Nothing{};
    auto newest = co_await head();
    if (!newest) co_return std::move(newest).error();
    if ((*info)->block > newest->number) co_return Nothing{};
    body = fmt::format(R"({{"num":{}}})", (*info)->block);
    auto by_number = co_await block("/walletsolidity/getblockbynum", std::move(body));
    if (!by_number) co_return std::move(by_number).error();
    if (!*by_number) co_return Nothing{};
    body = fmt::format(R"({{"value":"{}"}})", (*by_number)->id);
    auto by_hash = co_await block("/walletsolidity/getblockbyid", std::move(body));
    if (!by_hash) co_return std::move(by_hash).error();
    if (!*by_hash) co_return Nothing{};
    auto testimony = testify(tx, **info, **by_number, **by_hash, newest->number);
    if (!testimony) co_return std::move(testimony).error();
    co_return Nothing(*std::move(testimony));
}

}  // namespace aig::topup::tron
