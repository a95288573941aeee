// A layer under the writer's connection that gathers what SQLite writes to the write-ahead log. A commit writes a
// header and a page for every page it changes, each with a system call of its own; here they stand in memory until the
// sync that makes them durable (or until something reads the file) and go out as one write. All other files are those
// of the layer beneath.
//
// What is not synced is not on disk: a connection on this layer must have synchronous=FULL, for SQLite tells readers of
// a commit behind its sync, and without one they would look for pages that are still in memory.
#pragma once

#include <string>

namespace aig::store {

/// The name of the layer over the one called `beneath` ("" = the default); registered with its first use. Thread-safe.
/// `beneath` when there is none of that name.
std::string gathering_vfs(const std::string& beneath);

}  // namespace aig::store
