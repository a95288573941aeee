// A body that peek lets through can be spliced into valid JSON with the new model's name, and parsed; whatever parse
// makes of it, encoding it for either family answers and does not break.
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

void encode(const Request& request, std::string_view wire) {
    Losses losses;
    const auto out = provider::wire(wire)->encode(request, WireTarget{"target", 0, {}}, losses);
    if (out) must(JsonDoc::parse(out->body).ok());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto& dialect = dialect::anthropic_messages();
    (void)dialect.parse({Operation::chat, body});
    (void)dialect::measure_messages(body);
    const auto e = dialect.peek({Operation::chat, body});
    if (!e) return 0;
    for (const Span s : e->state) must(s.end <= size && s.end - s.begin >= 2 && body[s.begin] == '"');

    const auto spliced = dialect.splice(body, *e, Patch{.model = "a\"b"});
    must(spliced.ok());
    std::string text;
    for (const auto p : spliced->pieces) text += p;
    const auto doc = JsonDoc::parse(text);
    must(doc.ok() && doc->root()["model"].text() == "a\"b");

    const auto parsed = dialect.parse({Operation::chat, body});
    must(parsed.ok());
    encode(*parsed, "anthropic");
    encode(*parsed, "openai-chat");
    return 0;
}
