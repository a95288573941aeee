// Any bytes as a reply of the wires with binary or line streams: no crash, no view into freed memory, and the same end
// however the bytes are cut. First byte: which wire and form; second byte: length of the pieces.
#include <array>
#include <cstdlib>

#include "provider/aws/event_stream.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Outcome {
    size_t text = 0;
    int64_t output = 0;
    bool terminal = false, ok = true;
    bool operator==(const Outcome&) const = default;
};

Outcome read(const Wire& wire, Operation operation, bool stream, std::string_view bytes, size_t piece) {
    auto decoder = wire.decoder(operation, stream);
    Outcome o;
    std::vector<Event> out;
    const auto take = [&](const Status& s) {
        for (const Event& e : out) {
            for (const char c : e.text) o.text += static_cast<unsigned char>(c);  // touch every view
            o.text += e.id.size() + e.name.size() + e.raw.size();
            if (e.kind == Event::Kind::usage) o.output = e.usage.output_total();
        }
        out.clear();
        o.ok = s.ok();
        return s.ok();
    };
    for (size_t at = 0; o.ok && at < bytes.size(); at += piece) {
        const std::string own(bytes.substr(at, piece));
        take(decoder->feed(own, out));
    }
    if (o.ok) take(decoder->end(out));
    o.terminal = decoder->terminal();
    return o;
}

/// Messages cut out of the stream do not depend on how it came.
void check_reader(std::string_view bytes, size_t piece) {
    const auto count = [&](size_t step) {
        provider::aws::EventStreamReader reader;
        provider::aws::EventMessage message;
        size_t n = 0;
        for (size_t at = 0; at < bytes.size(); at += step) {
            reader.feed(bytes.substr(at, step));
            for (;;) {
                const auto more = reader.next(message);
                if (!more) return n | (size_t{1} << 40);
                if (!*more) break;
                n += 1 + message.payload.size() + message.type.size();
            }
        }
        return n;
    };
    if (count(bytes.size() + 1) != count(piece)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    static constexpr std::array<std::string_view, 4> names{"bedrock", "bedrock-invoke", "cohere", "ollama"};
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const Wire& wire = *provider::wire(names[data[0] & 3]);
    const bool stream = data[0] & 4, embedding = data[0] & 8;
    const size_t piece = 1 + data[1];
    if (data[0] & 16) {
        (void)wire.error(400 + data[1], bytes);
        return 0;
    }
    if (data[0] & 32) check_reader(bytes, piece);
    const auto operation = embedding ? Operation::embedding : Operation::chat;
    const Outcome whole = read(wire, operation, stream, bytes, bytes.size() + 1),
                  cut = read(wire, operation, stream, bytes, piece);
    // Behind an error the events before it may differ in number by what one feed had already given out.
    if (whole.ok != cut.ok || whole.terminal != cut.terminal || (whole.ok && !(whole == cut))) std::abort();
    return 0;
}
