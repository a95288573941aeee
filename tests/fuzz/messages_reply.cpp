// Any reply, in any cuts, through the Messages tap, and through decoder and Messages renderer: no crash, the same
// outcome however it is cut, never the end without a receipt, and what we write ourselves is legal.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"
#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "dialect/testing/receipts.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {
void must(bool condition) {
    if (!condition) std::abort();
}

struct Outcome {
    std::string bytes;
    int failure = -1;
    bool operator==(const Outcome&) const = default;
};

ReplyTerms terms_of(const Envelope& envelope) {
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    terms.request_id = "req_1";
    return terms;
}

Outcome tapped(std::string_view reply, const Envelope& envelope, size_t step) {
    const auto tap = dialect::anthropic_messages().tap(terms_of(envelope));
    Outcome out;
    const auto take = [&](const Result<std::vector<std::string_view>>& r) {
        if (r)
            for (const auto p : *r) out.bytes += p;
        else
            out.failure = static_cast<int>(r.error().code());
        if (tap->facts().error) out.failure = static_cast<int>(tap->facts().error->code());
        return out.failure < 0;
    };
    bool going = true;
    for (size_t i = 0; going && i < reply.size(); i += step) going = take(tap->feed(reply.substr(i, step)));
    if (going) going = take(tap->end());
    const Receipt receipt = ledger::ReceiptMint::test(1);
    const Usage usage = tap->facts().usage.value_or(Usage{});
    if (!going) return out;
    must(tap->facts().terminal);
    out.bytes += tap->finish({usage, receipt});
    if (!envelope.stream) must(JsonDoc::parse(out.bytes).ok());
    return out;
}

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
    const Outcome whole = tapped(reply, envelope, reply.empty() ? 1 : reply.size());
    must(tapped(reply, envelope, 1) == whole);
    must(tapped(reply, envelope, 5) == whole);
    render("anthropic", reply, data[0] & 1, envelope);
    render("openai-chat", reply, data[0] & 1, envelope);
    return 0;
}
