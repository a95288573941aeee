// Signals as something to wait for on the main thread. block() before any thread is started, so that all threads
// inherit it.
#pragma once

namespace aig::app {

/// SIGTERM, SIGINT and SIGHUP are blocked and SIGPIPE ignored from here on.
void block_signals();
/// Waits for one of them.
int wait_for_signal();
/// Waits 20 ms at most: another SIGTERM or SIGINT has come.
bool asked_to_hurry();

}  // namespace aig::app
