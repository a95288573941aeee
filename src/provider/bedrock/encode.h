// The pieces of one Converse request, each written by its own file. Internal to this wire. Claude's own rules
// (thinking, sampling, closed schemas) are the Anthropic wire's, wherever Claude runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "provider/anthropic/encode.h"

namespace aig::provider::bedrock {

using anthropic::Job;

/// Who made a model, as its Bedrock id says ("us.anthropic.claude-…"): decides where reasoning is asked for. An ARN of
/// an inference profile does not tell.
enum class Maker : uint8_t { anthropic, openai, amazon, other };
Maker maker_of(std::string_view model);

/// Bedrock allows four cache points in a request; of more, the last are kept: theirs are the longest prefixes.
class CachePoints {
  public:
    CachePoints(const Job& job, size_t wanted) : job_(job), skip_(wanted > most ? wanted - most : 0) {}
    /// The block that stands for a cache_control mark; "" without one.
    std::string block(std::string_view mark);

  private:
    static constexpr size_t most = 4;
    const Job& job_;
    size_t skip_;
};
/// How many marks the whole request has.
size_t cache_marks(const canon::Chat& chat);

struct Turn {
    std::string_view role;             ///< user, assistant, system
    std::vector<std::string> results;  ///< toolResult blocks: all of one turn, before its other blocks
    std::vector<std::string> blocks;
    std::vector<std::string> calls;     ///< ids of its toolUse blocks
    std::vector<std::string> answered;  ///< ids of its results
};
struct Conversation {
    std::vector<std::string> system;
    std::vector<Turn> turns;
};
Result<Conversation> conversation(const Job& job, CachePoints& points);

Result<std::string> image_block(const canon::Image& image, const Job& job, const std::string& where);
Result<std::string> document_block(const canon::File& file, const Job& job, const std::string& where);

struct Tooling {
    std::vector<std::string> tools;
    std::string choice;  ///< raw toolChoice, "" = leave out
    std::string format;  ///< raw outputConfig.textFormat, "" = none
    bool forced = false;
};
Result<Tooling> tooling(const Job& job, CachePoints& points);

/// An id in the form the API takes, the same for a call and its result.
std::string tool_id(std::string_view id);

Result<std::string> encode_chat(const Job& job);

}  // namespace aig::provider::bedrock
