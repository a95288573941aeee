// One vendor's wire, as a row of functions and words: which requests are its own, how it reads, answers, refuses and
// breaks. The simulator's writers are independent of the gateway's codecs, so that those are checked against something
// they did not write; shapes follow recorded replies of the vendors. A new wire is one file src/sim/detail/vendor_*.cpp
// with its row, and a line in vendors.cpp. Pure; rows are constants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/detail/answer.h"
#include "sim/detail/ask.h"
#include "sim/detail/http_in.h"
#include "sim/detail/reply.h"

namespace aig::sim {

enum class Task : uint8_t { generate, embed, count, models };

/// What the request line says before the body is read.
struct Place {
    Task task = Task::generate;
    std::string model;     ///< of vendors that put it into the path; "" = in the body
    bool stream = false;   ///< likewise
    bool sse = true;       ///< of a stream in the path: as events, not as one array
    uint64_t account = 0;  ///< of the key that came with it
};

/// How the vendor words what faults make it say.
struct Words {
    std::string_view not_json;
    Refusal overloaded;  ///< inside a stream that has begun
    Refusal no_quota, long_context, policy;
    std::string_view unknown_event;  ///< bytes of an event that clients must pass over
};

struct IdForm {
    std::string_view prefix;
    size_t digits = 0;
};

struct Vendor {
    std::string_view name;  ///< in the invoice
    IdForm reply_id, call_id;
    bool caches_every_message = false;  ///< prefixes are found by themselves; false: at marked places only
    Words words;

    bool (*serves)(const Request& request, Place& place) = nullptr;
    /// Key and headers. `key` = the only one that is right, "" = any.
    Checked (*admit)(const Request& request, std::string_view key) = nullptr;
    Checked (*read)(JsonRef root, const Place& place, Ask& ask) = nullptr;
    Reply (*write)(const Ask& ask, const Answer& answer) = nullptr;
    /// The reply, or why not. `input_tokens` is for the invoice. Null: the vendor sells no embeddings here.
    Checked (*embed)(JsonRef root, const Place& place, Reply& reply, int64_t& input_tokens) = nullptr;
    Reply (*count)(JsonRef root, const Place& place) = nullptr;
    Reply (*models)() = nullptr;

    std::string (*error_body)(const Refusal& refusal) = nullptr;
    Event (*error_event)(const Refusal& refusal, int64_t tokens) = nullptr;
    Refusal (*unknown_model)(std::string_view model) = nullptr;
    /// What the vendor puts on every reply, with a fresh request id.
    void (*headers)(Reply& reply, std::string_view content_type) = nullptr;
};

/// In the order they are asked whether a request is theirs.
const std::vector<const Vendor*>& vendors();
const Vendor& openai_vendor();
const Vendor& openai_responses_vendor();
const Vendor& openai_completions_vendor();
const Vendor& anthropic_vendor();
const Vendor& gemini_vendor();
const Vendor& vertex_anthropic_vendor();
const Vendor& bedrock_vendor();
const Vendor& bedrock_invoke_vendor();
const Vendor& cohere_vendor();
const Vendor& mistral_vendor();
const Vendor& ollama_vendor();

Reply refusal_reply(const Vendor& vendor, const Refusal& refusal);
/// A number that rises with each call, for request ids.
uint64_t next_serial();
/// Of whatever key the request shows: the part of it that stays the same from call to call.
uint64_t account_of(const Request& request);
/// Of "Bearer KEY"; "" for anything else.
std::string_view bearer(const Request& request);

}  // namespace aig::sim
