#include "provider/aws/event_stream.h"

#include <zlib.h>

#include <cstdint>
#include <optional>

namespace aig::provider::aws {
namespace {

constexpr size_t prelude_size = 12, crc_size = 4;
constexpr size_t least_message = prelude_size + crc_size;
constexpr uint32_t most_headers = 128 * 1024;  // "Headers: maximum 131,072 bytes"
constexpr uint32_t most_message = 16u << 20;   // "Payload: maximum 16,777,216 bytes"; our bound for the whole

uint32_t big_endian(std::string_view bytes, size_t size) {
    uint32_t v = 0;
    for (size_t i = 0; i < size; ++i) v = (v << 8) | static_cast<unsigned char>(bytes[i]);
    return v;
}

uint32_t crc(std::string_view bytes) {
    return static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));  // the polynomial of gzip
}

Error garbage(const char* why) { return Error(ErrorCode::upstream_garbage, why); }

/// Takes bytes off the front of a text, never more than there are.
class Cutter {
  public:
    explicit Cutter(std::string_view rest) : rest_(rest) {}
    bool done() const { return rest_.empty(); }
    std::optional<std::string_view> bytes(size_t n) {
        if (n > rest_.size()) return {};
        const auto taken = rest_.substr(0, n);
        rest_.remove_prefix(n);
        return taken;
    }
    std::optional<uint32_t> number(size_t n) {
        const auto taken = bytes(n);
        return taken ? std::optional(big_endian(*taken, n)) : std::nullopt;
    }
    /// A value of the format's ten types; only strings and bytes have a text.
    std::optional<std::string_view> value(uint32_t type) {
        constexpr int fixed[] = {0, 0, 1, 2, 4, 8, -1, -1, 8, 16};
        if (type >= std::size(fixed)) return {};
        if (fixed[type] >= 0) return bytes(static_cast<size_t>(fixed[type])) ? std::optional("") : std::nullopt;
        const auto size = number(2);
        return size ? bytes(*size) : std::nullopt;
    }

  private:
    std::string_view rest_;
};

}  // namespace

void EventStreamReader::feed(std::string_view bytes) {
    if (read_) buffer_.erase(0, read_);
    read_ = 0;
    buffer_ += bytes;
}

Result<bool> EventStreamReader::next(EventMessage& message) {
    const std::string_view rest = std::string_view(buffer_).substr(read_);
    if (rest.size() < prelude_size) return false;
    const uint32_t total = big_endian(rest, 4), headers = big_endian(rest.substr(4), 4);
    if (big_endian(rest.substr(8), 4) != crc(rest.substr(0, 8)))
        return garbage("the provider's reply is not an event stream, or was damaged on its way");
    if (total > most_message) return garbage("a message of the provider's stream is longer than 16 MiB");
    if (headers > most_headers || total < least_message || headers > total - least_message)
        return garbage("a message of the provider's stream has lengths that cannot be");
    if (rest.size() < total) return false;
    if (big_endian(rest.substr(total - crc_size), 4) != crc(rest.substr(0, total - crc_size)))
        return garbage("a message of the provider's stream was damaged on its way");
    message = {};
    TRYV(read_headers(rest.substr(prelude_size, headers), message));
    message.payload = rest.substr(prelude_size + headers, total - headers - least_message);
    read_ += total;
    return true;
}

Status EventStreamReader::read_headers(std::string_view headers, EventMessage& message) {
    Cutter cut(headers);
    while (!cut.done()) {
        const auto name_size = cut.number(1);
        const auto name = name_size ? cut.bytes(*name_size) : std::nullopt;
        const auto type = name ? cut.number(1) : std::nullopt;
        const auto value = type ? cut.value(*type) : std::nullopt;
        if (!value) return garbage("a message of the provider's stream has a header that cannot be read");
        if (*name == ":message-type") message.message_type = *value;
        if (*name == ":event-type" || *name == ":exception-type" || *name == ":error-code") message.type = *value;
        if (*name == ":error-message") message.error_text = *value;
    }
    return {};
}

}  // namespace aig::provider::aws
