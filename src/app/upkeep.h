// What the books need now and then while the gateway runs: new entries checked, days that have ended closed and signed,
// bonuses that are over taken off. Once a minute on a blocking thread; a step that is still running is not joined by
// another.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "ledger/book.h"
#include "ledger/statement.h"
#include "ledger/watch.h"
#include "rt/loop.h"

namespace aig::app {

class Upkeep {
  public:
    Upkeep(store::Store& store, ledger::Book& book, ledger::NodeKey key)
        : store_(store), book_(book), key_(std::move(key)), watch_(store) {}
    /// Waits for a round that is running; none begins afterwards.
    ~Upkeep();
    /// From then on once a minute, until the loop stops. Must outlive it.
    void start(rt::Loop& loop);
    /// One round, on the calling thread.
    void run();

  private:
    /// What a round on another thread holds: it may find the Upkeep gone.
    struct Gate {
        std::mutex mutex;
        bool open = true;
        std::atomic<bool> running{false};
    };
    static rt::Task<> round(Upkeep* self, std::shared_ptr<Gate> gate);
    store::Store& store_;
    ledger::Book& book_;
    ledger::NodeKey key_;
    ledger::Watch watch_;
    std::shared_ptr<void> timer_;
    std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

}  // namespace aig::app
