// The pieces of OpenAI replies that we write ourselves: usage, chunks, the end of a stream.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "canon/dialect.h"

namespace aig::dialect::openai {

constexpr std::string_view done_event = "data: [DONE]\n\n";

/// The members every chunk of one stream shares.
struct ChunkHead {
    std::string id;
    int64_t created = 0;
    std::string model;        ///< the public model
    bool completion = false;  ///< chunks of a text completion
};

/// A usage object with `cost` in whole currency units; `estimated` only when the count is ours.
void append_usage(std::string& out, const canon::Bill& bill, bool embedding = false);
/// `data: {... "choices":[` ... `]` ... `}` + blank line. `choices` = the inside of the array, `usage` = a JSON value
/// or "".
void append_chunk(std::string& out, const ChunkHead& head, std::string_view choices, std::string_view usage);
/// One choice that ends.
std::string ending_choice(int index, std::string_view finish_reason, bool completion = false);
/// The decimal number behind "cost":.
std::string cost_number(const canon::Bill& bill);

}  // namespace aig::dialect::openai
