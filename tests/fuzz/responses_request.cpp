// A body that peek lets through can be spliced into valid JSON and parsed; every place it notes lies within the body.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"
#include "dialect/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {
void must(bool condition) {
    if (!condition) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto& dialect = dialect::openai_responses();
    (void)dialect.parse({Operation::chat, body});
    const auto e = dialect.peek({Operation::chat, body});
    if (!e) return 0;
    for (const Span s : e->state) must(s.present() && s.end <= size && body[s.begin] == '"' && body[s.end - 1] == '"');
    const auto spliced = dialect.splice(body, *e, {.model = "a\"b", .max_output = 7});
    must(spliced.ok());
    std::string text;
    for (const auto p : spliced->pieces) text += p;
    const auto doc = JsonDoc::parse(text);
    must(doc.ok() && doc->root()["model"].text() == "a\"b" && doc->root()["max_output_tokens"].integer() == 7);
    must(doc->root()["previous_response_id"].is_null() && doc->root()["background"].is_null());
    must(dialect.parse({Operation::chat, body}).ok());
    must(dialect.peek({Operation::chat, text}).ok());
    return 0;
}
