// The pieces of one generateContent request, each written by its own file. Internal to these wires.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/wire.h"
#include "provider/extras.h"

namespace aig::provider::gemini {

constexpr std::string_view origin_name = "gemini";

/// What every piece reads and writes.
struct Job {
    const canon::Chat& chat;
    const canon::WireTarget& target;
    canon::Losses& losses;

    bool same_origin() const { return chat.origin == origin_name; }
    void lose(std::string name) const;
    /// Members that found no place. Those that say nothing (null, [], {}, "", false) are not worth a line.
    void lose_extras(const canon::Extras& extras, std::string_view where) const;
};

/// "/models/gemini-2.5-flash:" + method; the id percent-encoded.
std::string method_path(const canon::WireTarget& target, std::string_view method);

struct Content {
    std::string_view role;  ///< user, model
    bool results = false;   ///< of functionResponse parts: they stand in a turn of their own
    std::vector<std::string> parts;
};
struct Conversation {
    std::vector<std::string> system;  ///< parts of systemInstruction
    std::vector<Content> contents;
};
Result<Conversation> conversation(const Job& job);

/// The data members of a part: "inlineData":{...} or "fileData":{...}.
Result<std::string> image_data(const canon::Image& image, const std::string& where);
Result<std::string> audio_data(const canon::Audio& audio);
Result<std::string> file_data(const canon::File& file, const Job& job, const std::string& where);

/// `tools` and `toolConfig`, each a raw value or "".
struct Tooling {
    std::string tools, config;
};
Result<Tooling> tooling(const Job& job);

/// The inside of generationConfig.
Result<std::string> generation_config(const Job& job);

/// JSON Schema brought into the OpenAPI subset of `parameters` and `responseSchema`, for servers that know no other
/// (Quirks::openapi_schemas). What cannot be said is listed; a schema that holds itself is refused.
Result<std::string> openapi_schema(std::string_view schema, const std::string& where, const Job& job);

Result<std::string> chat_body(const Job& job);
Result<std::string> batch_embed_body(const canon::Embedding& e, const canon::WireTarget& target, canon::Losses& losses);
Result<std::string> predict_body(const canon::Embedding& e, canon::Losses& losses);

}  // namespace aig::provider::gemini
