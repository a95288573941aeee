// What a caller asked the simulated provider for, out of any wire, and how a provider refuses. Views point into the
// JsonDoc the request was read from, which must outlive the Ask. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace aig::sim {

struct Vendor;  // sim/detail/vendor.h

/// A refusal in the vendor's own words; each wire writes it into its own envelope.
struct Refusal {
    int status = 400;
    std::string type = "invalid_request_error";
    std::string message;
    std::string param;  ///< OpenAI only; "" = null
    std::string code;   ///< OpenAI only; "" = null
};
using Checked = std::optional<Refusal>;  ///< nothing = the request is fine

struct ToolDef {
    std::string_view name, description;
    JsonRef schema;
    bool custom = false;  ///< takes free text
};
enum class ToolChoice : uint8_t { automatic, none, required, named };
enum class Format : uint8_t { text, json_object, json_schema };

/// The prompt up to the end of one message: what a prompt cache keys on.
struct PromptPrefix {
    uint64_t hash = 0;
    int64_t tokens = 0;
};

struct Ask {
    const Vendor* wire = nullptr;
    std::string model;
    uint64_t account = 0;  ///< whose key it came with: opaque state is minted for one account and refused from others
    int64_t states = 0;    ///< pieces of such state that came back as they were minted
    bool stream = false, include_usage = false, obfuscation = true;
    int64_t n = 1;
    std::optional<int64_t> max_tokens;
    std::vector<std::string_view> stops;

    std::vector<ToolDef> tools;
    ToolChoice tool_choice = ToolChoice::automatic;
    std::string_view chosen_tool;
    bool parallel_tools = true;

    Format format = Format::text;
    JsonRef schema;

    bool reasoning = false;
    bool summary = false;    ///< of the reasoning, wanted in the reply (Responses)
    bool sealed = false;     ///< encrypted reasoning wanted (Responses)
    bool image_out = false;  ///< an image beside the text (Gemini)
    bool as_array = false;   ///< of a stream: one JSON array instead of events (Gemini)
    bool logprobs = false;
    int64_t top_logprobs = 0;

    std::string prompt;                     ///< text of the last user message
    std::vector<std::string> prompts;       ///< several to answer, each `n` times (text completions)
    bool echo = false;                      ///< the prompt stands in front of its answer (text completions)
    int64_t best_of = 1;                    ///< answers made for each given out
    std::vector<std::string> tool_results;  ///< what the tools said, when that is how the conversation ends
    int64_t images = 0;
    int64_t input_tokens = 0;
    std::vector<PromptPrefix> prefixes;  ///< rising: at every message, or at every cache_control mark
    bool cache_one_hour = false;
};

/// Adds the request's texts in prompt order, counting tokens and hashing message by message.
class PromptMeter {
  public:
    explicit PromptMeter(Ask& ask) : ask_(ask) {}
    void text(std::string_view text);
    void tokens(int64_t n) { ask_.input_tokens += n; }
    void image(int64_t tokens) {
        ++ask_.images;
        ask_.input_tokens += tokens;
    }
    void cache_mark(bool one_hour);
    void end_message();

  private:
    Ask& ask_;
    uint64_t hash_ = 0xcbf29ce484222325;
};

/// The number as a double; `missing` for other kinds. For checks of ranges and for schemas, never for money.
double number_of(JsonRef v, double missing = 0);

uint64_t hash_text(std::string_view text, uint64_t seed = 0xcbf29ce484222325);

Checked read_openai_chat(JsonRef root, Ask& ask);
Checked read_anthropic_messages(JsonRef root, Ask& ask);
Checked read_openai_responses(JsonRef root, Ask& ask);
Checked read_openai_completions(JsonRef root, Ask& ask);
/// The "messages" of each, for the two above.
Checked read_openai_messages(JsonRef list, Ask& ask, PromptMeter& meter);
Checked read_openai_items(JsonRef list, Ask& ask, PromptMeter& meter);
Checked read_anthropic_turns(JsonRef list, Ask& ask, PromptMeter& meter);

/// Thinking signatures, which the simulator mints and checks: of one text, for one account.
std::string thinking_signature(std::string_view thinking, uint64_t account);
/// The account of a key, as in Place.
uint64_t account_of_key(std::string_view key);
/// Encrypted reasoning likewise: bytes that were not minted here, and those of another item's id, are refused.
std::string sealed_reasoning(std::string_view reasoning, uint64_t account);
std::string sealed_item_id(std::string_view sealed);
bool is_sealed_reasoning(std::string_view sealed, uint64_t account);

}  // namespace aig::sim
