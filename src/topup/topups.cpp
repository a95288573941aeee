#include "topup/topups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/metrics.h"
#include "base/time.h"

namespace aig::topup {
namespace {
Error wrong(std::string what) { return Error(ErrorCode::config_invalid, std::move(what)); }

bool is_rail_name(std::string_view name) {
    return !name.empty() && name.size() <= 32 && name != usdt_trc20 &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

void publish(const tron::Watcher& watcher) {
    const auto* state = &watcher.state();
    const metrics::Labels rail = {{"rail", usdt_trc20}};
    metrics::gauge(
        "aig_topup_head_age_seconds", "Age of the newest solidified block a node told of",
        [state] { return state->head_ms ? (now_us() / 1'000 - state->head_ms) / 1'000 : 0; }, rail);
    metrics::gauge(
        "aig_topup_addresses", "Deposit addresses that are watched", [state] { return state->addresses.load(); }, rail);
    metrics::gauge(
        "aig_topup_open", "Transactions that were seen and are not resolved", [state] { return state->open.load(); },
        rail);
}
}  // namespace

Status TopupSettings::check() const {
    for (const auto& [name, rail] : callbacks) {
        if (!is_rail_name(name))
            return wrong(fmt::format("topups.callbacks.{}: a rail's name has 1 to 32 of a-z, 0-9, - and _", name));
        if (!rail.secret.empty() && rail.secret.size() < least_secret_bytes)
            return wrong(
                fmt::format("topups.callbacks.{}.secret has {} bytes; give at least {}, or leave it out to keep the "
                            "rail closed",
                            name, rail.secret.size(), least_secret_bytes));
    }
    if (tron && tron->nodes.empty()) return wrong("topups.tron.nodes: name at least one node");
    return {};
}

Topups::Topups(TopupSettings settings, store::Store& store, ledger::Book& book, Seal seal, rt::Loop* loop)
    : settings_(std::move(settings)),
      store_(store),
      desk_(store, book),
      door_(desk_, settings_.callbacks),
      addresses_(store, std::string(usdt_trc20), std::move(seal), settings_.book_delay_us) {
    if (loop && settings_.tron)
        watcher_ = std::make_unique<tron::Watcher>(*loop, store_, desk_, addresses_, *settings_.tron);
}

Result<std::unique_ptr<Topups>> Topups::open(TopupSettings settings, store::Store& store, ledger::Book& book, Seal seal,
                                             rt::Loop* loop) {
    TRYV(settings.check());
    return std::unique_ptr<Topups>(new Topups(std::move(settings), store, book, std::move(seal), loop));
}

std::vector<std::string> Topups::open_rails() const {
    std::vector<std::string> all;
    if (settings_.tron) all.emplace_back(usdt_trc20);
    for (const auto& [name, rail] : settings_.callbacks)
        if (!rail.secret.empty()) all.push_back(name);
    return all;
}

Status Topups::usable(std::string_view rail) const {
    const auto all = open_rails();
    if (all.empty()) return Error(ErrorCode::topup_disabled, "no way of paying is set up here");
    if (rail == usdt_trc20 && settings_.tron) return {};
    if (door_.rails().contains(rail)) return door_.open(rail);
    return Error(ErrorCode::bad_param, fmt::format("'rail' must be one of {}.", fmt::join(all, ", "))).param("rail");
}

void Topups::start() {
    if (!watcher_) return;
    publish(*watcher_);
    watcher_->start();
}

}  // namespace aig::topup
