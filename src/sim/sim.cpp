#include "sim/sim.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <unordered_set>

#include "sim/detail/brain.h"
#include "sim/detail/connection.h"

namespace aig::sim {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, rt::Executor>;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
constexpr auto token = asio::as_tuple(asio::use_awaitable_t<rt::Executor>());

/// Counts tasks that still run, so that stop() can wait for the last.
class Running {
  public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
    }
    void remove() {
        const std::lock_guard lock(mutex_);
        if (--count_ == 0) none_.notify_all();
    }
    void wait_for_none() {
        std::unique_lock lock(mutex_);
        none_.wait_for(lock, std::chrono::seconds(5), [this] { return count_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable none_;
    int64_t count_ = 0;
};

/// What stands on one loop: its acceptor and its connections. Touched on that loop's thread only, after start.
struct Seat {
    explicit Seat(rt::Loop& l) : loop(l), acceptor(l.io().get_executor()) {}
    rt::Loop& loop;
    Acceptor acceptor;
    std::unordered_set<Connection*> connections;
    bool stopping = false;
};

rt::Task<> serve_one(std::shared_ptr<Seat> seat, std::shared_ptr<Brain> brain, std::shared_ptr<Running> running,
                     std::shared_ptr<Connection> connection) {
    seat->connections.insert(connection.get());
    brain->stats().opened();
    co_await connection->serve();
    brain->stats().closed();
    seat->connections.erase(connection.get());
    running->remove();
}

rt::Task<> accept_all(std::shared_ptr<Seat> seat, std::shared_ptr<Brain> brain, std::shared_ptr<Running> running) {
    while (!seat->stopping) {
        Socket socket(seat->loop.io().get_executor());
        auto [error] = co_await seat->acceptor.async_accept(socket, token);
        if (seat->stopping) break;
        if (error) {  // out of descriptors, most likely: others must close first
            co_await seat->loop.sleep_ms(50);
            continue;
        }
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto connection = std::make_shared<Connection>(brain, seat->loop, std::move(socket));
        running->add();
        seat->loop.spawn([seat, brain, running, connection] { return serve_one(seat, brain, running, connection); });
    }
    running->remove();
}

Status listen_on(Acceptor& acceptor, const tcp::endpoint& endpoint, bool shared) {
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
    if (!error && shared) acceptor.set_option(ReusePort(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return Error(ErrorCode::config_invalid,
                     fmt::format("cannot listen on {}:{}: {}", endpoint.address().to_string(), endpoint.port(),
                                 error.message()));
    return {};
}

/// Sockets that share a port also share it with another process, in silence. A socket that does not share finds out.
/// No loop may watch it: while one looks at a socket, closing it does not give its port back yet.
Status check_free(const tcp::endpoint& endpoint) {
    asio::io_context nobody;
    Acceptor probe(nobody.get_executor());
    return listen_on(probe, endpoint, false);
}

}  // namespace

struct Simulator::Inside {
    std::shared_ptr<Brain> brain;
    std::vector<std::shared_ptr<Seat>> seats;
    std::shared_ptr<Running> running = std::make_shared<Running>();
    uint16_t port = 0;
    bool stopped = false;
};

Simulator::Simulator(std::shared_ptr<Inside> in) : in_(std::move(in)) {}
Simulator::~Simulator() { stop(); }

Result<std::unique_ptr<Simulator>> Simulator::start(rt::Loops& loops, SimOptions options) {
    std::unique_ptr<Bill> bill;
    CannedReplies canned;
    if (!options.bill_file.empty()) {
        TRY(bill, Bill::open(options.bill_file));
    }
    if (!options.script_file.empty()) {
        TRY(canned, load_canned(options.script_file));
    }
    boost::system::error_code error;
    const auto address = asio::ip::make_address(options.host, error);
    if (error)
        return Error(ErrorCode::config_invalid, fmt::format("'{}' is not an IP address to listen on", options.host));
    auto in = std::make_shared<Inside>();
    in->port = options.port;
    in->brain = std::make_shared<Brain>(std::move(options), std::move(bill), std::move(canned));
    // Every loop has its own listening socket on the one port; the kernel spreads connections over them.
    if (in->port != 0) {
        TRYV(check_free(tcp::endpoint(address, in->port)));
    }
    for (size_t i = 0; i < loops.size(); ++i) {
        auto seat = std::make_shared<Seat>(loops[i]);
        TRYV(listen_on(seat->acceptor, tcp::endpoint(address, in->port), true));
        if (i == 0) in->port = seat->acceptor.local_endpoint(error).port();
        in->seats.push_back(std::move(seat));
    }
    in->brain->listening_on(in->port);
    for (auto& seat : in->seats) {
        in->running->add();
        seat->loop.spawn([seat, brain = in->brain, running = in->running] { return accept_all(seat, brain, running); });
    }
    return std::unique_ptr<Simulator>(new Simulator(std::move(in)));
}

void Simulator::stop() {
    if (std::exchange(in_->stopped, true)) return;
    for (auto& seat : in_->seats)
        seat->loop.post([seat] {
            seat->stopping = true;
            boost::system::error_code ignored;
            seat->acceptor.close(ignored);
            const std::vector<Connection*> open(seat->connections.begin(), seat->connections.end());
            for (Connection* c : open) c->shut();
        });
    in_->running->wait_for_none();
}

uint16_t Simulator::port() const { return in_->port; }
int64_t Simulator::calls() const { return in_->brain->stats().calls(); }
int64_t Simulator::calls(std::string_view model) const { return in_->brain->stats().calls(model); }
int64_t Simulator::disconnects() const { return in_->brain->stats().disconnects(); }
int64_t Simulator::open_connections() const { return in_->brain->stats().open(); }
std::string Simulator::stats_json() const { return in_->brain->stats().json(); }
void Simulator::reset() { in_->brain->reset(); }

std::vector<std::string> fault_names() {
    std::vector<std::string> names;
    for (const Fault& f : faults()) names.emplace_back(f.name);
    return names;
}

std::string fault_table() {
    static constexpr std::string_view words[] = {"fine", "odd", "error", "broken", "silent"};
    std::string out = "| fault | @k | whole | streamed | what the provider does |\n|---|---|---|---|---|\n";
    for (const Fault& f : faults()) {
        const std::string k = f.k_means.empty() ? "" : fmt::format("{} ({})", f.k_means, f.k_default);
        fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} | {} |\n", f.name, k,
                       words[static_cast<size_t>(f.whole)], words[static_cast<size_t>(f.streamed)], f.text);
    }
    return out;
}

}  // namespace aig::sim
