// Top-ups of one deployment: everything of the room, connected. Off unless configured; a setting that would open a rail
// without a strong secret stops the start.
#pragma once

#include <memory>
#include <optional>

#include "topup/callback.h"
#include "topup/tron/watcher.h"

namespace aig::topup {

struct TopupSettings {
    std::optional<tron::WatcherSettings> tron;
    std::map<std::string, CallbackRail, std::less<>> callbacks;
    int64_t book_delay_us = 24 * 3'600'000'000ll;  ///< until later imports and removals of addresses take effect
    bool any() const { return tron || !callbacks.empty(); }
    /// config_invalid: a secret of 1 to 23 bytes, a rail's name that is not one, no node.
    Status check() const;
};

class Topups {
  public:
    /// Without a loop nothing is watched (commands on a resting database).
    static Result<std::unique_ptr<Topups>> open(TopupSettings settings, store::Store& store, ledger::Book& book,
                                                Seal seal, rt::Loop* loop);
    /// Begins to watch.
    void start();

    /// bad_param naming the rails there are; topup_disabled when there are none or it has no secret.
    Status usable(std::string_view rail) const;
    /// Those that are open: "usdt-trc20", "mypay".
    std::vector<std::string> open_rails() const;

    Desk& desk() { return desk_; }
    CallbackDoor& door() { return door_; }
    AddressBook& addresses() { return addresses_; }
    tron::Watcher* watcher() { return watcher_.get(); }
    const TopupSettings& settings() const { return settings_; }
    store::Store& store() { return store_; }

  private:
    Topups(TopupSettings settings, store::Store& store, ledger::Book& book, Seal seal, rt::Loop* loop);
    TopupSettings settings_;
    store::Store& store_;
    Desk desk_;
    CallbackDoor door_;
    AddressBook addresses_;
    std::unique_ptr<tron::Watcher> watcher_;
};

}  // namespace aig::topup
