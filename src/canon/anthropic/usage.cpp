#include <algorithm>

#include "canon/anthropic/shape.h"

namespace aig::canon::anthropic {
namespace {

/// Absent and null leave `into` alone; what is not a whole number becomes -1.
void read_count(JsonRef value, int64_t& into) {
    if (!value || value.is_null()) return;
    into = value.integer().value_or(-1);
}

}  // namespace

void Counts::read(JsonRef usage) {
    static constexpr std::string_view names[] = {
        "input_tokens", "cache_read_input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_creation",
        "iterations",   "output_tokens_details"};
    enum : size_t { m_input, m_read, m_output, m_written, m_split, m_iterations, m_details };
    if (!usage.is_object()) return;
    const auto said = usage.pick(names);
    read_count(said[m_input], input_);
    read_count(said[m_read], read_);
    read_count(said[m_output], output_);
    read_count(said[m_details]["thinking_tokens"], thinking_);
    read_iterations(said[m_iterations]);
    // The split by lifetime usually comes in message_start alone, the total in both; the total is the later truth.
    const JsonRef split = said[m_split];
    if (split.is_object()) {
        int64_t short_lived = 0;
        read_count(split["ephemeral_5m_input_tokens"], short_lived);
        read_count(split["ephemeral_1h_input_tokens"], written_1h_);
        written_ = short_lived < 0 || written_1h_ < 0 ? -1 : short_lived + written_1h_;
    }
    read_count(said[m_written], written_);
}

/// Each iteration is one pass of the model. The top level adds up those of type "message" and, after a fallback, is the
/// model's that answered; compaction and advisor passes are billed beside it (docs: compaction, "Usage"; advisor tool,
/// 2026).
void Counts::read_iterations(JsonRef iterations) {
    if (!iterations.is_array()) return;
    extra_input_ = extra_read_ = extra_written_ = extra_output_ = 0;
    for (const JsonRef pass : iterations) {
        if (pass["type"].text() != "compaction" && pass["type"].text() != "advisor_message") continue;
        int64_t input = 0, read = 0, written = 0, output = 0;
        read_count(pass["input_tokens"], input);
        read_count(pass["cache_read_input_tokens"], read);
        read_count(pass["cache_creation_input_tokens"], written);
        read_count(pass["output_tokens"], output);
        const auto believable = [](int64_t n) { return n >= 0 && n <= 1'000'000'000; };
        if (!believable(input) || !believable(read) || !believable(written) || !believable(output)) {
            input_ = -1;
            return;
        }
        extra_input_ += input;
        extra_read_ += read;
        extra_written_ += written;
        extra_output_ += output;
    }
}

Usage Counts::usage() const {
    Usage u;
    const auto plus = [](int64_t count, int64_t extra) {
        return count < 0 || count > 1'000'000'000 ? count : count + extra;
    };
    const int64_t written = plus(written_, extra_written_);
    const int64_t written_1h = std::clamp<int64_t>(written_1h_, 0, std::max<int64_t>(written, 0));
    u[Component::input] = plus(input_, extra_input_);
    u[Component::cached_input] = plus(read_, extra_read_);
    u[Component::cache_write] = written < 0 ? -1 : written - written_1h;
    u[Component::cache_write_1h] = written_1h;
    const int64_t output = plus(output_, extra_output_);
    // Thinking is inside output_tokens; the detail is newer and may be missing.
    u[Component::reasoning] = std::clamp<int64_t>(thinking_, 0, std::max<int64_t>(output, 0));
    u[Component::output] = output - u[Component::reasoning];
    return u;
}

}  // namespace aig::canon::anthropic
