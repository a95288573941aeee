// Whatever the bytes and however they are cut: the same events, and raw bytes that lose nothing.
#include "canon/sse.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace aig::canon;

namespace {
struct Seen {
    std::string raw, event, data;
    bool has_data;
    bool operator==(const Seen&) const = default;
};

std::vector<Seen> read(std::string_view bytes, size_t step) {
    SseReader reader;
    SseEvent e;
    std::vector<Seen> out;
    const auto keep = [&] {
        out.push_back({std::string(e.raw), std::string(e.event), std::string(e.data), e.has_data});
    };
    for (size_t i = 0; i < bytes.size(); i += step) {
        if (!reader.feed(bytes.substr(i, step))) return out;
        while (reader.next(e)) keep();
    }
    while (reader.last(e)) keep();
    return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = read(bytes, size ? size : 1);
    std::string joined;
    for (const Seen& e : whole) joined += e.raw;
    if (joined != bytes) std::abort();
    for (const size_t step : {1u, 2u, 3u, 7u})
        if (read(bytes, step) != whole) std::abort();
    return 0;
}
