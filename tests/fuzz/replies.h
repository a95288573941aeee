// What the targets of replies share: any bytes through a dialect's tap or a wire's decoder, in any cuts.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/json.h"
#include "canon/dialect.h"
#include "canon/wire.h"
#include "dialect/testing/receipts.h"

namespace aig::fuzz {

inline void must(bool condition) {
    if (!condition) std::abort();
}

inline canon::ReplyTerms terms_of(const canon::Envelope& envelope) {
    canon::ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    terms.request_id = "req_1";
    return terms;
}

struct Outcome {
    std::string bytes;
    int failure = -1;
    bool operator==(const Outcome&) const = default;
};

/// Takes what a tap gave; false once it has failed.
inline bool take(const canon::Relay& tap, const Result<std::vector<std::string_view>>& given, Outcome& out) {
    if (given)
        for (const auto p : *given) out.bytes += p;
    else
        out.failure = static_cast<int>(given.error().code());
    if (tap.facts().error) out.failure = static_cast<int>(tap.facts().error->code());
    return out.failure < 0;
}

/// Through the tap in pieces of `step` bytes. What ends well has seen its terminal marker; `json`: and is one value.
inline Outcome tapped(const canon::Dialect& dialect, std::string_view reply, const canon::Envelope& envelope,
                      size_t step, bool json) {
    const auto tap = dialect.tap(terms_of(envelope));
    Outcome out;
    bool going = true;
    for (size_t i = 0; going && i < reply.size(); i += step) going = take(*tap, tap->feed(reply.substr(i, step)), out);
    if (going) going = take(*tap, tap->end(), out);
    if (!going) return out;
    must(tap->facts().terminal);
    const Receipt receipt = ledger::ReceiptMint::test(1);
    canon::Usage ours;
    ours.estimated = true;
    const canon::Usage usage = tap->facts().usage.value_or(ours);
    out.bytes += tap->finish({usage, receipt});
    if (json) must(JsonDoc::parse(out.bytes).ok());
    return out;
}

/// The same outcome however the reply is cut.
inline void tap_in_any_cuts(const canon::Dialect& dialect, std::string_view reply, const canon::Envelope& envelope,
                            bool json) {
    const Outcome whole = tapped(dialect, reply, envelope, reply.empty() ? 1 : reply.size(), json);
    must(tapped(dialect, reply, envelope, 1, json) == whole);
    must(tapped(dialect, reply, envelope, 5, json) == whole);
}

/// What a decoder makes of bytes, in numbers; each view that it gives is read.
struct Decoded {
    size_t text = 0;
    int64_t output = 0;
    bool terminal = false, ok = true;
    bool operator==(const Decoded&) const = default;
};

inline Decoded decoded(const canon::Wire& wire, std::string_view bytes, bool stream, size_t piece) {
    auto decoder = wire.decoder(canon::Operation::chat, stream);
    Decoded o;
    std::vector<canon::Event> out;
    const auto take = [&](const Status& s) {
        for (const canon::Event& e : out) {
            for (const char c : e.text) o.text += static_cast<unsigned char>(c);
            o.text += e.id.size() + e.name.size() + e.raw.size();
            if (e.kind == canon::Event::Kind::usage) o.output = e.usage.output_total();
        }
        out.clear();
        o.ok = s.ok();
        return s.ok();
    };
    for (size_t at = 0; o.ok && at < bytes.size(); at += piece) {
        const std::string own(bytes.substr(at, piece));  // gone once it is read
        take(decoder->feed(own, out));
    }
    if (o.ok) take(decoder->end(out));
    o.terminal = decoder->terminal();
    return o;
}

/// First byte: bit 0 streamed, bit 1 as an error body. Second byte: length of the pieces.
inline int any_wire_reply(const canon::Wire& wire, const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[0] & 2) {
        (void)wire.error(400 + data[1], bytes);
        return 0;
    }
    const bool stream = data[0] & 1;
    const Decoded whole = decoded(wire, bytes, stream, bytes.size() + 1);
    const Decoded cut = decoded(wire, bytes, stream, size_t{1} + data[1]);
    // Behind an error the events before it may differ in number by what one feed had already given out.
    must(whole.ok == cut.ok && whole.terminal == cut.terminal && (!whole.ok || whole == cut));
    return 0;
}

}  // namespace aig::fuzz
