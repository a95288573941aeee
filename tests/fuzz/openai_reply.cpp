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
    const auto decoder = provider::wire("openai-chat")->decoder(envelope.operation, envelope.stream);
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    const auto renderer = dialect::openai_chat().renderer(terms);
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
    must(out.find("[DONE]\n\n") == std::string::npos || reply.find("[DONE]") != std::string_view::npos);
    const Receipt receipt = ledger::ReceiptMint::test(1);
    const Usage usage{};
    if (going) (void)renderer->finish({usage, receipt});
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (!size) return 0;
    Envelope envelope;
    envelope.stream = data[0] & 1;
    envelope.wants_usage = data[0] & 2;
    if (data[0] & 4 && !envelope.stream) envelope.operation = Operation::embedding;
    const std::string_view reply(reinterpret_cast<const char*>(data) + 1, size - 1);
    tap_in_any_cuts(dialect::openai_chat(), reply, envelope, !envelope.stream && envelope.operation == Operation::chat);
    decode(reply, envelope, reply.empty() ? 1 : reply.size());
    decode(reply, envelope, 3);
    return 0;
}
