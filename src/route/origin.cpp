#include "canon/state.h"
#include "route/route.h"

namespace aig::route {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The vendor's word for a line of models: "us.anthropic.claude-sonnet-4-5" -> "claude", "openai/gpt-5.4" -> "gpt".
/// State is read by newer and smaller models of one line, and by no other line.
std::string family(std::string_view model) {
    model.remove_prefix(model.rfind('/') + 1);
    size_t begin = 0;
    for (size_t i = 1; i < model.size(); ++i)
        if (model[i - 1] == '.' && letter(model[i])) begin = i;
    std::string out;
    for (const char c : model.substr(begin)) {
        if (!letter(c)) break;
        out += static_cast<char>(c | 0x20);
    }
    return out;
}
}  // namespace

uint64_t origin(const catalogue::Target& target, const catalogue::ProviderKey& key) {
    const auto& p = *target.provider;
    std::string all = p.name;
    for (const auto& part : {p.base_url, key.secret, family(target.model)}) all.append(1, '\0').append(part);
    const uint64_t print = canon::state_print(all);
    return print ? print : 1;
}

}  // namespace aig::route
