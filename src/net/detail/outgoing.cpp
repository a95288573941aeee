#include "net/detail/outgoing.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/time.h"
#include "net/detail/tls.h"

namespace aig::net::detail {
namespace {

constexpr int64_t kSweepMs = 100, kDropDeadMs = 1'000;
constexpr int64_t kIdleMs = 55'000;  // common servers close after 60 s

/// Anything readable on an idle connection is its end or a reply nobody asked for; both make it useless.
bool silent(Channel& channel) {
    char byte;
    if (channel.ssl()) {
        ERR_clear_error();
        const int rc = SSL_peek(channel.ssl(), &byte, 1);
        return rc <= 0 && SSL_get_error(channel.ssl(), rc) == SSL_ERROR_WANT_READ;
    }
    const ssize_t n = ::recv(channel.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

Outgoing::Outgoing(PoolSet& of) : channel(of.loop.io()), set_(of), index_(of.open_.size()) {
    set_.open_.push_back(this);
}

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
    channel.cancel();
}

PoolSet::PoolSet(rt::Loop& l) : loop(l), resolver(l), now_ms(mono_ms()) {}

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
        if (silent(connection->channel)) return connection;
    }
    return nullptr;
}

void PoolSet::give(Pool& pool, std::unique_ptr<Outgoing> connection) {
    connection->deadline_ms = 0;
    connection->idle_since_ms = now_ms;
    if (pool.idle.size() >= pool.upstream->max_idle_per_loop) pool.idle.erase(pool.idle.begin());
    if (pool.upstream->max_idle_per_loop > 0) pool.idle.push_back(std::move(connection));
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
    std::vector<pollfd> polled;
    for (auto& [upstream, pool] : pools_) {
        if (pool->idle.empty()) continue;
        polled.clear();
        for (auto& connection : pool->idle) polled.push_back({connection->channel.fd(), POLLIN | POLLRDHUP, 0});
        if (::poll(polled.data(), polled.size(), 0) < 0) continue;
        size_t kept = 0;
        for (size_t i = 0; i < pool->idle.size(); ++i) {
            auto& connection = pool->idle[i];
            const bool old = now_ms - connection->idle_since_ms > kIdleMs;
            if (old || (polled[i].revents != 0 && !silent(connection->channel))) continue;
            std::swap(pool->idle[kept++], connection);
        }
        pool->idle.resize(kept);
    }
    std::erase_if(pools_, [](const auto& entry) {
        const Pool& pool = *entry.second;
        return entry.second.use_count() == 1 && pool.upstream.use_count() == 1;
    });
}

}  // namespace aig::net::detail
