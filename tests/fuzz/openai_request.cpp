// A body that peek lets through can be spliced into valid JSON, parsed, and encoded again without a change on the
// second round.
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
    const WireTarget target{"target", 0, {.reasoning_back = true}};
    const auto out = provider::wire("openai-chat")->encode(request, target, losses);
    must(out.ok() && losses.empty());
    return out->body;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (!size) return 0;
    const Operation operation = data[0] & 1 ? Operation::embedding : Operation::chat;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto& dialect = dialect::openai_chat();
    (void)dialect.parse({operation, body});
    const auto e = dialect.peek({operation, body});
    if (!e) return 0;

    const Patch patch{.model = "a\"b",
                      .ask_usage = true,
                      .max_output = 7,
                      .max_output_member = "max_tokens",
                      .drop_stream_options = (data[0] & 2) != 0};
    const auto spliced = dialect.splice(body, *e, patch);
    must(spliced.ok());
    std::string text;
    for (const auto p : spliced->pieces) text += p;
    const auto doc = JsonDoc::parse(text);
    must(doc.ok() && doc->root()["model"].text() == "a\"b");

    const auto parsed = dialect.parse({operation, body});
    must(parsed.ok());
    const std::string once = encoded(*parsed);
    const auto again = dialect.parse({operation, once});
    must(again.ok() && encoded(*again) == once);
    return 0;
}
