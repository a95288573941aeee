// A single text prompt as a chat of one turn, for wires that speak no text completions.
#include "dialect/openai_chat/parse.h"
#include "dialect/body_doc.h"
#include "dialect/members.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_chat/tap.h"
#include "dialect/openai_completions/openai_completions.h"

namespace aig::dialect::openai {
using namespace canon;
namespace {

/// "max_tokens: defaults to 16" (API reference): a caller who gives none gets a line, not a page.
constexpr int64_t default_output = 16;

std::string raw(JsonRef v) { return given(v) ? std::string(v.raw()) : std::string{}; }

Result<std::string_view> single_text(JsonRef prompt) {
    if (prompt.is_string()) return prompt.text();
    if (prompt.is_array() && prompt.size() == 1 && (*prompt.begin()).is_string()) return (*prompt.begin()).text();
    return Error(ErrorCode::unsupported_feature,
                 "`prompt`: this model's provider has no text completions; it takes one text, no token arrays and no "
                 "list of prompts.")
        .param("prompt");
}

void sampling(JsonRef root, Chat& c) {
    c.max_output = std::max<int64_t>(root["max_tokens"].integer().value_or(default_output), 1);
    c.temperature = raw(root["temperature"]);
    c.top_p = raw(root["top_p"]);
    c.frequency_penalty = raw(root["frequency_penalty"]);
    c.presence_penalty = raw(root["presence_penalty"]);
    c.n = root["n"].integer().value_or(1);
    c.seed = root["seed"].integer();
    if (const auto n = root["logprobs"].integer()) {
        c.logprobs = true;
        if (*n) c.top_logprobs = *n;
    }
    c.logit_bias_json = root["logit_bias"].size() ? raw(root["logit_bias"]) : "";
    if (root["stop"].is_string()) c.stop.emplace_back(root["stop"].text());
    if (root["stop"].is_array())
        for (const JsonRef s : root["stop"]) c.stop.emplace_back(s.text());
}
}  // namespace

Result<Request> OpenAiCompletions::parse(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    const JsonRef root = body.root();
    TRY(const auto text, single_text(root["prompt"]));
    Chat c;
    c.origin = "openai-completions";
    c.model = root["model"].text();
    Message turn;
    turn.parts.push_back(Text{std::string(text), {}});
    c.messages.push_back(std::move(turn));
    sampling(root, c);
    c.user = root["user"].text();
    c.stream = root["stream"].boolean();
    c.include_usage = root["stream_options"]["include_usage"].boolean();
    c.extras =
        others(root, {"model", "prompt", "max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty",
                      "n", "seed", "logprobs", "logit_bias", "stop", "user", "stream", "stream_options", "echo"});
    // One answer of one is what everybody gets; peek() has refused more for these wires.
    std::erase_if(c.extras,
                  [](const auto& e) { return e.first == "best_of" || (e.first == "suffix" && e.second == "\"\""); });
    return c;
}

Result<Spliced> OpenAiCompletions::splice(std::string_view body, const Envelope& e, const Patch& patch) const {
    Patch own = patch;
    own.max_output_member = "max_tokens";  // the newer name came after this endpoint
    return OpenAiChat().splice(body, e, own);
}

std::unique_ptr<Relay> OpenAiCompletions::tap(const ReplyTerms& terms) const {
    return terms.envelope && terms.envelope->stream ? stream_tap(terms) : body_tap(terms);
}

}  // namespace aig::dialect::openai
