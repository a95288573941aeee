#include "provider/testing/event_stream.h"

#include <zlib.h>

#include <cstdint>

namespace aig::provider::testing {
namespace {
std::string number(size_t v, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>((v >> (8 * i)) & 0xFF);
    return out;
}
std::string sum(const std::string& bytes) {
    return number(::crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())),
                  4);
}
}  // namespace

std::string event_message(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view payload) {
    std::string block;
    for (const auto& [name, value] : headers)
        block += number(name.size(), 1) + name + '\x07' + number(value.size(), 2) + value;
    return raw_message(block, payload);
}

std::string raw_message(std::string_view headers, std::string_view payload) {
    std::string out = prelude(16 + headers.size() + payload.size(), headers.size());
    out += headers;
    out += payload;
    return out + sum(out);
}

std::string prelude(size_t message_size, size_t headers_size) {
    const std::string lengths = number(message_size, 4) + number(headers_size, 4);
    return lengths + sum(lengths);
}

std::string event(std::string_view type, std::string_view payload) {
    return event_message(
        {{":event-type", std::string(type)}, {":content-type", "application/json"}, {":message-type", "event"}},
        payload);
}
std::string exception(std::string_view type, std::string_view payload) {
    return event_message(
        {{":exception-type", std::string(type)}, {":content-type", "application/json"}, {":message-type", "exception"}},
        payload);
}

}  // namespace aig::provider::testing
