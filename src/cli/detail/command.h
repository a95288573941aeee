// What a command is: a row of the table (path, one line about it, what it takes, what it does). A command names its
// options in a Spec and returns the Action that reads them; parsing (run.cpp), help and the reference (help.cpp) all
// come from the Spec, so that no command sees the parser and no help text can differ from what is parsed.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/cli.h"

namespace aig::cli {

/// The world a command sees; tests bring their own.
struct Context {
    const CliHooks& hooks;
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    std::function<std::string(const char* name)> env;  ///< "" when not set
};

struct Whole {
    std::optional<int64_t>* into;
    int64_t least, most;
};
struct Option {
    std::string flag;  ///< "--name"; without dashes a positional
    std::string meta;  ///< "FILE"; "" for a switch
    std::string about;
    bool required = false;
    std::variant<std::string*, Whole, uint16_t*, bool*, std::vector<std::string>*> into;
};

class Spec {
  public:
    Spec& text(std::string flag, std::string meta, std::string& into, std::string about) {
        return add({std::move(flag), std::move(meta), std::move(about), false, &into});
    }
    Spec& needed(std::string flag, std::string meta, std::string& into, std::string about) {
        return add({std::move(flag), std::move(meta), std::move(about), true, &into});
    }
    Spec& whole(std::string flag, std::optional<int64_t>& into, int64_t least, int64_t most, std::string about) {
        return add({std::move(flag), "N", std::move(about), false, Whole{&into, least, most}});
    }
    Spec& port(std::string flag, uint16_t& into, std::string about) {
        return add({std::move(flag), "N", std::move(about), false, &into});
    }
    Spec& toggle(std::string flag, bool& into, std::string about) {
        return add({std::move(flag), "", std::move(about), false, &into});
    }
    /// Everything that is not an option.
    Spec& rest(std::string name, std::vector<std::string>& into, std::string about) {
        return add({std::move(name), "", std::move(about), false, &into});
    }
    const std::vector<Option>& options() const { return options_; }

  private:
    Spec& add(Option o) { return options_.push_back(std::move(o)), *this; }
    std::vector<Option> options_;
};

using Action = std::function<int(const Context&)>;
enum class Group : uint8_t { gateway, operate, client, hidden };
struct Command {
    Group group;
    std::string_view path;   ///< "account create"
    std::string_view about;  ///< one line, no full stop
    Action (*build)(Spec&);
};
/// The table, in the order of the help.
const std::vector<Command>& commands();

int run(const std::vector<std::string>& arguments, const Context& context);

std::string help_all();
std::string help_of(const Command& command);
/// docs/reference/cli.md
std::string reference_markdown();

/// Prints an error with its next step; gives the exit code. A bad_param is wrong usage of the command line.
int fail(const Context& context, const Error& error);

}  // namespace aig::cli
