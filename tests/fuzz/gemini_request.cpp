// A body that peek lets through can be spliced into valid JSON and parsed; encoded for its own family and read again,
// it says the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"
#include "dialect/registry.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {
void must(bool condition) {
    if (!condition) std::abort();
}

std::string encoded(const Request& request) {
    Losses losses;
    const WireTarget target{"target", 0, {}};
    const auto out = provider::wire("gemini")->encode(request, target, losses);
    if (!out) return {};
    must(JsonDoc::parse(out->body).ok());
    return out->body;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (!size) return 0;
    const Operation operation = data[0] & 1 ? Operation::embedding : Operation::chat;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto& dialect = dialect::gemini();
    const Incoming in{.operation = operation, .body = body, .model = "m", .stream = false};
    (void)dialect.parse(in);
    const auto e = dialect.peek(in);
    if (!e) return 0;
    for (const Span s : e->state) must(s.end <= body.size() && body[s.begin] == '"' && body[s.end - 1] == '"');

    const auto spliced = dialect.splice(body, *e, {.model = "other", .max_output = 7});
    must(spliced.ok());
    std::string text;
    for (const auto p : spliced->pieces) text += p;
    must(JsonDoc::parse(text).ok());

    const auto parsed = dialect.parse(in);
    if (!parsed) return 0;
    Losses losses;
    const WireTarget target{"target", 0, {}};
    for (const auto wire : {"openai-chat", "anthropic"}) {
        const auto elsewhere = provider::wire(wire)->encode(*parsed, target, losses);
        if (elsewhere) must(JsonDoc::parse(elsewhere->body).ok());
    }
    const std::string once = encoded(*parsed);
    if (once.empty() || operation == Operation::embedding) return 0;
    const Incoming again{.operation = operation, .body = once, .model = "m", .stream = false};
    const auto reread = dialect.parse(again);
    must(reread.ok());
    (void)encoded(*reread);
    return 0;
}
