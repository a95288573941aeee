// Usage objects of the wires -> normal form, for wires whose counting needs no more than one object. Inclusive: the
// cached tokens are part of the input they report (OpenAI, Gemini); exclusive: they stand beside it (Bedrock, and
// Anthropic, whose reader is the wire's own because its counts come in pieces). Pure.
//
// Nothing when the counts are not believable (negative, fractions, strings, above 10^9): the caller counts by itself.
// Details that contradict their total are cut to it, so that no bucket is ever negative.
#pragma once

#include <optional>

#include "base/json.h"
#include "canon/usage.h"

namespace aig::canon {

/// OpenAI's Responses: input_tokens includes cached and written ones, output_tokens reasoning.
std::optional<Usage> responses_usage(JsonRef usage);
/// Gemini's usageMetadata: promptTokenCount includes cached ones; thoughts stand beside candidates, and the tokens of
/// tool results beside the prompt.
std::optional<Usage> gemini_usage(JsonRef metadata);
/// Bedrock Converse: everything beside inputTokens; cacheDetails says which writes live for an hour.
std::optional<Usage> bedrock_usage(JsonRef usage);
/// Cohere: billed_units are what it charges, tokens what it counted.
std::optional<Usage> cohere_usage(JsonRef usage);
/// Ollama's final object itself: prompt_eval_count, eval_count.
std::optional<Usage> ollama_usage(JsonRef reply);

}  // namespace aig::canon
