// Quiet: no loop has anything left to do for those who told it that more may come. What is worth doing for many at once
// (a commit and its sync) waits for that moment: everything that could join has then been handled. Without loops it is
// always quiet.
//
// Thread-safe.
#pragma once

#include <functional>

namespace aig::rt {

/// Tells a thread of the next quiet moment.
class QuietBell {
  public:
    /// `ring` runs on the loop thread that fell quiet last, or on the one that arms. It must not wait, and not arm.
    explicit QuietBell(std::function<void()> ring);
    ~QuietBell();
    QuietBell(const QuietBell&) = delete;
    /// Rings once: at once if it is quiet now.
    void arm();

  private:
    friend struct Bells;
    std::function<void()> ring_;
    bool armed_ = false;  // guarded by the list of all bells
};

/// The loop of this thread counts as busy until it has done all that it has at hand (or has been at it for a
/// millisecond); nothing on other threads. True: no other loop is busy, so a bell that is armed now rings when this one
/// is done.
bool put_off_quiet();

namespace detail {
/// A loop has become busy, or is no longer.
void loop_busy();
void loop_idle();
int busy_loops();
/// Somebody waits for the bell.
bool bell_armed();
}  // namespace detail

}  // namespace aig::rt
