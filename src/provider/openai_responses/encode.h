// The pieces of one Responses request, each written by its own file. Internal to this wire.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/wire.h"
#include "provider/extras.h"

namespace aig::provider::openai_responses {

/// What every piece reads and writes.
struct Job {
    const canon::Chat& chat;
    const canon::WireTarget& target;
    canon::Losses& losses;

    /// Extras, Other parts and raw tools have this wire's own shape.
    bool same_origin() const { return chat.origin == "openai-responses"; }
    bool from_chat() const { return chat.origin == "openai-chat"; }
    /// Words that mean the same in both of OpenAI's shapes: tiers, metadata, file ids.
    bool openai_origin() const { return same_origin() || from_chat(); }
    void lose(std::string name) const;
    /// Members that found no place. Those that say nothing (null, [], {}, "", false) are not worth a line.
    void lose_extras(const canon::Extras& extras, const std::string& where) const;
    /// Members of this wire's own shape go on, others are lost.
    void append_extras(JsonWriter& w, const canon::Extras& extras, const std::string& where) const;
};

/// How many messages at the head are `instructions`: system messages of text alone, unless nothing else is there.
size_t instruction_messages(const std::vector<canon::Message>& messages);
std::string instructions(const Job& job, size_t count);
/// The items behind the instructions.
Status append_input(JsonWriter& w, const Job& job, size_t first);
/// A content part of a message or of a tool's result.
Status append_content_part(JsonWriter& w, const canon::Part& part, bool assistant, const std::string& where,
                           const Job& job);

Status append_tools(JsonWriter& w, const Job& job);
Status append_tool_choice(JsonWriter& w, const Job& job);

Result<std::string> encode_chat(const Job& job);

}  // namespace aig::provider::openai_responses
