// A dialect is what callers speak to us. Pure: bytes in, values and bytes out, no I/O, no clock but the one given.
//
// peek()  one validating pass over the whole body: facts for admission, routing and holding. 400 costs nothing.
// parse() the canonical request, only when an attempt goes to a wire of another family.
// splice() the lossless request: the caller's bytes with a written list of patches.
// tap()   watches and patches a lossless reply; renderer() writes a translated one. Neither can give out the terminal
// marker
//         without a Receipt.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/receipt.h"
#include "base/result.h"
#include "canon/event.h"
#include "canon/request.h"
#include "canon/size.h"

namespace aig::canon {

/// Wires that carry each other's bytes unchanged.
enum class Family : uint8_t { openai_chat, openai_responses, anthropic, gemini, openai_completions, other };

/// A request as it came: the body, and what some dialects say in the URL instead. Views outlive the call.
struct Incoming {
    Operation operation = Operation::chat;
    std::string_view body;
    std::string_view model{};      ///< "" = in the body
    std::optional<bool> stream{};  ///< none = in the body
    bool sse = true;               ///< a stream is sent as events; false: as one JSON array (Gemini without alt=sse)
};

/// Begin and end of a value in the request's bytes; begin == end == 0: not there.
struct Span {
    size_t begin = 0, end = 0;
    bool present() const { return end > begin; }
};

/// Facts of a request, no tree.
struct Envelope {
    Operation operation = Operation::chat;
    Family family = Family::openai_chat;
    std::string model;  ///< as the caller wrote it
    bool stream = false;
    bool wants_usage = false;  ///< the caller asked for a usage chunk in the stream
    bool sse = true;           ///< of a stream: events, not a JSON array
    bool base64 = false;       ///< embeddings: vectors as base64 of little-endian float32
    int64_t n = 1;
    std::optional<int64_t> max_output;
    InputSize size;
    Features needs = 0;
    /// Where the dialect patches: the values of model, stream_options, stream_options.include_usage, the max-output
    /// members, and the position just behind the opening brace for members that are missing.
    struct {
        Span model, stream_options, include_usage, max_tokens, max_completion_tokens;
        size_t insert = 0;
    } spans;
    /// JSON strings of the body, quotes included, that hold state of a model (signatures, encrypted reasoning), and the
    /// ids of tool calls in turns that came without any.
    std::vector<Span> state;
    /// Values that are meant for the gateway alone: a lossless request says null in their place.
    std::vector<Span> ours;
    /// The caller's word for the first thing in the request that only a wire of the same family carries (a conversation
    /// kept by the provider, its own tools); "" = nothing.
    std::string native_only;
};

/// What to change in the caller's bytes for one attempt.
struct Patch {
    std::string_view model;  ///< the target's own id
    bool ask_usage = false;  ///< set stream_options.include_usage (streams, unless the provider's quirks forbid)
    std::optional<int64_t> max_output;   ///< the affordable maximum, when none was given
    std::string_view max_output_member;  ///< "max_tokens" or "max_completion_tokens" when one must be added
    bool drop_stream_options = false;    ///< the provider refuses the member (Quirks::no_stream_options)
};
/// Pieces point into the caller's bytes or into `owned`.
struct Spliced {
    std::vector<std::string_view> pieces;
    std::list<std::string> owned;  ///< which do not move with it
};

/// What a reply has told so far.
struct Facts {
    bool content = false;                ///< real output seen: the gate is open, no failover any more
    bool terminal = false;               ///< the wire's end marker (or a whole body) was seen
    bool finished = false;               ///< a finish reason was seen
    bool empty_output = true;            ///< nothing but a blank finish so far
    StopReason stop = StopReason::none;  ///< of choice 0
    std::optional<Usage> usage;          ///< the provider's last report, in normal form
    std::optional<Error> error;          ///< in-band failure of the provider
    std::vector<uint64_t> states;  ///< prints (canon/state.h) of state and tool-call ids that a lossless reply held
    TextSize delivered;            ///< output text so far (text, reasoning, arguments), for estimates

