// Header lines on their way to a connection, for both sides. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "net/http.h"

namespace aig::net::detail {

/// Bytes below the blank but TAB, and DEL. CR and LF count too.
size_t count_controls(std::string_view bytes);
inline bool one_line(std::string_view text) { return count_controls(text) == 0; }

/// Appends the lines that `ours` does not name: those the connection writes itself. Lines that may not stand on a
/// connection (a name that is no token, a value with a control byte) are left out; gives their number. A list all of
/// whose names are literals is not asked for ours: the compiler refuses what stands in is_connections_own(), which must
/// hold all that either side's `ours` names.
size_t append_lines(std::string& out, const Headers& headers, bool (*ours)(std::string_view name));

}  // namespace aig::net::detail
