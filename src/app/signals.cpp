#include "app/signals.h"

#include <csignal>
#include <ctime>
#include <initializer_list>

namespace aig::app {
namespace {
sigset_t watched() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    return set;
}
}  // namespace

void block_signals() {
    const auto set = watched();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

int wait_for_signal() {
    const auto set = watched();
    int signal = 0;
    while (sigwait(&set, &signal) != 0) {
    }
    return signal;
}

bool asked_to_hurry() {
    const auto set = watched();
    const timespec moment{0, 20'000'000};
    const int signal = sigtimedwait(&set, nullptr, &moment);
    return signal == SIGTERM || signal == SIGINT;
}

}  // namespace aig::app
