// The caller's tools under the names other wires know them by: a namespace's function is `namespace__function`, a
// custom tool is a function with one string, `input`. parse() and the renderer read the same list, so what a model
// calls comes back under the name and in the form the caller gave. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "canon/request.h"

namespace aig::dialect::responses {

/// What a tool is to the caller.
struct ToolName {
    std::string name, space;  ///< space: the namespace, "" = none
    bool custom = false;
};

class ToolNames {
  public:
    ToolNames() = default;
    /// `tools` of a request; anything but an array is no tools.
    explicit ToolNames(JsonRef tools);
    /// Null for names that are what they seem.
    const ToolName* find(std::string_view flat) const;

  private:
    void add(std::string_view space, JsonRef tool);
    std::map<std::string, ToolName, std::less<>> by_flat_;
};

/// The one name of a function in a namespace: at most 64 bytes, which is what most wires take.
std::string flat_name(std::string_view space, std::string_view name);

/// A built-in tool that may be left out where no provider runs it: a search that is not to reach the network. Codex
/// sends one with every request.
bool is_optional(JsonRef tool);
/// function, custom and namespace are the caller's own; everything else the provider runs.
bool is_callers_own(std::string_view type);

/// All tools, flattened, into `chat`; what is left out stands in its extras.
void parse_tools(JsonRef tools, canon::Chat& chat);
void parse_tool_choice(JsonRef choice, canon::Chat& chat);

/// A custom tool's input as the arguments of the function that stands for it, and back. What is not such an object is
/// the input itself.
std::string wrapped_input(std::string_view input);
std::string unwrapped_input(std::string_view arguments);

}  // namespace aig::dialect::responses
