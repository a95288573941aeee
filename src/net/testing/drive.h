// Feeds bytes to the pure parsing layer as a connection would, without a socket: for the tables of hostile messages and
// the fuzz targets. `piece` bytes at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/detail/chunked.h"
#include "net/detail/head_parser.h"

namespace aig::net::testing {

struct Message {
    std::string start;  ///< "POST /a" or "200"
    std::string body;
    bool operator==(const Message&) const = default;
};

struct Verdict {
    std::vector<Message> messages;
    std::string refused;  ///< why, "" = everything was understood
    bool open = false;    ///< the bytes end inside a message
    bool closes = false;  ///< the last message ends the connection
    bool operator==(const Verdict&) const = default;
};

/// All pipelined requests, until one is refused or closes the connection.
Verdict drive_requests(std::string_view bytes, size_t piece);
/// One reply; whatever follows it counts as refused "bytes behind the reply".
Verdict drive_reply(std::string_view bytes, size_t piece);

}  // namespace aig::net::testing
