// The only file that knows the parser.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <map>

#include "base/nearest.h"
#include "cli/detail/command.h"

namespace aig::cli {
namespace {
void bind(CLI::App& app, const Option& o) {
    CLI::Option* made = nullptr;
    if (auto* const* text = std::get_if<std::string*>(&o.into))
        made = app.add_option(o.flag, **text);
    else if (const auto* whole = std::get_if<Whole>(&o.into))
        made = app.add_option(o.flag, *whole->into)->check(CLI::Range(whole->least, whole->most));
    else if (auto* const* port = std::get_if<uint16_t*>(&o.into))
        made = app.add_option(o.flag, **port);
    else if (auto* const* on = std::get_if<bool*>(&o.into))
        made = app.add_flag(o.flag, **on);
    else
        made = app.add_option(o.flag, *std::get<std::vector<std::string>*>(o.into));
    if (o.required) made->required();
}

/// The parser's tree of the table: "account create" is a sub-command of "account".
struct Parser {
    CLI::App app{"", "aig"};
    struct Leaf {
        const Command* command;
        Spec spec;
        Action action;
    };
    std::map<const CLI::App*, std::unique_ptr<Leaf>> leaves;
    std::map<std::string, CLI::App*, std::less<>> nodes;
    bool version = false;

    Parser() {
        app.add_flag("--version", version);
        for (const auto& command : commands()) add(command);
    }
    void add(const Command& command) {
        const auto space = command.path.find(' ');
        CLI::App* parent = &app;
        if (space != std::string_view::npos) parent = node(command.path.substr(0, space));
        CLI::App* leaf =
            parent->add_subcommand(std::string(command.path.substr(space == std::string_view::npos ? 0 : space + 1)));
        auto made = std::make_unique<Leaf>();
        made->command = &command;
        made->action = command.build(made->spec);
        for (const auto& o : made->spec.options()) bind(*leaf, o);
        leaves.emplace(leaf, std::move(made));
    }
    CLI::App* node(std::string_view name) {
        auto& n = nodes[std::string(name)];
        if (!n) n = app.add_subcommand(std::string(name));
        return n;
    }
    /// The deepest command that was named.
    const CLI::App* chosen() const {
        const CLI::App* at = &app;
        while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
        return at;
    }
    const Leaf* leaf() const {
        const auto at = leaves.find(chosen());
        return at == leaves.end() ? nullptr : at->second.get();
    }
};

/// What the words before the first option may have meant.
std::string guess(const std::vector<std::string>& arguments) {
    std::string typed;
    for (const auto& a : arguments) {
        if (a.starts_with("-")) break;
        typed += (typed.empty() ? "" : " ") + a;
    }
    std::vector<std::string_view> paths;
    for (const auto& c : commands())
        if (c.group != Group::hidden) paths.push_back(c.path);
    const auto near = nearest(typed, paths);
    return near.empty() ? "" : fmt::format("; did you mean 'aig {}'?", near);
}

/// Commands of a group such as "account" when it is typed alone.
std::string help_group(std::string_view group) {
    std::string out;
    for (const auto& c : commands())
        if (c.group != Group::hidden && c.path.starts_with(fmt::format("{} ", group)))
            out += fmt::format("  aig {:<16}  {}\n", c.path, c.about);
    return out;
}

int misuse_of(const Context& context, const Parser& parser, std::string_view what) {
    const auto* leaf = parser.leaf();
    context.err << fmt::format("aig: {}\n", what);
    context.err << (leaf ? fmt::format("see: aig {} --help\n", leaf->command->path) : std::string("see: aig --help\n"));
    return exit_usage;
}

int show_help(const Context& context, const Parser& parser) {
    const auto* leaf = parser.leaf();
    if (leaf)
        context.out << help_of(*leaf->command);
    else if (parser.chosen() == &parser.app)
        context.out << help_all();
    else
        context.out << help_group(parser.chosen()->get_name());
    return exit_ok;
}
}  // namespace

int run(const std::vector<std::string>& arguments, const Context& context) {
    Parser parser;
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // the parser takes them from the back
        parser.app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        return show_help(context, parser);
    } catch (const CLI::ExtrasError& e) {
        if (parser.leaf()) return misuse_of(context, parser, e.what());
        return misuse_of(context, parser, "there is no such command" + guess(arguments));
    } catch (const CLI::Error& e) {
        return misuse_of(context, parser, e.what());
    }
    if (parser.version) {
        context.out << fmt::format("aig {} (schema {})\n", context.hooks.version, context.hooks.schema_version);
        return exit_ok;
    }
    if (const auto* leaf = parser.leaf()) return leaf->action(context);
    context.err << (parser.chosen() == &parser.app ? help_all() : help_group(parser.chosen()->get_name()));
    return exit_usage;
}

int run(int argc, const char* const* argv, const CliHooks& hooks) {
    const auto env = [](const char* name) {
        const char* v = std::getenv(name);
        return std::string(v ? v : "");
    };
    const Context context{hooks, std::cin, std::cout, std::cerr, env};
    return run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc), context);
}

int fail(const Context& context, const Error& error) {
    const auto code = error.code();
    context.err << fmt::format("aig: {}\n", error.message().empty() ? error.row().name : error.message());
    // These say in their message what to do; the table's advice is written for callers of the API.
    const bool complete = code == ErrorCode::bad_param || code == ErrorCode::bad_request ||
                          code == ErrorCode::scope_denied || code == ErrorCode::conflict ||
                          code == ErrorCode::upstream_unreachable;
    if (!complete) context.err << fmt::format("     {}\n", error.row().advice);
    if (code == ErrorCode::upstream_unreachable) return exit_unreachable;
    return code == ErrorCode::bad_param ? exit_usage : exit_failed;
}

}  // namespace aig::cli
