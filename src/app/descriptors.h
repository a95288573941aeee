// File descriptors: shells and service managers start programs with 1,024 of them, for the sake of old ones that
// select(). A call takes two, its caller's and its provider's.
#pragma once

#include <cstddef>

namespace aig::app {

/// Takes as many as the system lets this process have. Before anything is opened that goes by the limit.
void raise_descriptor_limit();
/// Says in the log where they do not suffice for so many connections.
void warn_of_few_descriptors(size_t max_connections);

}  // namespace aig::app
