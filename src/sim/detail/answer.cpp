#include "sim/detail/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "sim/detail/schema_instance.h"
#include "sim/detail/subjects.h"
#include "sim/detail/tokens.h"
#include "sim/detail/vendor.h"

namespace aig::sim {

namespace {

constexpr size_t longest_echo = 4'000;
constexpr int64_t most_words = 20'000;

std::string_view clip(std::string_view text, size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
    return text.substr(0, bytes);
}

std::string numbered_words(int64_t n) {
    std::string text;
    for (int64_t i = 1; i <= n; ++i) text.append(i == 1 ? "" : " ").append(std::to_string(i));
    return text;
}

std::string plain_text(const Ask& ask) {
    if (!ask.tool_results.empty()) {
        std::string text = "Here is what I found:";
        for (const std::string& r : ask.tool_results) text.append(" ").append(clip(r, longest_echo));
        return text;
    }
    if (const int64_t n = wanted_words(ask.prompt); n > 0) return numbered_words(std::min(n, most_words));
    if (is_greeting(ask.prompt)) return "Hello! How can I help you today?";
    if (ask.prompt.empty()) return ask.images > 0 ? "I see the image." : "How can I help you?";
    std::string text = fmt::format("You said: {}", clip(ask.prompt, longest_echo));
    if (ask.images > 0) text += fmt::format(" ({} image{} attached)", ask.images, ask.images == 1 ? "" : "s");
    return text;
}

std::string reasoning_text(const Ask& ask) {
    return fmt::format("The user wants an answer about: {}. I keep it short.", clip(ask.prompt, 48));
}

void add_call(const Ask& ask, Turn& turn, const ToolDef& tool, std::string arguments, uint64_t salt) {
    const IdForm& form = ask.wire->call_id;
    const std::string id = vendor_id(form.prefix, form.digits, salt + 7 * (turn.calls.size() + 1));
    turn.calls.push_back({id, std::string(tool.name), std::move(arguments), tool.custom});
    turn.finish = Finish::tool_calls;
}

void call_tools(const Ask& ask, Turn& turn, uint64_t salt) {
    for (SpelledCall& call : spelled_calls(ask)) add_call(ask, turn, *call.tool, std::move(call.arguments), salt);
    if (!turn.calls.empty()) return;
    const std::vector<const ToolDef*> tools = tools_to_call(ask);
    if (tools.empty()) return;
    std::vector<std::string> subjects = prompt_subjects(ask.prompt);
    if (!ask.parallel_tools && subjects.size() > 1) subjects.resize(1);
    // Several tools are called once each; one tool is called once for every subject of the prompt.
    const size_t calls = tools.size() > 1 ? tools.size() : std::max<size_t>(1, subjects.size());
    for (size_t i = 0; i < calls; ++i) {
        const ToolDef& tool = *tools[i % tools.size()];
        const std::string subject = subjects.empty() ? "" : subjects[std::min(i, subjects.size() - 1)];
        add_call(ask, turn, tool, tool.custom ? plain_text(ask) : schema_instance(tool.schema, {subject, ask.prompt}),
                 salt);
    }
}

Turn make_turn(const Ask& ask, uint64_t salt, int64_t index) {
    Turn turn;
    if (ask.reasoning) turn.reasoning = reasoning_text(ask);
    call_tools(ask, turn, salt + 1'000 * static_cast<uint64_t>(index));
    if (!turn.calls.empty()) return turn;
    if (ask.format == Format::json_schema) {
        const std::vector<std::string> subjects = prompt_subjects(ask.prompt);
        const std::string_view subject = subjects.empty() ? std::string_view() : std::string_view(subjects.front());
        turn.text = schema_instance(ask.schema, {subject, ask.prompt});
    } else if (ask.format == Format::json_object)
        turn.text = fmt::format("{{\"answer\":{}}}", json_string(plain_text(ask)));
    else
        turn.text = plain_text(ask);
    if (index > 0 && ask.format == Format::text) turn.text += fmt::format(" (choice {})", index + 1);
    return turn;
}

void apply_stops(const Ask& ask, Turn& turn) {
    size_t cut = std::string::npos;
    for (const std::string_view stop : ask.stops) {
        const size_t at = stop.empty() ? std::string::npos : turn.text.find(stop);
        if (at >= cut) continue;
        cut = at;
        turn.stop_sequence = stop;
    }
    if (cut == std::string::npos) return;
    turn.text.resize(cut);
    turn.finish = Finish::stop_sequence;
}

/// Cuts `text` to what is left of the budget; false when something was lost.
bool spend(std::string& text, int64_t& left) {
    const std::string_view kept = first_tokens(text, left);
    left -= count_tokens(kept);
    if (kept.size() == text.size()) return true;
    text.resize(kept.size());
    return false;
}

void apply_budget(Turn& turn, int64_t budget) {
    int64_t left = budget;
    bool whole = spend(turn.reasoning, left);
    turn.reasoning_tokens = budget - left;
    whole = spend(turn.text, left) && whole;
    for (size_t i = 0; i < turn.calls.size(); ++i) {
        const int64_t name = count_tokens(turn.calls[i].name);
        if (left < name) {
            turn.calls.resize(i);
            whole = false;
            break;
        }
        left -= name;
        whole = spend(turn.calls[i].arguments, left) && whole;
    }
    turn.tokens = budget - left;
    if (whole) return;
    turn.finish = Finish::length;
    turn.stop_sequence.clear();
}

/// What is asked with one of several prompts.
Ask of_prompt(const Ask& ask, size_t at) {
    Ask one = ask;
    one.prompt = ask.prompts[at];
    return one;
}

}  // namespace

std::string vendor_id(std::string_view prefix, size_t digits, uint64_t seed) {
    static constexpr char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string id(prefix);
    uint64_t x = seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D;
    for (size_t i = 0; i < digits; ++i) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        id += alphabet[(x * 0x2545F4914F6CDD1D >> 32) % 62];
    }
    return id;
}

Answer make_answer(const Ask& ask, uint64_t salt) {
    Answer answer;
    answer.id = vendor_id(ask.wire->reply_id.prefix, ask.wire->reply_id.digits, salt);
    answer.created = now_us() / 1'000'000;
    answer.usage.input = ask.input_tokens;
    const int64_t prompts = std::max<int64_t>(1, static_cast<int64_t>(ask.prompts.size()));
    for (int64_t i = 0; i < ask.n * prompts; ++i) {
        Turn turn = ask.prompts.empty() ? make_turn(ask, salt, i)
                                        : make_turn(of_prompt(ask, static_cast<size_t>(i / ask.n)), salt, i % ask.n);
        apply_stops(ask, turn);
        apply_budget(turn, ask.max_tokens.value_or(INT64_MAX));
        if (ask.image_out && turn.finish == Finish::stop) {
            turn.image = true;
            turn.tokens += image_tokens;
        }
        answer.usage.output += turn.tokens * std::max(ask.best_of / ask.n, int64_t{1});
        answer.usage.reasoning += turn.reasoning_tokens;
        answer.turns.push_back(std::move(turn));
    }
    return answer;
}

}  // namespace aig::sim
