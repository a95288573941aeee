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
/// One entry of reasoning_details: OpenRouter's own object as it is, else the data of a state in its form. `index`
/// counts within the choice, so that no client takes two entries for pieces of one.
std::string reasoning_detail(const canon::Event& state, size_t index);
/// Is it Gemini's signature in its own form (same family), which stands in extra_content?
bool is_native_signature(const canon::Event& state);
std::string extra_content(std::string_view signature);
/// Responses' annotation -> Chat's: its members move under the name of its type.
std::string annotation(std::string_view json);
/// An entry of `images`, in OpenRouter's form.
std::string image_entry(const canon::Event& media, size_t index);
/// Of a sound: the value of `audio`.
std::string audio_value(const canon::Event& media, std::string_view id);
/// A line end between two tokens of raw JSON would end the SSE line.
std::string flat(std::string_view json);

/// The decimal number behind "cost":.
std::string cost_number(const canon::Bill& bill);

}  // namespace aig::dialect::openai
