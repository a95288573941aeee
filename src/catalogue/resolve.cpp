#include <algorithm>

#include <fmt/format.h>

#include "base/nearest.h"
#include "catalogue/catalogue.h"
#include "catalogue/detail/fingerprint.h"

namespace aig::catalogue {
namespace {
constexpr size_t longest_name = 256;

bool plain(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Anthropic's own name of a Claude model in the catalogue's spelling: without the date of its one snapshot, "-latest"
/// and Claude Code's mark for the long context, and with its version dotted: "claude-opus-4-8", "claude-opus-4-8[1m]",
/// "claude-sonnet-4-5-20250929" and Vertex's "claude-sonnet-4-5@20250929". "" for any other name.
std::string claude_spelling(std::string name) {
    if (!name.starts_with("claude-") && !name.starts_with("anthropic/claude-")) return {};
    const auto drop = [&](std::string_view end) {
        if (name.ends_with(end)) name.resize(name.size() - end.size());
    };
    drop("[1m]");
    drop("-latest");
    const size_t date = name.find_last_of("-@");
    if (name.size() - date == 9 &&
        std::all_of(name.begin() + static_cast<std::ptrdiff_t>(date) + 1, name.end(), is_digit))
        name.resize(date);
    for (size_t i = 1; i + 1 < name.size(); ++i)
        if (name[i] == '-' && is_digit(name[i - 1]) && is_digit(name[i + 1])) name[i] = '.';
    return name;
}

/// The pattern's model for one name; its targets' stars are filled in.
ModelPtr instance(const PatternRule& rule, std::string_view name) {
    auto model = std::make_shared<Model>(rule.model);
    model->id = name;
    const std::string rest(name.substr(rule.prefix.size()));
    for (auto& t : model->targets) {
        if (const size_t star = t.model.find('*'); star != std::string::npos) t.model.replace(star, 1, rest);
        t.breaker = breaker_of(*t.provider, t.model);
    }
    return model;
}

Error unknown(const Snapshot& s, std::string_view name) {
    std::vector<std::string_view> known;
    for (const auto& [id, model] : s.models) {
        if (!model->listed) continue;
        known.push_back(id);
        if (const size_t slash = id.rfind('/'); slash != std::string::npos)
            known.push_back(std::string_view(id).substr(slash + 1));
    }
    const auto near = nearest(name, known);
    std::string hint;
    if (!near.empty()) {
        const auto full = s.bare.find(lower_case(near));
        const auto id = full != s.bare.end() && !full->second.empty() ? std::string_view(full->second) : near;
        hint = fmt::format("; did you mean '{}'?", id);
    }
    const auto shown = plain(name) ? std::string(name.substr(0, 100)) : std::string("(unprintable)");
    return Error(ErrorCode::model_not_found, fmt::format("The model '{}' does not exist{}", shown, hint))
        .param("model");
}
}  // namespace

Result<ModelPtr> Snapshot::resolve(std::string_view name) const {
    if (name.empty())
        return Error(ErrorCode::bad_param, "The parameter 'model' is missing: set `model`").param("model");
    if (name.size() > longest_name) return unknown(*this, name);
    if (const auto m = models.find(name); m != models.end()) return m->second;
    if (const auto a = aliases.find(name); a != aliases.end())
        if (const auto m = models.find(a->second); m != models.end()) return m->second;
    if (const auto b = bare.find(lower_case(name)); b != bare.end() && !b->second.empty())
        if (const auto m = models.find(b->second); m != models.end()) return m->second;
    if (const auto b = bare.find(claude_spelling(lower_case(name))); b != bare.end() && !b->second.empty())
        if (const auto m = models.find(b->second); m != models.end()) return m->second;
    if (plain(name))
        for (const auto& rule : patterns)
            if (name.starts_with(rule.prefix) && name.size() > rule.prefix.size()) return instance(rule, name);
    return unknown(*this, name);
}
}  // namespace aig::catalogue
