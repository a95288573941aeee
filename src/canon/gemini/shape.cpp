#include "canon/gemini/shape.h"

#include <algorithm>
#include <array>

namespace aig::canon::gemini {
namespace {

struct Finish {
    std::string_view word;
    StopReason stop;
};
/// In the order of the enum's numbers (Candidate.FinishReason, ai.google.dev/api/generate-content, 2026-08).
constexpr std::array<Finish, 18> finishes{{
    {"FINISH_REASON_UNSPECIFIED", StopReason::none},
    {"STOP", StopReason::end},
    {"MAX_TOKENS", StopReason::length},
    {"SAFETY", StopReason::content_filter},
    {"RECITATION", StopReason::content_filter},
    {"OTHER", StopReason::other},
    {"LANGUAGE", StopReason::other},
    {"BLOCKLIST", StopReason::content_filter},
    {"PROHIBITED_CONTENT", StopReason::content_filter},
    {"SPII", StopReason::content_filter},
    {"MALFORMED_FUNCTION_CALL", StopReason::other},
    {"IMAGE_SAFETY", StopReason::content_filter},
    {"UNEXPECTED_TOOL_CALL", StopReason::other},
    {"TOO_MANY_TOOL_CALLS", StopReason::other},
    {"IMAGE_PROHIBITED_CONTENT", StopReason::content_filter},
    {"IMAGE_OTHER", StopReason::other},
    {"NO_IMAGE", StopReason::other},
    {"IMAGE_RECITATION", StopReason::content_filter},
}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_name(std::string_view key, std::string_view camel) {
    if (key == camel) return true;
    size_t at = 0;
    for (const char c : camel) {
        const bool hump = c >= 'A' && c <= 'Z';
        if (hump && at < key.size() && key[at] == '_') ++at;
        if (at >= key.size() || key[at] != (hump ? lower(c) : c)) return false;
        ++at;
    }
    return at == key.size() && key.find('_') != std::string_view::npos;
}

JsonRef member(JsonRef object, std::string_view camel) {
    JsonRef found;
    if (!object.is_object()) return found;
    for (const JsonRef m : object)
        if (same_name(m.key(), camel)) found = m;
    return found;
}

std::string_view finish_word(JsonRef reason) {
    if (!reason.is_number()) return reason.text();
    const int64_t n = reason.integer().value_or(-1);
    return n >= 0 && n < static_cast<int64_t>(finishes.size()) ? finishes[static_cast<size_t>(n)].word : "OTHER";
}

StopReason stop_of(JsonRef reason) {
    const auto word = finish_word(reason);
    if (word.empty()) return StopReason::none;
    if (word == "MODEL_ARMOR") return StopReason::content_filter;  // Vertex AI, "Model Armor integration", 2026
    const auto* at = std::find_if(finishes.begin(), finishes.end(), [&](const Finish& f) { return f.word == word; });
    return at == finishes.end() ? StopReason::other : at->stop;
}

std::string_view finish_word(StopReason stop) {
    switch (stop) {
        case StopReason::length:
        case StopReason::context_full:
            return "MAX_TOKENS";
        case StopReason::refusal:
        case StopReason::content_filter:
            return "SAFETY";
        case StopReason::other:
            return "OTHER";
        default:
            return "STOP";
    }
}

bool broken_call(std::string_view word) {
    return word == "MALFORMED_FUNCTION_CALL" || word == "UNEXPECTED_TOOL_CALL" || word == "TOO_MANY_TOOL_CALLS" ||
           word == "MALFORMED_RESPONSE";
}

std::string_view block_reason(JsonRef root) {
    const JsonRef feedback = root["promptFeedback"];
    const JsonRef reason = feedback["blockReason"];
    if (reason.is_number()) return reason.integer().value_or(0) > 0 ? "OTHER" : "";
    if (!reason.text().empty()) return reason.text() == "BLOCK_REASON_UNSPECIFIED" ? "" : reason.text();
    return feedback["blockReasonMessage"].text().empty() ? "" : "OTHER";
}

}  // namespace aig::canon::gemini