    /// Asked at the end of a reply: nothing came that may be charged. No output, and a finish that is blank or a plain
    /// "stop" of a provider that itself counts no output. A length or a filter that left nothing is an answer.
    bool nothing() const {
        if (!empty_output) return false;
        return !finished || (stop == StopReason::end && usage && usage->output_total() == 0);
    }
};

/// Final figures for the tail of a reply.
struct Bill {
    const Usage& usage;
    const Receipt& receipt;
};

/// Turns reply bytes into caller bytes, one attempt long. A tap forwards (lossless); a translation decodes and renders.
/// The views returned by feed() and end() are valid until the next call.
class Relay {
  public:
    virtual ~Relay() = default;
    /// Bytes to forward now. Held back: everything from the first event that carries final usage or the terminal
    /// marker; for an unstreamed reply all of it (at most 64 MiB, else upstream_garbage).
    virtual Result<std::vector<std::string_view>> feed(std::string_view bytes) = 0;
    /// The upstream's clean end of body. upstream_truncated when the terminal marker never came, upstream_empty for
    /// nothing.
    virtual Result<std::vector<std::string_view>> end() = 0;
    virtual const Facts& facts() const = 0;
    /// The held-back tail with cost and usage patched in, the terminal marker included.
    virtual std::string finish(const Bill& bill) = 0;
    /// The in-band failure of a stream that has begun: never looks complete. (Unstreamed: unused.)
    virtual std::string fail(const Error& error) = 0;
    /// The stream ends here by our decision (wallet dry): a finish reason "length", usage, and the terminal marker.
    virtual std::string cut(const Bill& bill) = 0;
    /// After finish() or cut(): the reply as one object, for dialects whose callers may ask for it again; "" elsewhere.
    virtual std::string_view reply_object() const { return {}; }
    /// What the reply said and the caller's dialect could not carry.
    virtual Losses losses() const { return {}; }
};

/// Writes a translated reply from events: a stream event by event, or a whole body in finish().
class Renderer {
  public:
    virtual ~Renderer() = default;
    /// Appends what can go out now.
    virtual void event(const Event& event, std::string& out) = 0;
    virtual std::string finish(const Bill& bill) = 0;
    virtual std::string fail(const Error& error) = 0;
    virtual std::string cut(const Bill& bill) = 0;
    virtual std::string_view reply_object() const { return {}; }  ///< as Relay's
    virtual Losses losses() const { return {}; }
};

/// How errors, ids and money are rendered; chosen per call (api room).
enum class Surface : uint8_t { aigate, aigateway, portal, aigenway, aigate_one, anthropic, gemini };

/// What a reply needs to know about its call.
struct ReplyTerms {
    const Envelope* envelope = nullptr;  ///< outlives the reply
    std::string_view body;     ///< the caller's request, for dialects whose replies repeat it; outlives it too
    std::string public_model;  ///< what `model` says to the caller
    std::string request_id;
    int64_t created_s = 0;  ///< for `created` where the wire has none
    Surface surface = Surface::aigate;
    Tokenizer tokenizer = Tokenizer::openai;
};

class Dialect {
  public:
    virtual ~Dialect() = default;
    virtual Family family() const = 0;
    virtual Result<Envelope> peek(const Incoming& in) const = 0;
    virtual Result<Request> parse(const Incoming& in) const = 0;
    virtual Result<Spliced> splice(std::string_view body, const Envelope& envelope, const Patch& patch) const = 0;
    virtual std::unique_ptr<Relay> tap(const ReplyTerms& terms) const = 0;
    virtual std::unique_ptr<Renderer> renderer(const ReplyTerms& terms) const = 0;
    virtual std::string_view content_type(const Envelope& envelope) const = 0;
    /// What is sent while a stream is silent: nothing that a client takes for content. "" = the form has no such thing.
    virtual std::string_view ping(const Envelope&) const { return ": ping\n\n"; }
    /// Names of the caller's headers that go on to a provider of the same family, lower case.
    virtual std::vector<std::string_view> forwards() const { return {}; }
};

}  // namespace aig::canon
