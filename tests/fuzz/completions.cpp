// Text completions: any request through peek and parse, any reply through the tap, in any cuts; what is accepted can be
// parsed or is refused by name, a reply ends the same however it is cut, and never before its receipt.
// First byte: bit 0 a request, bit 1 streamed, bit 2 usage wanted.
#include "dialect/registry.h"
#include "provider/registry.h"
#include "replies.h"

using namespace aig;
using namespace aig::canon;
using namespace aig::fuzz;

namespace {
void request(std::string_view body) {
    const auto envelope = dialect::openai_completions().peek({Operation::completion, body});
    if (!envelope) return;
    must(envelope->n >= 1 && (!envelope->max_output || *envelope->max_output >= 1));
    Patch patch;
    patch.model = "up";
    patch.max_output = 7;
    patch.ask_usage = true;
    const auto spliced = dialect::openai_completions().splice(body, *envelope, patch);
    must(spliced.ok());
    std::string bytes;
    for (const auto p : spliced->pieces) bytes += p;
    const auto again = dialect::openai_completions().peek({Operation::completion, bytes});
    must(again.ok() && again->model == "up");
    const auto parsed = dialect::openai_completions().parse({Operation::completion, body});
    if (!parsed) return must(envelope->needs & feature_fill_in);
    Losses losses;
    (void)provider::wire("openai-chat")->encode(*parsed, {"m", 0, {}, false}, losses);
}

void render(std::string_view reply, const Envelope& envelope, std::string_view body) {
    const auto decoder = provider::wire("openai-chat")->decoder(Operation::chat, envelope.stream);
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.body = body;
    terms.public_model = "pub";
    const auto renderer = dialect::openai_completions().renderer(terms);
    std::vector<Event> events;
    std::string out;
    const Status fed = decoder->feed(reply, events);
    for (const Event& e : events) renderer->event(e, out);
    events.clear();
    if (!fed || !decoder->end(events)) return;
    for (const Event& e : events) renderer->event(e, out);
    must(out.find("[DONE]\n\n") == std::string::npos || reply.find("[DONE]") != std::string_view::npos);
    const Receipt receipt = ledger::ReceiptMint::test(1);
    const Usage usage{};
    const std::string tail = renderer->finish({usage, receipt});
    if (!envelope.stream) must(JsonDoc::parse(tail).ok());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (!size) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] & 1) return request(bytes), 0;
    Envelope envelope;
    envelope.operation = Operation::completion;
    envelope.stream = data[0] & 2;
    envelope.wants_usage = data[0] & 4;
    tap_in_any_cuts(dialect::openai_completions(), bytes, envelope, !envelope.stream);
    render(bytes, envelope, R"({"prompt":"Once","echo":true})");
    return 0;
}
