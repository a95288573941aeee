// Handover: how a piece of work on another thread ended, told to the one task that waits for it. For work that comes in
// groups (the writer's commits): it costs one allocation for both sides, and each loop is woken once a group, however
// many of its tasks go on. set() on the working thread; everything else on the loop.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rt/descriptor.h"
#include "rt/loop.h"

namespace aig::rt {

class Handover {
  public:
    explicit Handover(Loop& loop) : loop_(loop) {}
    Loop& loop() const { return loop_; }
    /// Before it is sent; once.
    void set(Status outcome) { outcome_ = std::move(outcome); }
    /// The task goes on, now or when it comes to wait.
    void arrive();
    bool arrived() const { return arrived_; }
    /// For what has not arrived.
    Task<> wait();
    Status take() { return std::move(outcome_); }

  private:
    Loop& loop_;
    bool arrived_ = false;
    Status outcome_;
    detail::Parked task_;
};
using HandoverPtr = std::shared_ptr<Handover>;

/// A group's, sorted by loop. Working thread only.
class Handovers {
  public:
    void add(HandoverPtr done);
    void send();

  private:
    std::vector<std::pair<Loop*, std::vector<HandoverPtr>>> per_loop_;
};

}  // namespace aig::rt
