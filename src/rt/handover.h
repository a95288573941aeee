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

class Handover;
using HandoverPtr = std::shared_ptr<Handover>;

class Handover {
  public:
    explicit Handover(Loop& loop) : loop_(loop) {}
    Loop& loop() const { return loop_; }
    /// Working side, once, before it is sent.
    void set(Status outcome) { outcome_ = std::move(outcome); }
    Status take() { return std::move(outcome_); }
    /// The task goes on, inside this call.
    void arrive() { task_.resume_now(); }
    /// For work that is refused while it is being started: the task goes on from the loop's queue.
    void arrive_later() { task_.resume(); }
    /// Starts the work, and waits for how it ends; one frame for both.
    static Task<Status> wait_for(HandoverPtr work, void (*start)(HandoverPtr work));

  private:
    Loop& loop_;
    Status outcome_;
    detail::Parked task_;
};

/// A group's, sorted by loop. Working thread only.
class Handovers {
  public:
    void add(HandoverPtr done);
    void send();

  private:
    std::vector<std::pair<Loop*, std::vector<HandoverPtr>>> per_loop_;
};

}  // namespace aig::rt
