#include <fmt/format.h>

#include <algorithm>

#include "cli/detail/command.h"

namespace aig::cli {
namespace {
struct GroupTitle {
    Group group;
    std::string_view title;
};
constexpr GroupTitle titles[] = {{Group::gateway, "Gateway"}, {Group::operate, "Operator"}, {Group::client, "Client"}};

constexpr std::string_view exit_codes =
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no gateway reached.\n";

bool positional(const Option& o) { return !o.flag.starts_with("-"); }

/// "--name N" as it is typed; a switch's negative form is left to its own line.
std::string typed(const Option& o) {
    const auto flag = o.flag.substr(0, o.flag.find(','));
    return o.meta.empty() ? flag : fmt::format("{} {}", flag, o.meta);
}

std::string usage(const Command& command, const Spec& spec) {
    std::string out = fmt::format("aig {}", command.path);
    for (const auto& o : spec.options()) out += (o.required ? " " : " [") + typed(o) + (o.required ? "" : "]");
    return out;
}

/// Breaks the usage line at options, so that no line is longer than a terminal.
std::string wrapped(const std::string& text, size_t width, std::string_view indent) {
    std::string out;
    size_t column = 0;
    size_t at = 0;
    while (at < text.size()) {
        size_t end = at, depth = 0;
        while (end < text.size() && (text[end] != ' ' || depth)) {
            depth += text[end] == '[';
            depth -= text[end] == ']';
            ++end;
        }
        const auto word = text.substr(at, end - at);
        if (column && column + 1 + word.size() > width) {
            out += fmt::format("\n{}", indent);
            column = indent.size();
        } else if (column) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
        at = end + 1;
    }
    return out;
}

std::string negative(const Option& o) {
    const auto at = o.flag.find("!--");
    return at == std::string::npos ? "" : fmt::format(" ({} turns it off)", o.flag.substr(at + 1));
}

std::string option_lines(const Spec& spec) {
    size_t width = 0;
    for (const auto& o : spec.options()) width = std::max(width, typed(o).size());
    std::string out;
    for (const auto& o : spec.options())
        out += fmt::format("  {:<{}}  {}{}{}\n", typed(o), width, o.about, negative(o),
                           o.required && !positional(o) ? " (required)" : "");
    return out;
}
}  // namespace

std::string help_all() {
    size_t width = 0;
    for (const auto& c : commands()) width = std::max(width, c.path.size());
    std::string out =
        "aig: an AI gateway with exact money\n\nusage: aig COMMAND [options]    aig COMMAND --help    aig --version\n";
    for (const auto& [group, title] : titles) {
        out += fmt::format("\n{}\n", title);
        for (const auto& c : commands())
            if (c.group == group) out += fmt::format("  {:<{}}  {}\n", c.path, width, c.about);
    }
    out += "\nTo try it: aig dev, and in a second terminal: aig call \"hello\"\n";
    return out += exit_codes;
}

std::string help_of(const Command& command) {
    Spec spec;
    (void)command.build(spec);
    std::string out =
        fmt::format("{}\n\nusage: {}\n", command.about, wrapped(usage(command, spec), 100, "           "));
    if (!spec.options().empty()) out += "\n" + option_lines(spec);
    return out;
}

std::string reference_markdown() {
    std::string out =
        "# The command line\n\n"
        "Printed by `aig docs cli`; a test keeps this file and the binary the same. Every command answers `--help`.\n\n"
        "Operator commands work on a running gateway (`--url` and `--admin-token`, or the socket `admin.sock` in its "
        "data folder)\n"
        "and on a resting database (`--config` or `--data`), which they open under its lock. `--json` prints exactly "
        "one JSON\n"
        "object on standard output. Client commands find URL and key by flag, then `AIG_BASE_URL` and `AIG_API_KEY`, "
        "then\n"
        "`~/.config/aig/config.json` (`{\"url\",\"key\"}`), then the last `aig dev` still running.\n\n";
    out += fmt::format("```\n{}```\n\n", help_all());
    for (const auto& [group, title] : titles) {
        out += fmt::format("## {}\n\n", title);
        for (const auto& c : commands())
            if (c.group == group) out += fmt::format("### aig {}\n\n```\n{}```\n\n", c.path, help_of(c));
    }
    out.pop_back();
    return out;
}

}  // namespace aig::cli
