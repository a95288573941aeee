// The canonical request: a superset of what the dialects can say. Pure values. Whatever has no field of its own is kept
// raw in `extras`, so that nothing is dropped in silence; numbers, schemas and tool arguments stay the JSON text they
// were.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace aig::canon {

/// Unknown or dialect-specific members: name -> raw JSON, in order.
using Extras = std::vector<std::pair<std::string, std::string>>;

enum class Operation : uint8_t { chat, embedding };
enum class Role : uint8_t { system, developer, user, assistant, tool };

struct Text {
    std::string text;
    Extras extras;
};
struct Refusal {
    std::string text;
};
struct Image {
    std::string url;               ///< https URL, or empty when `data` is set
    std::string media_type, data;  ///< base64 text
    std::string detail;            ///< "", auto, low, high
    Extras extras;
};
struct Audio {
    std::string format, data;
    Extras extras;
};
struct File {
    std::string name, media_type, data, file_id, url;
    Extras extras;
};
/// Reasoning the model gave earlier. signature/redacted data are opaque: never touched, only sent back to the wire they
/// came from.
struct Reasoning {
    std::string text, signature, redacted_data;
    Extras extras;
};
struct ToolCall {
    std::string id, name, arguments_json;
    Extras extras;
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
    std::string verbosity, service_tier, metadata_json, prompt_cache_key;
    bool stream = false, include_usage = false;
    Extras extras;
    std::string origin;  ///< wire whose shape extras, Other parts and raw tools have: "openai-chat", "anthropic"
};

struct Embedding {
    std::string model;
    std::vector<std::string> texts;              ///< or
    std::vector<std::string> token_arrays_json;  ///< raw "[1,2,3]" per item
    bool single = false;                         ///< input was one string or one token array
    std::optional<int64_t> dimensions;
    bool base64 = false;  ///< encoding_format
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
