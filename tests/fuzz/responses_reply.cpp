// Any reply, in any cuts, through the tap: no crash, the same outcome however it is cut, never the end without a
// receipt; a stream that is cut short by us always has its end.
#include "dialect/registry.h"
#include "replies.h"

using namespace aig;
using namespace aig::canon;
using namespace aig::fuzz;

namespace {
Outcome tapped(std::string_view reply, const Envelope& envelope, size_t step) {
    ReplyTerms terms = terms_of(envelope);
    terms.body = R"({"model":"m","input":"hi","previous_response_id":"resp_0","background":true})";
    const auto tap = dialect::openai_responses().tap(terms);
    Outcome out;
    bool going = true;
    for (size_t i = 0; going && i < reply.size(); i += step)
        going = take(*tap, tap->feed(reply.substr(i, step)), out) && !(envelope.stream && tap->facts().terminal);
    if (going) (void)take(*tap, tap->end(), out);
    const Receipt receipt = ledger::ReceiptMint::test(1);
    const Usage usage = tap->facts().usage.value_or(Usage{});
    if (out.failure >= 0) {
        out.bytes += tap->fail(Error(static_cast<ErrorCode>(out.failure)));
        if (envelope.stream) (void)tap->cut({usage, receipt});
        return out;
    }
    must(tap->facts().terminal);
    out.bytes += tap->finish({usage, receipt});
    must(JsonDoc::parse(tap->reply_object()).ok());
    return out;
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
    return 0;
}
