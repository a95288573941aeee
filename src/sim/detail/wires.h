// What the rows of vendor.h are made of, for the wires whose parts stand in files of their own. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/detail/vendor.h"

namespace aig::sim {

Reply write_openai(const Ask& ask, const Answer& answer);
std::string openai_error_body(const Refusal& refusal);
void openai_headers(Reply& reply, std::string_view content_type);
Words openai_words();
Checked openai_admit(const Request& request, std::string_view key);
Refusal openai_unknown_model(std::string_view model);
Event openai_error_event(const Refusal& refusal, int64_t tokens);
Reply write_openai_responses(const Ask& ask, const Answer& answer);
Reply write_openai_completions(const Ask& ask, const Answer& answer);
/// POST /v1/embeddings.
Checked read_and_write_embeddings(JsonRef root, Reply& reply, int64_t& input_tokens);

Reply write_anthropic(const Ask& ask, const Answer& answer);
std::string anthropic_error_body(const Refusal& refusal);
void anthropic_headers(Reply& reply, std::string_view content_type);

Checked read_gemini(JsonRef root, const Place& place, Ask& ask);
Reply write_gemini(const Ask& ask, const Answer& answer);
void gemini_headers(Reply& reply, std::string_view content_type);

/// The vector of a text, the same on every wire.
std::vector<float> text_vector(std::string_view text, int64_t dimensions);

}  // namespace aig::sim
