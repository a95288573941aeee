// Names to addresses: getaddrinfo on the blocking pool, answers kept for 30 s, one question at a time per name, an
// outdated answer when the resolver fails. Addresses alternate between IPv6 and IPv4. One per loop; at most 1,024
// names.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rt/event.h"
#include "rt/loop.h"

namespace aig::net::detail {

using Addresses = std::vector<boost::asio::ip::address>;
/// Asks the system; runs on a blocking thread.
Addresses ask_system(const std::string& host);
/// At most four, families taking turns, the resolver's first choice first.
Addresses in_turns(const Addresses& all);

class Resolver {
  public:
    using Ask = std::function<Addresses(const std::string&)>;
    explicit Resolver(rt::Loop& loop, Ask ask = ask_system) : loop_(loop), ask_(std::move(ask)) {}

    /// `wake` is set while waiting; calling it ends the wait early with an empty answer. Empty also when there is no
    /// address.
    rt::Task<Addresses> resolve(std::string host, std::function<void()>* wake);
    /// Puts an address that answered first for next time.
    void prefer(const std::string& host, const boost::asio::ip::address& address);

  private:
    struct Name {
        Addresses addresses;
        int64_t fresh_until_ms = 0;
        bool asking = false;
        std::vector<std::function<void()>> waiting;
    };
    static rt::Task<> ask(rt::Loop* loop, std::shared_ptr<Name> name, std::string host, Ask how);
    void make_room();

    rt::Loop& loop_;
    Ask ask_;
    std::map<std::string, std::shared_ptr<Name>> names_;
};

}  // namespace aig::net::detail
