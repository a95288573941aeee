#include "net/detail/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/time.h"

namespace aig::net::detail {
namespace {

namespace ip = boost::asio::ip;
constexpr int64_t kFreshMs = 30'000, kFailedMs = 1'000;
constexpr size_t kNames = 1'024, kTries = 4;

ip::address address_of(const addrinfo& info) {
    if (info.ai_family == AF_INET) {
        return ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(info.ai_addr)->sin_addr.s_addr));
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(info.ai_addr);
    ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6->sin6_addr, bytes.size());
    return ip::address_v6(bytes, v6->sin6_scope_id);
}

}  // namespace

Addresses ask_system(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    Addresses out;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return out;
    for (const addrinfo* info = list; info; info = info->ai_next) {
        if (info->ai_family == AF_INET || info->ai_family == AF_INET6) out.push_back(address_of(*info));
    }
    ::freeaddrinfo(list);
    return out;
}

Addresses in_turns(const Addresses& all) {
    Addresses first, second, out;
    for (const auto& address : all) (address.is_v6() == all.front().is_v6() ? first : second).push_back(address);
    for (size_t i = 0; i < std::max(first.size(), second.size()) && out.size() < kTries; ++i) {
        if (i < first.size()) out.push_back(first[i]);
        if (i < second.size() && out.size() < kTries) out.push_back(second[i]);
    }
    return out;
}

rt::Task<Addresses> Resolver::resolve(std::string host, std::function<void()>* wake) {
    boost::system::error_code ec;
    const auto literal = ip::make_address(host, ec);
    if (!ec) co_return Addresses{literal};
    auto& slot = names_[host];
    if (!slot) slot = std::make_shared<Name>();
    const std::shared_ptr<Name> name = slot;
    make_room();
    if (name->fresh_until_ms > mono_ms()) co_return name->addresses;
    if (!name->asking) {
        name->asking = true;
        loop_.spawn([loop = &loop_, name, host, how = ask_] { return ask(loop, name, host, how); });
    }
    bool woken = false;
    auto wait = [&](std::function<void()> resume) {
        name->waiting.push_back(resume);
        *wake = [&woken, resume] {
            woken = true;
            resume();
        };
    };
    co_await rt::suspend(wait);
    *wake = nullptr;
    if (woken) co_return Addresses();
    co_return name->addresses;
}

rt::Task<> Resolver::ask(rt::Loop*, std::shared_ptr<Name> name, std::string host, Ask how) {
    auto answer = std::make_shared<Addresses>();
    auto done = co_await rt::blocking([answer, host, how] { *answer = how(host); });
    const bool good = done.ok() && !answer->empty();
    if (good) name->addresses = in_turns(*answer);
    name->fresh_until_ms = mono_ms() + (good ? kFreshMs : kFailedMs);
    name->asking = false;
    auto waiting = std::move(name->waiting);
    name->waiting.clear();
    for (auto& resume : waiting) resume();
}

void Resolver::prefer(const std::string& host, const ip::address& address) {
    auto it = names_.find(host);
    if (it == names_.end()) return;
    auto& list = it->second->addresses;
    auto found = std::find(list.begin(), list.end(), address);
    if (found != list.end()) std::rotate(list.begin(), found, found + 1);
}

void Resolver::make_room() {
    for (auto it = names_.begin(); names_.size() > kNames && it != names_.end();) {
        it = it->second->asking || it->second->fresh_until_ms == 0 ? std::next(it) : names_.erase(it);
    }
}

}  // namespace aig::net::detail
