#include "net/detail/outgoing.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/time.h"
#include "net/detail/tls.h"

namespace aig::net::detail {
namespace {

constexpr int64_t kSweepMs = 100, kDropDeadMs = 1'000;
constexpr int64_t kIdleMs = 55'000;  // common servers close after 60 s

/// What rests must not take the descriptors of those who work.
size_t share_of_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 16;
    return std::max<size_t>(16, limit.rlim_cur / 8);
}
}  // namespace

Outgoing::Outgoing(PoolSet& of) : channel(of.loop), set_(of), index_(of.open_.size()) { set_.open_.push_back(this); }

Outgoing::~Outgoing() {
    set_.open_[index_] = set_.open_.back();
    set_.open_[index_]->index_ = index_;
    set_.open_.pop_back();
}

void Outgoing::interrupt() {
    if (wake) {
        auto now = std::move(wake);
        wake = nullptr;
        now();
        return;
    }
    channel.interrupt();
}

PoolSet::PoolSet(rt::Loop& l) : loop(l), resolver(l), now_ms(mono_ms()), most_idle_(share_of_descriptors()) {}

void PoolSet::start() {
    sweep_handle_ = loop.every(kSweepMs, [weak = weak_from_this()] {
        if (auto set = weak.lock()) set->sweep();
    });
}

Result<std::shared_ptr<Pool>> PoolSet::pool_of(const std::shared_ptr<const Upstream>& upstream) {
    auto& slot = pools_[upstream.get()];
    if (slot) return slot;
    auto pool = std::make_shared<Pool>();
    pool->upstream = upstream;
    pool->host_header = upstream->host_header();
    auto prepare = [&]() -> Status {
        TRY(pool->proxy, choose_proxy(*upstream, process_environment));
        if (upstream->tls) {
            TRY(pool->tls, make_client_tls(upstream->ca_file));
        }
        return {};
    };
    if (auto prepared = prepare(); !prepared) {
        pools_.erase(upstream.get());
        return Error(ErrorCode::upstream_unreachable, prepared.error().message());
    }
    slot = std::move(pool);
    return slot;
}

std::unique_ptr<Outgoing> PoolSet::take(Pool& pool) {
    while (!pool.idle.empty()) {
        auto connection = std::move(pool.idle.back());
        pool.idle.pop_back();
        // Anything readable is its end or a reply nobody asked for; both make it useless. The kernel is asked only when
        // the loop has not listened since the connection came back.
        const bool heard = connection->channel.turn() > connection->idle_since_turn;
        if (heard ? connection->channel.quiet() : connection->channel.silent()) return connection;
    }
    return nullptr;
}

void PoolSet::give(Pool& pool, std::unique_ptr<Outgoing> connection) {
    connection->deadline_ms = 0;
    connection->idle_since_ms = now_ms;
    connection->idle_since_turn = connection->channel.turn();
    const size_t most = std::min(pool.upstream->max_idle_per_loop, most_idle_);
    if (pool.idle.size() >= most && most > 0) pool.idle.erase(pool.idle.begin());
    if (most > 0) pool.idle.push_back(std::move(connection));
}

bool PoolSet::let_idle_go() {
    bool any = false;
    for (auto& [upstream, pool] : pools_) {
        any |= !pool->idle.empty();
        pool->idle.clear();
    }
    return any;
}

size_t PoolSet::idle_connections() const {
    size_t n = 0;
    for (const auto& [upstream, pool] : pools_) n += pool->idle.size();
    return n;
}

void PoolSet::sweep() {
    now_ms = mono_ms();
    for (size_t i = 0; i < open_.size(); ++i) {
        Outgoing& connection = *open_[i];
        if (connection.deadline_ms == 0 || now_ms < connection.deadline_ms) continue;
        connection.deadline_ms = 0;
        connection.timed_out = true;
        connection.interrupt();
    }
    if (now_ms - dropped_dead_ms_ >= kDropDeadMs) drop_dead();
}

/// Idle connections that ended meanwhile or rested too long, and pools whose upstream nobody configures any more.
void PoolSet::drop_dead() {
    dropped_dead_ms_ = now_ms;
    for (auto& [upstream, pool] : pools_) {
        std::erase_if(pool->idle, [this](const std::unique_ptr<Outgoing>& connection) {
            return now_ms - connection->idle_since_ms > kIdleMs || !connection->channel.quiet();
        });
    }
    std::erase_if(pools_, [](const auto& entry) {
        const Pool& pool = *entry.second;
        return entry.second.use_count() == 1 && pool.upstream.use_count() == 1;
    });
}

}  // namespace aig::net::detail
