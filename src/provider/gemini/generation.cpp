// generationConfig: length, sampling, the answer's form, thinking, what kinds of output.
#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "provider/gemini/encode.h"

namespace aig::provider::gemini {
namespace {

struct Effort {
    std::string_view name;
    int64_t budget;
    std::string_view level;
};
/// Budgets as Google's own OpenAI endpoint maps the words (ai.google.dev/gemini-api/docs/openai, "Thinking", 2026).
constexpr std::array<Effort, 7> efforts{{
    {"none", 0, "minimal"},
    {"minimal", 1024, "minimal"},
    {"low", 1024, "low"},
    {"medium", 8192, "medium"},
    {"high", 24576, "high"},
    {"xhigh", 24576, "high"},
    {"max", 24576, "high"},
}};

class Config {
  public:
    explicit Config(const Job& job) : job_(job), chat_(job.chat), w_(out_) {}

    Result<std::string> write() {
        if (chat_.max_output) w_.field("maxOutputTokens", *chat_.max_output);
        sampling();
        if (!chat_.stop.empty()) {
            w_.key("stopSequences").begin_array();
            for (const auto& s : chat_.stop) w_.string(s);
            w_.end_array();
        }
        logprobs();
        TRYV(answer_form());
        TRYV(thinking());
        TRYV(outputs());
        own();
        return std::move(out_);
    }

  private:
    void number(std::string_view name, const std::string& json) {
        if (!json.empty()) w_.field_raw(name, json);
    }

    void sampling() {
        number("temperature", chat_.temperature);
        number("topP", chat_.top_p);
        number("topK", chat_.top_k);
        number("presencePenalty", chat_.presence_penalty);
        number("frequencyPenalty", chat_.frequency_penalty);
        if (chat_.n != 1) w_.field("candidateCount", chat_.n);
        if (!chat_.seed) return;
        if (*chat_.seed >= INT32_MIN && *chat_.seed <= INT32_MAX)
            w_.field("seed", *chat_.seed);
        else
            job_.lose("seed");
    }

    void logprobs() {
        if (!chat_.logprobs && !chat_.top_logprobs) return;
        w_.field("responseLogprobs", true);
        if (chat_.top_logprobs) w_.field("logprobs", *chat_.top_logprobs);
    }

    Status answer_form() {
        using Kind = canon::ResponseFormat::Kind;
        if (!chat_.response_format) return {};
        const auto& f = *chat_.response_format;
        if (f.kind == Kind::text) return {};
        w_.field("responseMimeType", "application/json");
        if (f.kind == Kind::json_object || says_nothing(f.schema_json)) return {};
        if (!f.description.empty()) job_.lose("response_format.json_schema.description");
        if (!job_.target.quirks.openapi_schemas) {
            w_.field_raw("responseJsonSchema", f.schema_json);
            return {};
        }
        TRY(const std::string schema, openapi_schema(f.schema_json, "response_format.json_schema.schema", job_));
        w_.field_raw("responseSchema", schema);
        return {};
    }

    Status thinking() {
        const std::string& word = chat_.reasoning_effort;
        const auto* effort =
            std::find_if(efforts.begin(), efforts.end(), [&](const Effort& e) { return e.name == word; });
        if (!word.empty() && effort == efforts.end())
            return Error(ErrorCode::bad_param,
                         fmt::format(
                             "reasoning_effort: '{}' is not one of none, minimal, low, medium, high, xhigh, max", word))
                .param("reasoning_effort");
        const bool shows = !chat_.reasoning_summary.empty();
        if (word.empty() && !chat_.reasoning_budget && !shows) return {};
        w_.key("thinkingConfig").begin_object();
        if (job_.target.quirks.thinking_level)
            level(word.empty() ? nullptr : effort);
        else if (chat_.reasoning_budget)
            w_.field("thinkingBudget", *chat_.reasoning_budget);
        else if (!word.empty())
            w_.field("thinkingBudget", effort->budget);
        // Thoughts are shown where the caller asked the model to think: its dialect has a place for them.
        if (word != "none" && chat_.reasoning_budget != 0) w_.field("includeThoughts", true);
        w_.end_object();
        return {};
    }

    void level(const Effort* effort) {
        if (effort) {
            if (effort->name == "none") job_.lose("reasoning_effort");  // these models always think
            w_.field("thinkingLevel", effort->level);
        } else if (chat_.reasoning_budget) {
            job_.lose("reasoning_budget");
            const int64_t b = *chat_.reasoning_budget;
            w_.field("thinkingLevel", b < 4096 ? "low" : b < 16384 ? "medium" : "high");
        }
    }

    Status outputs() {
        const auto& kinds = chat_.modalities;
        if (!kinds.empty()) {
            w_.key("responseModalities").begin_array();
            for (const auto& kind : kinds) {
                if (kind == "audio" && !job_.same_origin()) return refuse("audio output", "modalities");
                std::string upper = kind;
                for (char& c : upper)
                    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
                w_.string(upper);
            }
            w_.end_array();
        }
        if (chat_.aspect_ratio.empty() && chat_.image_size.empty()) return {};
        w_.key("imageConfig").begin_object();
        if (!chat_.aspect_ratio.empty()) w_.field("aspectRatio", chat_.aspect_ratio);
        // The smallest size has its own spelling here.
        if (!chat_.image_size.empty()) w_.field("imageSize", chat_.image_size == "0.5K" ? "512" : chat_.image_size);
        w_.end_object();
        return {};
    }

    /// speechConfig, mediaResolution and whatever else only this family says.
    void own() {
        constexpr std::string_view prefix = "generationConfig.";
        for (const auto& [name, json] : chat_.extras)
            if (job_.same_origin() && name.starts_with(prefix)) w_.field_raw(name.substr(prefix.size()), json);
    }

    const Job& job_;
    const canon::Chat& chat_;
    std::string out_;
    JsonWriter w_;
};

}  // namespace

Result<std::string> generation_config(const Job& job) { return Config(job).write(); }

}  // namespace aig::provider::gemini
