// Signals as something to wait for on the main thread. block() before any thread is started, so that all threads inherit it.
#pragma once

namespace aig::app {

/// SIGTERM, SIGINT and SIGHUP are blocked and SIGPIPE ignored from here on.
void block_signals();
/// Waits for one of them.
int wait_for_signal();
/// Another SIGTERM or SIGINT has come in the meantime.
bool asked_to_hurry();

}  // namespace aig::app
