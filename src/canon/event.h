// The canonical reply: a sequence of events, the same for a streamed and for a whole reply (a whole reply is decoded
// into the same events at once). Views point into the decoder's buffers and are valid until its next call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "canon/usage.h"

namespace aig::canon {

enum class StopReason : uint8_t {
    none,
    end,
    stop_sequence,
    length,
    context_full,
    tool_calls,
    refusal,
    content_filter,
    pause,
    other
};

struct Event {
    enum class Kind : uint8_t {
        started,     ///< id, name (the upstream's model)
        text,        ///< text
        reasoning,   ///< text; index: ordinal of the part; name = "summary" where the model gives only summaries
        state,       ///< name: its kind, text: the data (canon/request.h State); id: the tool call it belongs to,
                     ///< "" = the reasoning, text or media just given; raw: the item's own id, where the wire has one
        refusal,     ///< text
        tool_begin,  ///< index, id, name; custom
        tool_arguments,  ///< index, text: a fragment of the arguments' JSON text (of a custom tool: of its input)
        annotation,      ///< raw: one annotation of the text just given, in the form of OpenAI's Responses
        media,           ///< name: media type; text: base64, or id: a URL. One whole image or sound
        block,      ///< name, raw: a whole item or block of the wire's own kind (server tools); for its family only
        logprobs,   ///< raw: the choice's logprobs value
        extra,      ///< name, raw: a member of the reply nobody knows (choice-level when choice >= 0, else top level)
        embedding,  ///< index, raw: one vector as a JSON array of numbers, or a base64 JSON string
        finish,     ///< stop; text: the stop sequence that matched; raw: the provider's own word
        usage,      ///< usage: cumulative and final unless a later one comes
        error,      ///< the provider's in-band failure; see Decoder::error()
    };
    Kind kind;
    int choice = 0;
    int index = 0;        ///< ordinal of a tool call within its choice, of an embedding within the list
    bool custom = false;  ///< of a tool call: its input is free text, not JSON
    std::string_view text, id, name, raw;
    StopReason stop = StopReason::none;
    Usage usage{};

    /// Opens the first-chunk gate: real output, not a role or a ping.
    bool is_content() const {
        switch (kind) {
            case Kind::text:
            case Kind::reasoning:
            case Kind::refusal:
            case Kind::tool_arguments:
                return !text.empty();
            case Kind::tool_begin:
            case Kind::media:
            case Kind::block:
            case Kind::embedding:
            case Kind::finish:
                return true;
            default:
                return false;
        }
    }
};

}  // namespace aig::canon
