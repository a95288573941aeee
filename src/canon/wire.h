// A wire is what a provider speaks. Pure, like dialects: canonical request -> bytes, bytes -> events. Which operations
// a provider serves is data in the catalogue, not a method here.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/few.h"
#include "canon/dialect.h"

namespace aig::canon {

/// What is odd about one provider, or one model, on a known wire: flags in data/, never an if on its name.
struct Quirks {
    bool no_stream_options = false;       ///< refuses stream_options; usage comes by itself or not at all
    bool max_completion_tokens = false;   ///< wants max_completion_tokens instead of max_tokens
    bool no_developer_role = false;       ///< developer messages become system messages
    bool no_parallel_tool_calls = false;  ///< refuses the member
    bool adaptive_thinking = false;       ///< Claude from Opus 4.6 on: thinking by effort, not by a budget of tokens
    bool no_sampling = false;             ///< Claude from Opus 4.7 on: refuses temperature, top_p and top_k
    bool system_in_messages = false;      ///< Claude from Opus 4.8 on: takes system messages in the middle
    bool reasoning_back = false;          ///< wants reasoning_content back with tool calls; the others refuse it
    bool completions = false;             ///< serves OpenAI's legacy /completions too
    bool no_encrypted_reasoning = false;  ///< Responses without include reasoning.encrypted_content
    bool no_output_format = false;  ///< no output_config.format and no strict tools: schemas go through a forced tool
    bool thinking_level = false;    ///< Gemini from 3 on: thinking by level, not by a budget of tokens
    bool signed_calls = false;      ///< Gemini from 3 on: refuses a function call of this turn without its signature
    bool openapi_schemas = false;   ///< Gemini servers that know schemas of the OpenAPI subset alone
};

/// The chosen target as a wire sees it.
struct WireTarget {
    std::string model;       ///< the provider's id
    int64_t max_output = 0;  ///< the model's own maximum, for wires that require one (0 = unknown)
    Quirks quirks;
    bool reasons = false;  ///< the model is known to reason
};

/// Of literals.
struct WireHeader {
    std::string_view name, value;
    bool operator==(const WireHeader&) const = default;
};

struct Encoded {
    std::string path;            ///< behind base_url: "/chat/completions"
    Few<WireHeader, 3> headers;  ///< content-type, version headers; not auth
    std::string body;
};

/// Reply bytes -> events. One attempt long. Views in events are valid until the next call.
class Decoder {
  public:
    virtual ~Decoder() = default;
    virtual Status feed(std::string_view bytes, std::vector<Event>& out) = 0;
    /// Clean end of the body. upstream_truncated when the end marker is missing.
    virtual Status end(std::vector<Event>& out) = 0;
    virtual bool terminal() const = 0;
    /// Set once an Event::Kind::error was given out.
    virtual const std::optional<Error>& error() const = 0;
};

class Wire {
  public:
    virtual ~Wire() = default;
    virtual Family family() const = 0;
    /// The caller's bytes go to it as they are. Its own family always does; OpenAI's chat wire carries text completions
    /// to the providers that serve them.
    virtual bool carries(Family caller, const Quirks&) const { return caller == family(); }
    /// Features it cannot express at all.
    virtual Features lacks(Operation operation) const = 0;
    /// Path and headers for the lossless lane.
    virtual Encoded head(Operation operation, const WireTarget& target, bool stream) const = 0;
    /// The whole request. unsupported_feature names what changes behaviour and cannot be said; decorations go to
    /// `losses`.
    virtual Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const = 0;
    virtual std::unique_ptr<Decoder> decoder(Operation operation, bool stream) const = 0;
    /// An answer with an error status. Maps to upstream_* codes (errors.def decides what follows); messages are
    /// scrubbed of keys.
    virtual Error error(int status, std::string_view body) const = 0;
};

/// Removes anything that looks like a credential (sk-..., Bearer ..., key=..., AIza...) from a provider's text; cuts to
/// 500 bytes.
std::string scrub(std::string_view text);

}  // namespace aig::canon
