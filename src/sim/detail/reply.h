// What the simulated provider will send, before and after it is HTTP: a Reply is status, headers and body or events; a
// Script is the bytes for the socket with their timing and how it ends. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aig::sim {

/// One SSE event with its blank line, and the output tokens the caller holds once it has arrived.
struct Event {
    std::string bytes;
    int64_t tokens = 0;
};

struct Reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    bool streamed = false;
    std::string body;           ///< when not streamed
    std::vector<Event> events;  ///< when streamed
    int64_t tokens = 0;         ///< output tokens of the whole reply
    size_t content_at = 0;      ///< index of the first event with content
    void set(std::string_view name, std::string value);
    void drop(std::string_view name);
};

struct Step {
    std::string bytes;
    int64_t tokens = 0;   ///< emitted once this step is out
    int64_t wait_ms = 0;  ///< before the bytes
    int64_t repeat = 1;   ///< wait and send that many times
};

enum class End : uint8_t {
    keep,   ///< the connection serves the next request
    close,  ///< FIN
    reset,  ///< RST
    hold,   ///< silence until the client leaves or the bound passes, then FIN
};

struct Script {
    std::vector<Step> steps;
    End end = End::keep;
    bool complete = true;  ///< the caller gets a whole, well-formed reply
};

std::string_view reason_phrase(int status);
std::string reply_head(const Reply& reply, std::string_view framing);
std::string chunk(std::string_view bytes);
/// Well-formed HTTP/1.1: content-length for a body, one chunk an event for a stream.
Script frame(const Reply& reply);

}  // namespace aig::sim
