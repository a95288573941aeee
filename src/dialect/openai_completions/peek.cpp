// One pass over the whole request, as for chats: refuses what no provider could mean and notes what the gateway must
// know.
#include <algorithm>

#include "dialect/body_doc.h"
#include "dialect/members.h"
#include "dialect/openai_completions/openai_completions.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;

constexpr int64_t most_tokens = 10'000'000, most_choices = 128;
constexpr size_t longest_model = 256, most_stops = 64;

struct Peek {
    const JsonDoc& doc;
    JsonRef root;
    Envelope e;
    int64_t prompts = 0;

    Span span(JsonRef v) const {
        if (!v) return {};
        const size_t at = doc.offset(v.raw());
        return {at, at + v.raw().size()};
    }
    void need(bool condition, Features features) {
        if (condition) e.needs |= features;
    }

    Status request() {
        TRYV(no_duplicates(root, {"model", "prompt", "stream", "stream_options", "max_tokens", "n", "best_of"}));
        TRYV(model());
        TRYV(prompt());
        TRYV(limits());
        TRYV(stream());
        TRYV(stop());
        return options();
    }

    Status model() {
        const JsonRef m = root["model"];
        if (!given(m)) return Error(ErrorCode::bad_param, "The request names no model: set `model`.").param("model");
        if (!m.is_string()) return bad("model", "must be a string");
        if (m.text().empty()) return Error(ErrorCode::bad_param, "`model` is empty: set `model`.").param("model");
        if (m.text().size() > longest_model) return bad("model", "is longer than 256 bytes");
        e.model = m.text();
        e.spans.model = span(m);
        e.spans.insert = doc.offset(root.raw()) + 1;
        return {};
    }

    /// A text, an array of token numbers, or an array of either.
    Status prompt() {
        const JsonRef v = root["prompt"];
        if (!given(v)) return bad("prompt", "is missing");
        if (v.is_string()) return one(v, "prompt");
        if (!v.is_array()) return bad("prompt", "must be a string, an array of strings, or token arrays");
        if (!v.size()) return bad("prompt", "is empty");
        if ((*v.begin()).is_number()) return one(v, "prompt");
        size_t i = 0;
        for (const JsonRef item : v) TRYV(one(item, fmt::format("prompt[{}]", i++)));
        need(prompts > 1, feature_fill_in);
        return {};
    }

    Status one(JsonRef v, const std::string& path) {
        ++prompts;
        ++e.size.messages;
        if (v.is_string()) {
            e.size.text.add(v.text());
            return {};
        }
        if (!v.is_array() || !v.size()) return bad(path, "must be a string or an array of token numbers");
        for (const JsonRef token : v) {
            const auto n = token.integer();
            if (!n || *n < 0 || *n > INT32_MAX) return bad(path, "must hold token numbers");
        }
        e.size.tokens_given += static_cast<int64_t>(v.size());
        e.needs |= feature_token_arrays | feature_fill_in;
        return {};
    }

    /// best_of answers are made, and billed, for each that is given out.
    Status limits() {
        TRY(const auto n, integer_at(root, "n", 1, most_choices));
        TRY(const auto best_of, integer_at(root, "best_of", 1, most_choices));
        if (best_of && *best_of < n.value_or(1)) return bad("best_of", "must be at least n");
        TRY(const auto max_tokens, integer_at(root, "max_tokens", 0, most_tokens));
        if (prompts * n.value_or(1) > most_choices) return bad("n", "times the prompts is more than 128 choices");
        // None with `echo` scores a prompt; the hold still needs a token.
        if (max_tokens) e.max_output = std::max<int64_t>(*max_tokens, 1);
        e.n = prompts * std::max(n.value_or(1), best_of.value_or(1));
        e.spans.max_tokens = span(root["max_tokens"]);
        need(n.value_or(1) > 1, feature_many_choices);
        need(best_of.value_or(1) > 1, feature_fill_in);
        return {};
    }

    Status stream() {
        TRY(e.stream, boolean_at(root, "stream"));
        const JsonRef options = root["stream_options"];
        e.spans.stream_options = span(options);
        if (!given(options)) return {};
        if (!options.is_object()) return bad("stream_options", "must be an object");
        if (options.duplicate("include_usage")) return bad("stream_options.include_usage", "stands more than once");
        const JsonRef usage = options["include_usage"];
        if (given(usage) && !usage.is_bool()) return bad("stream_options.include_usage", "must be true or false");
        e.spans.include_usage = span(usage);
        e.wants_usage = e.stream && usage.boolean();
        return {};
    }

    Status stop() {
        const JsonRef stop = root["stop"];
        if (!given(stop)) return {};
        if (!stop.is_string() && !stop.is_array()) return bad("stop", "must be a string or an array of strings");
        if (stop.size() > most_stops && stop.is_array()) return bad("stop", "has more than 64 entries");
        if (stop.is_array())
            for (const JsonRef s : stop)
                if (!s.is_string()) return bad("stop", "must be a string or an array of strings");
        need(stop.is_string() || stop.size() > 0, feature_stop);
        return {};
    }

    Status options() {
        for (const auto name : {"temperature", "top_p", "frequency_penalty", "presence_penalty"})
            TRYV(number_at(root, name));
        for (const auto name : {"suffix", "user"}) TRYV(string_at(root, name, name));
        TRYV(boolean_at(root, "echo"));
        TRY(const auto seed, integer_at(root, "seed", INT64_MIN, INT64_MAX));
        TRY(const auto logprobs, integer_at(root, "logprobs", 0, 100));
        if (const JsonRef bias = root["logit_bias"]; given(bias) && !bias.is_object())
            return bad("logit_bias", "must be an object");
        e.size.text.add(root["suffix"].text());
        need(!root["suffix"].text().empty(), feature_fill_in);
        need(logprobs.has_value(), feature_logprobs);
        need(seed.has_value(), feature_seed);
        need(given(root["user"]), feature_user);
        need(root["logit_bias"].size() > 0, feature_logit_bias);
        need(given(root["frequency_penalty"]) || given(root["presence_penalty"]), feature_penalties);
        return {};
    }
};
}  // namespace

Result<Envelope> OpenAiCompletions::peek(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    Peek peek{body.doc(), body.root(), {}};
    peek.e.operation = Operation::completion;
    peek.e.family = Family::openai_completions;
    TRYV(peek.request());
    return std::move(peek.e);
}

}  // namespace aig::dialect::openai
