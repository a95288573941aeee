#include "app/config_topups.h"

#include <fmt/format.h>

#include "base/money.h"

namespace aig::app {
namespace {
using settings::Reader;

int64_t amount(const Reader& r, const char* name, const TellFault& fault) {
    const auto at = std::string("topups.tron.") + name;
    const auto nanos = parse_decimal(r.text(name), 6, "it");
    if (nanos && *nanos >= 0 && *nanos <= 1'000'000'000'000'000) return *nanos * 1'000;
    fault(at, "must be an amount like 1 or 0.5, with at most six places");
    return 0;
}

void read_nodes(const Reader& r, topup::tron::WatcherSettings& w, const TellFault& fault) {
    size_t i = 0;
    for (const auto& n : r.list("nodes")) {
        const auto at = fmt::format("topups.tron.nodes[{}].url", i++);
        auto upstream = net::parse_upstream(n.text("url"));
        if (!upstream) {
            fault(at, upstream.error().message());
            continue;
        }
        upstream->timeouts = {5'000, 15'000, 15'000, 30'000};
        upstream->max_idle_per_loop = 4;
        for (const auto& other : w.nodes)
            if (other.upstream->host == upstream->host && other.upstream->port == upstream->port)
                fault(at, "is the same server as another node: a second one must be independent of the first");
        w.nodes.push_back({std::make_shared<const net::Upstream>(*std::move(upstream)), n.text("api_key")});
    }
}

topup::tron::WatcherSettings tron(const Reader& r, const TellFault& fault) {
    topup::tron::WatcherSettings w;
    const auto token = topup::tron::from_base58(r.text("token"));
    if (token)
        w.token = *token;
    else
        fault("topups.tron.token",
              "must be the token's contract address: T and 33 more characters, with their checksum");
    read_nodes(r, w, fault);
    if (w.nodes.empty()) fault("topups.tron.nodes", "name at least one node, as {url: https://...}");
    w.minimum_nanos = amount(r, "minimum", fault);
    const bool never = r.text("second_node_above") == "never";
    w.second_above_nanos = never ? INT64_MAX : amount(r, "second_node_above", fault);
    if (!never && w.nodes.size() == 1)
        fault("topups.tron.nodes",
              "deposits above second_node_above need a second, independent node: name one, or write second_node_above: "
              "never to trust this one with any amount");
    w.poll_ms = r.number("poll").value_or(w.poll_ms);
    w.overlap_ms = r.number("overlap").value_or(w.overlap_ms);
    w.requests_a_round = r.number("requests_per_poll").value_or(w.requests_a_round);
    return w;
}
}  // namespace

topup::TopupSettings read_topups(const Reader& r, const TellFault& fault) {
    topup::TopupSettings s;
    s.book_delay_us = r.number("book_delay").value_or(0) * 1'000;
    if (r.present("tron")) s.tron = tron(r.group("tron"), fault);
    for (const auto& [name, c] : r.named("callbacks")) {
        topup::CallbackRail rail;
        rail.secret = c.text("secret");
        rail.format =
            c.text("format") == "stripe" ? topup::CallbackRail::Format::stripe : topup::CallbackRail::Format::plain;
        const auto at = fmt::format("topups.callbacks.{}", name);
        if (c.present("secret") && rail.secret.size() < topup::least_secret_bytes)
            fault(
                at + ".secret",
                fmt::format("has {} bytes: anyone could guess it and credit themselves. Give at least {}, or leave it "
                            "out to keep this rail closed",
                            rail.secret.size(), topup::least_secret_bytes));
        topup::TopupSettings alone;
        alone.callbacks[name] = {};
        if (auto named = alone.check(); !named) fault(at, "is no name for a rail: 1 to 32 of a-z, 0-9, - and _");
        s.callbacks[name] = std::move(rail);
    }
    return s;
}

std::string topups_text(const topup::TopupSettings& s) {
    std::string out = fmt::format("{}", s.book_delay_us);
    for (const auto& [name, rail] : s.callbacks)
        fmt::format_to(std::back_inserter(out), "\n{} {} {}", name, static_cast<int>(rail.format), rail.secret);
    if (!s.tron) return out;
    const auto& t = *s.tron;
    fmt::format_to(std::back_inserter(out), "\n{} {} {} {} {} {}", to_base58(t.token), t.minimum_nanos,
                   t.second_above_nanos, t.poll_ms, t.overlap_ms, t.requests_a_round);
    for (const auto& n : t.nodes)
        fmt::format_to(std::back_inserter(out), "\n{}{} {}", n.upstream->host_header(), n.upstream->base_path,
                       n.api_key);
    return out;
}

}  // namespace aig::app
