#include "rt/quiet.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace aig::rt {

struct Bells {
    std::mutex mutex;  // guards the list and who is armed
    std::vector<QuietBell*> list;
    // Each side writes its own number before it reads the other's: one of them sees that the bell must ring.
    std::atomic<int> armed{0}, busy_loops{0};

    static Bells& all() {
        static Bells bells;
        return bells;
    }
    void set(QuietBell& bell, bool armed_now) {
        if (bell.armed_ == armed_now) return;
        bell.armed_ = armed_now;
        armed.fetch_add(armed_now ? 1 : -1);
    }
    void ring_all() {
        const std::lock_guard lock(mutex);
        for (QuietBell* bell : list) {
            if (!bell->armed_) continue;
            set(*bell, false);
            bell->ring_();
        }
    }
};

QuietBell::QuietBell(std::function<void()> ring) : ring_(std::move(ring)) {
    auto& all = Bells::all();
    const std::lock_guard lock(all.mutex);
    all.list.push_back(this);
}
QuietBell::~QuietBell() {
    auto& all = Bells::all();
    const std::lock_guard lock(all.mutex);
    all.set(*this, false);
    std::erase(all.list, this);
}
void QuietBell::arm() {
    auto& all = Bells::all();
    {
        const std::lock_guard lock(all.mutex);
        all.set(*this, true);
    }
    if (all.busy_loops.load() == 0) all.ring_all();
}

namespace detail {
void loop_busy() { Bells::all().busy_loops.fetch_add(1); }
int busy_loops() { return Bells::all().busy_loops.load(); }
bool bell_armed() { return Bells::all().armed.load() > 0; }
void loop_idle() {
    auto& all = Bells::all();
    if (all.busy_loops.fetch_sub(1) == 1 && all.armed.load() > 0) all.ring_all();
}
}  // namespace detail

}  // namespace aig::rt
