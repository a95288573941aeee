// The chunk decoder against llhttp in strict mode: what ours accepts, llhttp accepts too, with the same bytes and the
// same end.
#include <llhttp.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/detail/chunked.h"

using aig::net::detail::ChunkDecoder;

namespace {

struct Outcome {
    bool done = false;
    size_t consumed = 0;
    std::string body;
    bool operator==(const Outcome&) const = default;
};

Outcome ours(const std::string& bytes, size_t piece) {
    Outcome out;
    ChunkDecoder decoder;
    while (out.consumed < bytes.size() && !out.done) {
        std::string part = bytes.substr(out.consumed, piece);
        const auto step = decoder.decode(part.data(), part.size());
        if (!step) return {};
        out.body.append(part, 0, step->produced);
        out.consumed += step->consumed;
        out.done = step->done;
    }
    return out;
}

int on_body(llhttp_t* parser, const char* at, size_t n) {
    static_cast<Outcome*>(parser->data)->body.append(at, n);
    return 0;
}
int on_complete(llhttp_t* parser) {
    static_cast<Outcome*>(parser->data)->done = true;
    return HPE_PAUSED;
}

Outcome theirs(const std::string& bytes) {
    Outcome out;
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &out;
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string all = head + bytes;
    llhttp_execute(&parser, all.data(), all.size());
    if (out.done) out.consumed = static_cast<size_t>(llhttp_get_error_pos(&parser) - all.data()) - head.size();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const Outcome whole = ours(bytes, std::max<size_t>(size, 1));
    for (const size_t piece : {1, 2, 13}) {
        const Outcome cut = ours(bytes, piece);
        if (cut.done != whole.done || (cut.done && !(cut == whole))) std::abort();
    }
    if (whole.done && !(theirs(bytes) == whole)) std::abort();
    return 0;
}
