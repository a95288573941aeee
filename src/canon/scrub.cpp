// Providers put keys into their error texts ("Incorrect API key provided: sk-..."). Nothing of ours that looks like a
// credential leaves in an error or a log.
#include <array>
#include <cstdint>

#include "canon/wire.h"

namespace aig::canon {
namespace {

constexpr size_t longest = 500;
constexpr std::string_view mask = "[removed]";

/// Begins of secrets that are recognised by themselves; what follows up to the end of the word goes.
constexpr std::array<std::string_view, 14> prefixes = {"sk-", "sk_",  "sk-ant-", "gsk_", "xai-", "AIza",  "hf_",
                                                       "gw_", "csk-", "pplx-",   "r8_",  "AKIA", "ya29.", "eyJ"};
/// Names whose value goes, however it looks. Lower case.
constexpr std::array<std::string_view, 9> names = {"bearer",        "api_key", "api-key", "apikey", "x-api-key",
                                                   "authorization", "key",     "token",   "secret"};

bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '*' || c == '+' || c == '/' || c == '=' || c == '~';
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool begins_with_name(std::string_view text, std::string_view name) {
    if (text.size() < name.size()) return false;
    for (size_t i = 0; i < name.size(); ++i)
        if (lower(text[i]) != name[i]) return false;
    return true;
}

size_t word_length(std::string_view text) {
    size_t n = 0;
    while (n < text.size() && word_char(text[n])) ++n;
    return n;
}

/// "unknown key: temperature" stays readable: a secret is long, and has a digit or is very long.
bool looks_random(std::string_view word) {
    if (word.size() >= 20) return true;
    return word.size() >= 8 && word.find_first_of("0123456789") != std::string_view::npos;
}

/// The length of a secret that begins here, 0 for none. `keep` = how much of it stays readable (the name).
size_t secret_at(std::string_view text, size_t& keep) {
    keep = 0;
    for (const auto prefix : prefixes)
        if (text.starts_with(prefix) && word_length(text) >= prefix.size()) return word_length(text);
    for (const auto name : names) {
        if (!begins_with_name(text, name)) continue;
        size_t at = name.size();
        const bool scheme = name == "bearer";
        // "key=...", "key: ...", "\"key\":\"...\"", "Bearer ...": separators, then a word that is long enough to be a
        // secret.
        bool separated = false;
        while (at < text.size() && at < name.size() + 4 &&
               (text[at] == '=' || text[at] == ':' || text[at] == ' ' || text[at] == '"' || text[at] == '\'')) {
            separated |= text[at] == '=' || text[at] == ':' || (scheme && text[at] == ' ');
            ++at;
        }
        if (!separated) continue;
        const size_t word = word_length(text.substr(at));
        if (!looks_random(text.substr(at, word))) continue;
        keep = at;
        return at + word;
    }
    return 0;
}
}  // namespace

std::string scrub(std::string_view text) {
    std::string out;
    bool at_word_start = true;
    for (size_t i = 0; i < text.size() && out.size() < longest;) {
        size_t keep = 0;
        const size_t n = at_word_start ? secret_at(text.substr(i), keep) : 0;
        if (n) {
            out.append(text.substr(i, keep));
            out += mask;
            i += n;
            at_word_start = false;
            continue;
        }
        const char c = text[i++];
        const auto u = static_cast<unsigned char>(c);
        at_word_start = u < 0x80 && !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
        out += u < 0x20 || u == 0x7F ? ' ' : c;
    }
    if (out.size() > longest) {
        out.resize(longest);
        // Not in the middle of a UTF-8 character.
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
        if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
    }
    return out;
}

}  // namespace aig::canon
