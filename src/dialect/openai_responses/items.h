// The items of a reply's output as they grow, and their JSON at any moment. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace aig::dialect::responses {

struct ItemPart {
    enum class Kind : uint8_t { output_text, refusal, reasoning_text, summary_text } kind;
    std::string text;
    std::string annotations, logprobs;  ///< insides of arrays, raw
    int64_t annotation_count = 0;
    bool open = true;
    /// Of a reasoning part: which of the decoder's parts it is.
    int ordinal = 0;
};

struct OutputItem {
    enum class Kind : uint8_t { message, reasoning, function_call, custom_call, image } kind;
    std::string id{};
    std::vector<ItemPart> parts{};  ///< of messages, and of reasoning
    std::string call_id{}, name{}, space{}, arguments{};
    std::string sealed{};  ///< encrypted_content, or the image's base64
    bool open = true;
    bool wrapped = false;  ///< a custom call whose input still stands in a function's arguments

    std::string_view word() const;
};

void write_part(JsonWriter& w, const ItemPart& part);
/// As `output_item.added` shows it (empty), or as it is.
void write_item(JsonWriter& w, const OutputItem& item, std::string_view status, bool empty = false);

}  // namespace aig::dialect::responses
