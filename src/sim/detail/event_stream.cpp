#include "sim/detail/event_stream.h"

#include <zlib.h>

#include <cstdint>

namespace aig::sim {
namespace {

void put(std::string& out, uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}
void put_sum(std::string& out) {
    put(out, crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(out.size())), 4);
}
void put_header(std::string& out, std::string_view name, std::string_view value) {
    constexpr char text_type = 7;
    put(out, name.size(), 1);
    out.append(name) += text_type;
    put(out, value.size(), 2);
    out += value;
}

std::string message(std::string_view kind, std::string_view kind_header, std::string_view type, std::string_view json) {
    std::string headers;
    put_header(headers, kind_header, type);
    put_header(headers, ":content-type", "application/json");
    put_header(headers, ":message-type", kind);
    std::string out;
    put(out, 16 + headers.size() + json.size(), 4);
    put(out, headers.size(), 4);
    put_sum(out);
    out.append(headers).append(json);
    put_sum(out);
    return out;
}

}  // namespace

std::string amazon_event(std::string_view type, std::string_view json) {
    return message("event", ":event-type", type, json);
}
std::string amazon_exception(std::string_view type, std::string_view json) {
    return message("exception", ":exception-type", type, json);
}

}  // namespace aig::sim
