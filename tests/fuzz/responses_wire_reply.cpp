// Any bytes as a reply of a Responses API: no crash, no view into freed memory, and the same end however the bytes are
// cut. First byte: bit 0 streamed, bit 1 as an error body. Second byte: length of the pieces.
#include <cstdlib>

#include "provider/openai_responses/openai_responses.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Outcome {
    size_t text = 0;
    int64_t output = 0;
    bool terminal = false, ok = true;
    bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, bool stream, size_t piece) {
    auto decoder = provider::openai_responses_wire().decoder(Operation::chat, stream);
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[0] & 2) {
        (void)provider::openai_responses_wire().error(400 + data[1], bytes);
        return 0;
    }
    const bool stream = data[0] & 1;
    const Outcome whole = read(bytes, stream, bytes.size() + 1), cut = read(bytes, stream, 1 + data[1]);
    // Behind an error the events before it may differ in number by what one feed had already given out.
    if (whole.ok != cut.ok || whole.terminal != cut.terminal || (whole.ok && !(whole == cut))) std::abort();
    return 0;
}
