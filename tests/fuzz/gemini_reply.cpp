// Any reply, in any cuts, through tap and decoder: no crash, the same outcome however it is cut, never the end without
// a receipt.
#include "dialect/registry.h"
#include "provider/registry.h"
#include "replies.h"

using namespace aig;
using namespace aig::canon;
using namespace aig::fuzz;

namespace {
void decode(std::string_view reply, const Envelope& envelope, size_t step) {
    const auto decoder = provider::wire("gemini")->decoder(envelope.operation, envelope.stream);
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    const auto renderer = dialect::gemini().renderer(terms);
    std::vector<Event> events;
    std::string out;
    bool going = true;
    const auto take = [&](const Status& s) {
        for (const Event& e : events) renderer->event(e, out);
        events.clear();
        return s.ok() && !decoder->error();
    };
    for (size_t i = 0; going && i < reply.size(); i += step) going = take(decoder->feed(reply.substr(i, step), events));
    if (going) going = take(decoder->end(events));
    must(out.find("finishReason\":\"") == std::string::npos || reply.find("finishReason") != std::string_view::npos);
    const Receipt receipt = ledger::ReceiptMint::test(1);
    const Usage usage{};
    if (going) out += renderer->finish({usage, receipt});
    if (going && (!envelope.stream || !envelope.sse)) must(JsonDoc::parse(out).ok());
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (!size) return 0;
    Envelope envelope;
    envelope.stream = data[0] & 1;
    envelope.sse = data[0] & 2;
    const std::string_view reply(reinterpret_cast<const char*>(data) + 1, size - 1);
    tap_in_any_cuts(dialect::gemini(), reply, envelope, !envelope.stream || !envelope.sse);
    if (data[0] & 4 && !envelope.stream) envelope.operation = Operation::embedding;
    decode(reply, envelope, reply.empty() ? 1 : reply.size());
    decode(reply, envelope, 3);
    return 0;
}
