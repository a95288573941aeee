#include "gateway/detail/upstreams.h"

#include <algorithm>

namespace aig::gateway {
namespace {

/// An unstreamed reply's first byte comes when the whole answer is ready.
constexpr int64_t unary_first_byte_ms = 300'000;

bool same_address(const catalogue::Provider& a, const catalogue::Provider& b) {
    return a.base_url == b.base_url && a.proxy == b.proxy && a.ca_file == b.ca_file && a.connect_ms == b.connect_ms &&
           a.first_byte_ms == b.first_byte_ms && a.total_ms == b.total_ms;
}

Result<std::shared_ptr<const net::Upstream>> make_upstream(const catalogue::Provider& p, bool stream) {
    TRY(auto u, net::parse_upstream(p.base_url));
    u.proxy = p.proxy;
    u.ca_file = p.ca_file;
    u.timeouts.connect_ms = p.connect_ms;
    u.timeouts.first_byte_ms =
        stream ? p.first_byte_ms : std::max(p.first_byte_ms, std::min(unary_first_byte_ms, p.total_ms));
    u.timeouts.idle_ms = u.timeouts.first_byte_ms;
    u.timeouts.total_ms = p.total_ms;
    return std::shared_ptr<const net::Upstream>(std::make_shared<net::Upstream>(std::move(u)));
}
}  // namespace

Upstreams::Upstreams(rt::Loops& loops) {
    for (size_t i = 0; i < loops.size(); ++i) loops_.push_back({&loops[i], net::Client::make(loops[i]), {}, {}});
}
Upstreams::~Upstreams() = default;

Upstreams::PerLoop& Upstreams::here() {
    const auto* loop = rt::Loop::current();
    return *std::find_if(loops_.begin(), loops_.end(), [&](const PerLoop& p) { return p.loop == loop; });
}

net::Client& Upstreams::client() { return *here().client; }

rt::Task<Result<std::string>> Upstreams::access_token(const catalogue::Provider& provider,
                                                      const catalogue::ProviderKey& key) {
    auto& loop = here();
    return loop.tokens.get(*loop.client, provider, key);
}

Result<std::shared_ptr<const net::Upstream>> Upstreams::upstream(const catalogue::ProviderPtr& provider, bool stream) {
    auto& known = here().known;
    if (known.size() <= provider->id) known.resize(provider->id + 1);
    auto& k = known[provider->id];
    if (k.provider != provider) {
        if (!k.provider || !same_address(*k.provider, *provider)) {
            TRY(k.streamed, make_upstream(*provider, true));
            TRY(k.whole, make_upstream(*provider, false));
        }
        k.provider = provider;
    }
    return stream ? k.streamed : k.whole;
}

}  // namespace aig::gateway
