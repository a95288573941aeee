// max_tokens, thinking and sampling: three groups of members that restrict each other.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"

namespace aig::provider::anthropic {
namespace {

constexpr int64_t default_max_tokens =
    4096;                               // when neither the caller nor the catalogue says one: the wire requires it
constexpr int64_t least_budget = 1024;  // "budget_tokens: Must be >= 1024 and less than max_tokens"

struct Effort {
    std::string_view name;   ///< the caller's word
    int64_t budget;          ///< for models that take a budget
    std::string_view level;  ///< for models that take output_config.effort
};
constexpr std::array<Effort, 6> efforts{{
    {"minimal", 1024, "low"},
    {"low", 4096, "low"},
    {"medium", 8192, "medium"},
    {"high", 16384, "high"},
    {"xhigh", 32768, "xhigh"},
    {"max", 65536, "max"},
}};
const Effort* effort_named(std::string_view name) {
    const auto* at = std::find_if(efforts.begin(), efforts.end(), [&](const Effort& e) { return e.name == name; });
    return at == efforts.end() ? nullptr : at;
}

/// For comparing sampling numbers only; what is sent is the caller's text.
std::optional<double> number(std::string_view json) {
    double d = 0;
    const auto [p, e] = std::from_chars(json.data(), json.data() + json.size(), d);
    if (e != std::errc{} || p != json.data() + json.size()) return {};
    return d;
}

class Settings {
  public:
    Settings(const Job& job, bool tool_is_forced) : job_(job), chat_(job.chat), forced_(tool_is_forced) {}

    Result<Generation> settle() {
        out_.max_tokens =
            chat_.max_output.value_or(job_.target.max_output > 0 ? job_.target.max_output : default_max_tokens);
        TRYV(thinking());
        if (job_.target.quirks.no_sampling) return drop_sampling();
        temperature();
        top_p();
        top_k();
        return std::move(out_);
    }

  private:
    Status thinking() {
        const std::string& word = chat_.reasoning_effort;
        const Effort* effort = effort_named(word);
        if (!word.empty() && word != "none" && !effort)
            return Error(ErrorCode::bad_param,
                         fmt::format("reasoning_effort: '{}' is not one of none, minimal, low, medium, high, "
                                     "xhigh, max",
                                     word))
                .param("reasoning_effort");
        const auto own = find_extra(chat_.extras, "thinking");
        const bool asked = effort || chat_.reasoning_budget || !own.empty();
        if (!asked) return {};
        // "Thinking may not be enabled when tool_choice forces tool use" (Messages API, 400).
        if (forced_) return lose_thinking();
        if (!own.empty() && !effort && !chat_.reasoning_budget) {
            out_.thinking_json = own;
            return {};
        }
        if (!own.empty()) job_.lose("thinking");
        return job_.target.quirks.adaptive_thinking ? adaptive(effort) : budget(effort);
    }

    Status adaptive(const Effort* effort) {
        out_.adaptive = true;
        if (effort)
            out_.effort = effort->level;
        else
            job_.lose("reasoning_budget");
        return {};
    }

    Status budget(const Effort* effort) {
        const bool unbounded = !chat_.max_output && job_.target.max_output <= 0;
        int64_t want = chat_.reasoning_budget.value_or(effort ? effort->budget : least_budget);
        if (unbounded) out_.max_tokens = std::min<int64_t>(want, 65536) + default_max_tokens;
        // max_tokens counts thinking too: at least a fifth of it stays for the answer.
        want = std::min(want, out_.max_tokens - out_.max_tokens / 5);
        if (want < least_budget) want = least_budget;
        if (want >= out_.max_tokens) return lose_thinking();
        if (chat_.reasoning_budget && want != *chat_.reasoning_budget) job_.lose("reasoning_budget");
        out_.thinking_budget = want;
        return {};
    }

    Status lose_thinking() {
        job_.lose(!chat_.reasoning_effort.empty() ? "reasoning_effort"
                  : chat_.reasoning_budget        ? "reasoning_budget"
                                                  : "thinking");
        return {};
    }

    bool thinks() const { return out_.thinks() && out_.thinking_json.find("disabled") == std::string::npos; }

    /// 0..1 here, 0..2 elsewhere: above 1 is brought down to 1 and listed. With thinking only 1 is allowed.
    void temperature() {
        const auto t = number(chat_.temperature);
        if (!t) {
            out_.temperature = chat_.temperature;
            return;
        }
        if (thinks()) {
            if (*t != 1) job_.lose("temperature");
            return;
        }
        if (*t > 1) job_.lose("temperature");
        out_.temperature = *t > 1 ? "1" : chat_.temperature;
    }

    /// "temperature and top_p cannot both be specified" (Claude Opus 4.1 and later, 400): temperature wins. With
    /// thinking top_p must lie in 0.95..1 (extended thinking guide).
    void top_p() {
        const auto p = number(chat_.top_p);
        if (!p || *p == 1) return;
        if (!out_.temperature.empty() || (thinks() && *p < 0.95)) return job_.lose("top_p");
        out_.top_p = chat_.top_p;
    }
    void top_k() {
        if (chat_.top_k.empty()) return;
        if (thinks()) return job_.lose("top_k");
        out_.top_k = chat_.top_k;
    }

    Result<Generation> drop_sampling() {
        if (!chat_.temperature.empty() && number(chat_.temperature) != 1.0) job_.lose("temperature");
        if (!chat_.top_p.empty() && number(chat_.top_p) != 1.0) job_.lose("top_p");
        if (!chat_.top_k.empty()) job_.lose("top_k");
        return std::move(out_);
    }

    const Job& job_;
    const canon::Chat& chat_;
    const bool forced_;
    Generation out_;
};

}  // namespace

Result<Generation> generation(const Job& job, bool tool_is_forced) { return Settings(job, tool_is_forced).settle(); }

}  // namespace aig::provider::anthropic
