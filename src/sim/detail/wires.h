// The simulator's own writers, one per wire: independent of the gateway's codecs, so that those are checked against
// something they did not write. Shapes follow recorded replies of the vendors. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "sim/detail/answer.h"
#include "sim/detail/reply.h"

namespace aig::sim {

Reply write_openai(const Ask& ask, const Answer& answer);
Reply write_anthropic(const Ask& ask, const Answer& answer);
inline Reply write_answer(const Ask& ask, const Answer& answer) {
    return ask.wire == WireKind::openai ? write_openai(ask, answer) : write_anthropic(ask, answer);
}

/// The vendor's error envelope.
std::string error_body(WireKind wire, const Refusal& refusal);
Reply refusal_reply(WireKind wire, const Refusal& refusal);
/// An error event inside a stream that has begun.
Event error_event(WireKind wire, const Refusal& refusal, int64_t tokens);
/// Headers the vendor puts on every reply, with a fresh request id.
void vendor_headers(WireKind wire, Reply& reply, std::string_view content_type);

/// POST /v1/embeddings: the reply, or why not. `input_tokens` is for the invoice.
Checked read_and_write_embeddings(JsonRef root, Reply& reply, std::string& model, int64_t& input_tokens);
Reply models_reply(WireKind wire);

}  // namespace aig::sim
