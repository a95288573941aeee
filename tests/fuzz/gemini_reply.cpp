// Any reply, in any cuts, through tap and decoder: no crash, the same outcome however it is cut, never the end without
// a receipt.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"
#include "dialect/registry.h"
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

Outcome tapped(std::string_view reply, const Envelope& envelope, size_t step) {
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    terms.request_id = "req_1";
    const auto tap = dialect::gemini().tap(terms);
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
    if (!going) return out;
    must(tap->facts().terminal);
    const Receipt receipt = ledger::ReceiptMint::test(1);
    Usage ours;
    ours.estimated = true;
    const Usage usage = tap->facts().usage.value_or(ours);
    out.bytes += tap->finish({usage, receipt});
    if (!envelope.stream || !envelope.sse) must(JsonDoc::parse(out.bytes).ok());
    return out;
}

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
    const Outcome whole = tapped(reply, envelope, reply.empty() ? 1 : reply.size());
    must(tapped(reply, envelope, 1) == whole);
    must(tapped(reply, envelope, 5) == whole);
    if (data[0] & 4 && !envelope.stream) envelope.operation = Operation::embedding;
    decode(reply, envelope, reply.empty() ? 1 : reply.size());
    decode(reply, envelope, 3);
    return 0;
}
