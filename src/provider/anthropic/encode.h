// The pieces of one Messages request, each written by its own file. Internal to this wire.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "canon/wire.h"
#include "provider/extras.h"

namespace aig::provider::anthropic {

/// The tool that stands in for a JSON schema on models without output_config.format. The decoder turns calls of it back
/// into text, so callers never see it and may not use the name.
constexpr std::string_view output_tool = "aig_structured_output";

/// What every piece reads and writes.
struct Job {
    const canon::Chat& chat;
    const canon::WireTarget& target;
    canon::Losses& losses;
    bool messages = true;  ///< false: another wire, which has no place for members of Messages

    void lose(std::string name) const;
    /// The caller speaks Messages itself: what the canonical form has no place for goes back as it came.
    bool own() const { return messages && chat.origin == "anthropic"; }
    /// Those members of an object, cache_control left out; nothing for callers of other dialects.
    std::string own_members(const canon::Extras& extras) const;
    /// Members that found no place. Those that say nothing (null, [], {}, "", false) are not worth a line.
    void lose_extras(const canon::Extras& extras, std::string_view where, std::string_view except = {}) const;
    /// What the user is made to say where the assistant speaks first, which neither Messages nor Converse takes ("first
    /// message must use the "user" role"). Notes the loss, by the assistant's message.
    std::string_view opening() const;
};

/// Cache marks beyond the four that the API takes, by where they are left out: first from the oldest turns, then from
/// the system text, last from the tools.
struct SurplusMarks {
    int turns = 0, system = 0, tools = 0;
};
SurplusMarks surplus_marks(const canon::Chat& chat);

struct Turn {
    std::string_view role;             ///< user, assistant, system
    std::vector<std::string> results;  ///< tool_result blocks: they go first, all of one turn together
    std::vector<std::string> blocks;
};
/// What blocks take as elements of one list.
size_t size_in_list(const std::vector<std::string>& blocks);
struct Conversation {
    std::vector<std::string> system;  ///< blocks of the top-level `system`
    std::vector<Turn> turns;
};
Result<Conversation> conversation(const Job& job);

/// An image or document block; `mark` is a raw cache_control value or empty.
Result<std::string> image_block(const canon::Image& image, std::string_view mark, const Job& job,
                                const std::string& where);
Result<std::string> document_block(const canon::File& file, std::string_view mark, const Job& job,
                                   const std::string& where);

/// Thinking and sampling go together: thinking restricts sampling, max_tokens restricts thinking.
struct Generation {
    int64_t max_tokens = 0;
    int64_t thinking_budget = 0;  ///< > 0: thinking enabled
    bool adaptive = false;        ///< thinking adaptive, at `effort`
    std::string thinking_json;    ///< the caller's own `thinking` value, raw
    std::string effort;
    std::string temperature, top_p, top_k;
    bool thinks() const { return thinking_budget > 0 || adaptive || !thinking_json.empty(); }
};
Result<Generation> generation(const Job& job, bool tool_is_forced);

/// The tools, the choice among them, and the answer's form.
struct Tooling {
    std::vector<std::string> tools;
    std::string choice;   ///< raw tool_choice, "" = leave out
    std::string format;   ///< raw output_config.format, "" = none
    bool forced = false;  ///< the choice makes a call certain
};
Result<Tooling> tooling(const Job& job);

/// A schema inside the subset of structured outputs: bounds are taken out (and listed), objects are closed.
Result<std::string> closed_schema(std::string_view schema, const std::string& where, const Job& job);

/// An id in the charset the wire allows, the same for a call and its result.
std::string tool_id(std::string_view id);

/// The same body where other clouds serve it: with the version inside instead of the model, which their path has.
struct BodyForm {
    std::string_view version{};  ///< "" = Anthropic's own API
    bool says_stream = true;     ///< `stream` is a member
};
Result<canon::Encoded> encode_chat(const Job& job, const BodyForm& form = {});

}  // namespace aig::provider::anthropic
