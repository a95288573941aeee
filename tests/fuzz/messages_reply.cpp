// Any reply, in any cuts, through the Messages tap, and through decoder and Messages renderer: no crash, the same
// outcome however it is cut, never the end without a receipt, and what we write ourselves is legal.
#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "provider/registry.h"
#include "replies.h"

using namespace aig;
using namespace aig::canon;
using namespace aig::fuzz;

namespace {
void render(std::string_view wire, std::string_view reply, bool stream, const Envelope& envelope) {
    const auto decoder = provider::wire(wire)->decoder(Operation::chat, stream);
    const auto renderer = dialect::anthropic_messages().renderer(terms_of(envelope));
    std::vector<Event> events;
    std::string out;
    const auto take = [&](const Status& s) {
        for (const Event& e : events) renderer->event(e, out);
        events.clear();
        return s.ok() && !decoder->error();
    };
    bool going = take(decoder->feed(reply, events));
    if (going) going = take(decoder->end(events));
    const Receipt receipt = ledger::ReceiptMint::test(1);
    const Usage usage{};
    if (!envelope.stream) {
        out = renderer->finish({usage, receipt});
        must(JsonDoc::parse(out).ok());
        return;
    }
    out += going ? renderer->finish({usage, receipt}) : renderer->fail(Error(ErrorCode::upstream_garbage));
    // What a model puts into its arguments, and providers into blocks of their own, is theirs: not judged strictly.
    const auto verdict = dialect::testing::judge_messages_stream(out, false);
    must(verdict.complete == going && verdict.failed == !going);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (!size) return 0;
    Envelope envelope;
    envelope.stream = data[0] & 1;
    const std::string_view reply(reinterpret_cast<const char*>(data) + 1, size - 1);
    tap_in_any_cuts(dialect::anthropic_messages(), reply, envelope, !envelope.stream);
    render("anthropic", reply, data[0] & 1, envelope);
    render("openai-chat", reply, data[0] & 1, envelope);
    return 0;
}
