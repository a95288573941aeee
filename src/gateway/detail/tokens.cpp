#include "gateway/detail/tokens.h"

#include <algorithm>

#include "base/time.h"

namespace aig::gateway {
namespace {

constexpr int64_t early_ms = 300'000, wait_step_ms = 10, longest_wait_ms = 15'000;
constexpr size_t most_body = 64 * 1024;

}  // namespace

Result<std::shared_ptr<Tokens::Held>> Tokens::held_of(const catalogue::Provider& provider,
                                                      const catalogue::ProviderKey& key) {
    if (const auto at = held_.find(key.grant.get()); at != held_.end()) return at->second;
    // Nobody but this table knows a grant of an earlier configuration any more.
    std::erase_if(held_, [](const auto& h) { return h.second->grant.use_count() == 1 && !h.second->fetching; });
    TRY(auto u, net::parse_upstream(key.grant->endpoint()));
    u.proxy = provider.proxy;
    u.ca_file = provider.ca_file;
    u.timeouts = {provider.connect_ms, 10'000, 10'000, 12'000};
    auto held = std::make_shared<Held>();
    held->grant = key.grant;
    held->endpoint = std::make_shared<net::Upstream>(std::move(u));
    held_.emplace(key.grant.get(), held);
    return held;
}

rt::Task<Result<std::string>> Tokens::get(net::Client& client, const catalogue::Provider& provider,
                                          const catalogue::ProviderKey& key) {
    CO_TRY(const auto held, held_of(provider, key));
    for (const int64_t give_up = mono_ms() + longest_wait_ms; held->fetching;) {
        if (mono_ms() >= give_up) co_return Error(ErrorCode::upstream_timeout, "the token endpoint is slow");
        co_await rt::Loop::current()->sleep_ms(wait_step_ms);
    }
    if (mono_ms() < held->until_ms) co_return held->token;
    held->fetching = true;
    auto fetched = co_await fetch(client, held);
    held->fetching = false;
    if (!fetched) co_return std::move(fetched).error();
    co_return held->token;
}

rt::Task<Status> Tokens::fetch(net::Client& client, std::shared_ptr<Held> held) {
    CO_TRY(const std::string body, held->grant->request(now_us() / 1'000'000));
    net::ClientRequest request;
    request.headers.add("content-type", "application/x-www-form-urlencoded");
    request.headers.add("accept", "application/json");
    request.body = {body};
    auto sent = co_await client.send(held->endpoint, std::move(request), nullptr);
    if (!sent) co_return std::move(sent).error();
    auto reply = *std::move(sent);
    CO_TRY(const std::string answer, co_await reply->read_all(most_body));
    CO_TRY(auto got, held->grant->token(reply->status(), answer));
    held->token = std::move(got.token);
    held->until_ms = mono_ms() + std::max<int64_t>(got.lifetime_s * 1'000 - early_ms, 1'000);
    co_return Status{};
}

}  // namespace aig::gateway
