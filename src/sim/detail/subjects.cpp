#include "sim/detail/subjects.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace aig::sim {

namespace {

constexpr size_t most_subjects = 8;
/// Rules of language are for short prompts; in a long document only its beginning is looked at.
constexpr size_t looked_at = 2'000;
constexpr size_t longest_greeting = 60;

std::string lower(std::string_view text) {
    std::string out(text.substr(0, looked_at));
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

struct Word {
    std::string_view text;
    bool begins_sentence;
    bool after_break;  ///< punctuation stands between it and the word before
};

std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    bool sentence = true, broken = true;
    text = text.substr(0, looked_at);
    for (size_t at = 0; at < text.size();) {
        size_t end = at;
        while (end < text.size() &&
               (is_letter(text[end]) || std::isdigit(static_cast<unsigned char>(text[end])) || text[end] == '-'))
            ++end;
        if (end > at) {
            words.push_back({text.substr(at, end - at), sentence, broken});
            sentence = broken = false;
            at = end;
            continue;
        }
        const char c = text[at++];
        if (c == '.' || c == '!' || c == '?' || c == '\n' || c == ':') sentence = true;
        if (c != ' ') broken = true;
    }
    return words;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

bool mentions(std::string_view lower_prompt, std::string_view word) {
    for (size_t at = lower_prompt.find(word); at != std::string_view::npos; at = lower_prompt.find(word, at + 1))
        if (at == 0 || !is_letter(lower_prompt[at - 1])) return true;
    return false;
}

/// get_weather, getWeather -> weather
std::vector<std::string> name_parts(std::string_view name) {
    std::vector<std::string> parts(1);
    for (size_t i = 0; i < name.size(); ++i) {
        const bool hump = i > 0 && is_upper(name[i]) && !is_upper(name[i - 1]);
        if (!is_letter(name[i]) || hump) parts.emplace_back();
        if (is_letter(name[i])) parts.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    std::erase_if(parts, [](const std::string& p) {
        return p.size() < 3 ||
               one_of(p, {"get", "set", "the", "fetch", "tool", "current", "for", "and", "with", "from"});
    });
    return parts;
}

bool wants_some_tool(std::string_view lower_prompt) {
    for (const std::string_view phrase :
         {"use the tool", "use a tool", "call the tool", "call a tool", "use the function", "call the function",
          "use your tool", "using the tool", "use tools"})
        if (lower_prompt.find(phrase) != std::string_view::npos) return true;
    return false;
}

/// The object that begins at `at`, or "" when there is none.
std::string_view object_at(std::string_view text, size_t at) {
    int depth = 0;
    bool inside = false;
    for (size_t i = at; i < text.size(); ++i) {
        const char c = text[i];
        if (inside && c == '\\')
            ++i;
        else if (c == '"')
            inside = !inside;
        else if (!inside && c == '{')
            ++depth;
        else if (!inside && c == '}' && --depth == 0)
            return JsonDoc::parse(text.substr(at, i + 1 - at)).ok() ? text.substr(at, i + 1 - at) : std::string_view();
    }
    return {};
}

}  // namespace

std::vector<SpelledCall> spelled_calls(const Ask& ask) {
    if (ask.tool_choice == ToolChoice::none || !ask.tool_results.empty()) return {};
    std::vector<std::pair<size_t, SpelledCall>> found;
    const std::string_view prompt = ask.prompt;
    for (const ToolDef& t : ask.tools) {
        const std::string opening = std::string(t.name) + " {";
        const size_t at = prompt.find(opening);
        if (at == std::string_view::npos || (at > 0 && is_letter(prompt[at - 1]))) continue;
        const auto object = object_at(prompt, at + opening.size() - 1);
        if (!object.empty()) found.push_back({at, {&t, std::string(object)}});
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<SpelledCall> calls;
    for (auto& [at, call] : found)
        if (calls.size() < most_subjects) calls.push_back(std::move(call));
    if (!ask.parallel_tools && calls.size() > 1) calls.resize(1);
    return calls;
}

bool is_greeting(std::string_view prompt) {
    if (prompt.size() > longest_greeting) return false;
    const auto words = words_of(prompt);
    if (words.empty() || words.size() > 6) return false;
    for (size_t i = 0; i < std::min<size_t>(words.size(), 2); ++i)
        if (one_of(lower(words[i].text), {"hi", "hello", "hey", "greetings"})) return true;
    return false;
}

int64_t wanted_words(std::string_view prompt) {
    if (prompt.find("words") == std::string_view::npos && prompt.find(" to ") == std::string_view::npos) return 0;
    const auto words = words_of(prompt);
    for (size_t i = 0; i + 1 < words.size(); ++i) {
        const bool counted = lower(words[i].text) == "to" && i > 0 && lower(words[i - 1].text) == "count";
        const std::string_view digits = counted ? words[i + 1].text : words[i].text;
        if (!counted && lower(words[i + 1].text) != "words") continue;
        int64_t n = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
        if (error == std::errc() && end == digits.data() + digits.size() && n >= 0) return n;
    }
    return 0;
}

std::vector<std::string> prompt_subjects(std::string_view prompt) {
    std::vector<std::string> subjects;
    bool open = false;
    for (const Word& w : words_of(prompt)) {
        const bool name = is_upper(w.text[0]) && w.text.size() > 1 && !w.begins_sentence &&
                          !one_of(w.text, {"JSON", "API", "US", "ID"});
        if (!name) {
            open = false;
            continue;
        }
        if (open && !w.after_break)
            subjects.back().append(" ").append(w.text);
        else if (subjects.size() < most_subjects)
            subjects.emplace_back(w.text);
        open = true;
    }
    for (size_t i = 0; i < subjects.size(); ++i)
        subjects.erase(std::remove(subjects.begin() + static_cast<ptrdiff_t>(i) + 1, subjects.end(), subjects[i]),
                       subjects.end());
    return subjects;
}

std::vector<const ToolDef*> tools_to_call(const Ask& ask) {
    if (ask.tools.empty() || ask.tool_choice == ToolChoice::none) return {};
    if (ask.tool_choice == ToolChoice::named) {
        for (const ToolDef& t : ask.tools)
            if (t.name == ask.chosen_tool) return {&t};
        return {};
    }
    if (!ask.tool_results.empty() && ask.tool_choice == ToolChoice::automatic) return {};
    const std::string prompt = lower(ask.prompt);
    std::vector<const ToolDef*> found;
    for (const ToolDef& t : ask.tools) {
        const auto parts = name_parts(t.name);
        const bool named = mentions(prompt, lower(t.name));
        if (named || std::any_of(parts.begin(), parts.end(), [&](const std::string& p) { return mentions(prompt, p); }))
            found.push_back(&t);
    }
    if (found.empty() && (ask.tool_choice == ToolChoice::required || wants_some_tool(prompt)))
        found.push_back(&ask.tools.front());
    if (found.size() > most_subjects) found.resize(most_subjects);
    if (!ask.parallel_tools && found.size() > 1) found.resize(1);
    return found;
}

}  // namespace aig::sim
