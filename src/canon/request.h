// The canonical request: a superset of what the dialects can say. Pure values. Whatever has no field of its own is kept
// raw in `extras`, so that nothing is dropped in silence; numbers, schemas and tool arguments stay the JSON text they
// were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace aig::canon {

/// Unknown or dialect-specific members: name -> raw JSON, in order.
using Extras = std::vector<std::pair<std::string, std::string>>;

/// completion: OpenAI's legacy text completion; its request is a chat of one turn where no target speaks it.
enum class Operation : uint8_t { chat, embedding, completion };
/// As records and quotes say it: "chat", "embedding", "completion".
std::string_view operation_name(Operation);
enum class Role : uint8_t { system, developer, user, assistant, tool };

/// State of a model that only its maker can read: a signature, encrypted reasoning. Never parsed, trimmed or made up.
/// An encoder writes back only kinds of its own wire; everything else it leaves out and lists as lost. The gateway
/// turns capsules (its own sealed form, which callers of other dialects hold) back into what they were.
struct State {
    std::string kind, data;
    explicit operator bool() const { return !kind.empty(); }
    bool operator==(const State&) const = default;
};
namespace state_kind {
constexpr std::string_view signature = "anthropic.signature";
constexpr std::string_view redacted = "anthropic.redacted_thinking";
constexpr std::string_view encrypted = "openai.encrypted_content";
constexpr std::string_view thought = "google.thought_signature";
constexpr std::string_view details = "openrouter.reasoning_details";  ///< one raw JSON object of the list
constexpr std::string_view capsule = "aig.capsule";
}  // namespace state_kind
/// How a capsule's data begins; no provider's state does.
constexpr std::string_view capsule_prefix = "aigs1.";

struct Text {
    std::string text;
    Extras extras;
    State state{};
};
struct Refusal {
    std::string text;
};
struct Image {
    std::string url;               ///< https URL, or empty when `data` is set
    std::string media_type, data;  ///< base64 text
    std::string detail;            ///< "", auto, low, high
    Extras extras;
    State state{};
};
struct Audio {
    std::string format, data;
    Extras extras;
};
struct File {
    std::string name, media_type, data, file_id, url;
    Extras extras;
};
/// Reasoning the model gave earlier.
struct Reasoning {
    std::string text;
    State state{};
    std::string id;        ///< of the item, where the wire has one
    bool summary = false;  ///< text is a summary, not the reasoning itself
    Extras extras{};
};
struct ToolCall {
    std::string id, name, arguments_json;
    Extras extras{};
    State state{};
    bool custom = false;  ///< arguments_json is the free text of a custom tool's input
};
struct ToolResult;
/// A part of a kind this version does not know: kept raw, carried only to the same family.
struct Other {
    std::string type, json;
};
using Part = std::variant<Text, Image, Audio, File, Reasoning, Refusal, ToolCall, ToolResult, Other>;
struct ToolResult {
    std::string call_id;
    std::vector<Part> parts;
    bool is_error = false;
    Extras extras;
};

struct Message {
    Role role = Role::user;
    std::string name;
    std::vector<Part> parts;
    Extras extras;
};

struct Tool {
    std::string name, description;
    std::string schema_json;  ///< "" = no parameters
    std::optional<bool> strict;
    bool function = true;  ///< false: `json` is the whole raw tool (custom, server tools)
    std::string type, json;
    Extras extras;
};
struct ToolChoice {
    enum class Kind : uint8_t { unset, none, automatic, required, named } kind = Kind::unset;
    std::string name;
};
struct ResponseFormat {
    enum class Kind : uint8_t { text, json_object, json_schema } kind = Kind::text;
    std::string name, description, schema_json;
    std::optional<bool> strict;
};

struct Chat {
    std::string model;
    std::vector<Message> messages;  ///< system messages stay where they stood
    std::vector<Tool> tools;
    ToolChoice tool_choice;
    std::optional<bool> parallel_tool_calls;
    std::optional<ResponseFormat> response_format;
    std::optional<int64_t> max_output;
    std::string temperature, top_p, top_k, frequency_penalty, presence_penalty;  ///< raw JSON numbers, "" = unset
    std::vector<std::string> stop;
    int64_t n = 1;
    std::optional<int64_t> seed;
    bool logprobs = false;
    std::optional<int64_t> top_logprobs;
    std::string logit_bias_json;
    std::string user;
    std::string reasoning_effort;  ///< none minimal low medium high xhigh max, "" = unset
    std::optional<int64_t> reasoning_budget;
    std::string reasoning_summary;         ///< auto concise detailed, "" = unset
    std::vector<std::string> modalities;   ///< what the reply may hold: text, image, audio; empty = unset
    std::string aspect_ratio, image_size;  ///< of images in the reply: "16:9", "2K"
    std::string audio_json;                ///< voice and format of audio in the reply, raw
    std::string verbosity, service_tier, metadata_json, prompt_cache_key;
    bool stream = false, include_usage = false;
    Extras extras;
    /// Wire whose shape extras, Other parts and raw tools have: "openai-chat", "openai-responses", "anthropic",
    /// "gemini".
    std::string origin;
};

struct Embedding {
    std::string model;
    std::vector<std::string> texts;              ///< or
    std::vector<std::string> token_arrays_json;  ///< raw "[1,2,3]" per item
    bool single = false;                         ///< input was one string or one token array
    std::optional<int64_t> dimensions;
    bool base64 = false;    ///< encoding_format
    std::string task_type;  ///< what the vectors are for, in Gemini's words: "RETRIEVAL_QUERY"
    std::string user;
    Extras extras;
    std::string origin;  ///< as in Chat
};

using Request = std::variant<Chat, Embedding>;

/// What a request asks of a target, one bit each. `behaviour` bits change what the caller gets; `decoration` bits do
/// not.
enum Feature : uint32_t {
    feature_images = 1 << 0,
    feature_audio_in = 1 << 1,
    feature_files = 1 << 2,
    feature_tools = 1 << 3,
    feature_tool_choice = 1 << 4,
    feature_json_object = 1 << 5,
    feature_json_schema = 1 << 6,
    feature_many_choices = 1 << 7,
    feature_custom_tools = 1 << 8,
    feature_audio_out = 1 << 9,
    feature_reasoning = 1 << 10,
    feature_dimensions = 1 << 11,
    feature_token_arrays = 1 << 12,
    feature_image_out = 1 << 13,
    feature_stop = 1 << 14,     ///< stop sequences
    feature_fill_in = 1 << 15,  ///< what only a text completion has: suffix, several prompts, best_of
    feature_logprobs = 1 << 16,
    feature_seed = 1 << 17,
    feature_user = 1 << 18,
    feature_penalties = 1 << 19,
    feature_logit_bias = 1 << 20,
};
using Features = uint32_t;
constexpr Features behaviour_features = 0xFFFF;
/// The caller's word for one feature bit ("n > 1", "input_audio").
std::string_view feature_name(Feature);

/// Names of what a wire could not carry, in the request's own words ("logprobs", "messages[2].name"). Goes to
/// x-aig-loss.
using Losses = std::vector<std::string>;

}  // namespace aig::canon
