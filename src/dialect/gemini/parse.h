// Gemini's request -> canonical. Runs after peek(), so it reads without checking again; what has no field of its own
// stays raw. Internal to this dialect.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "canon/request.h"

namespace aig::dialect::google {

constexpr std::string_view origin_name = "gemini";

/// Gives calls without an id one of ours, and results without one the id of the oldest open call of their name: other
/// wires pair by id.
class Contents {
  public:
    canon::Message message(JsonRef content);
    static canon::Message system(JsonRef content);

  private:
    struct Open {
        std::string name, id;
    };
    void part(JsonRef p, canon::Message& m);
    canon::Part call(JsonRef p, JsonRef f);
    canon::Part result(JsonRef f);
    std::string pair(std::string_view name, std::string_view id);
    std::vector<Open> open_;
    size_t calls_ = 0;
};

/// Google's OpenAPI subset as JSON Schema: types in lower case, `nullable` as a type.
std::string json_schema(JsonRef schema);
/// tools, toolConfig
void parse_tools(JsonRef root, canon::Chat& chat);
void parse_generation(JsonRef config, canon::Chat& chat);
Result<canon::Embedding> parse_embedding(JsonRef root);

/// The elements of a list, or the object in its place.
std::vector<JsonRef> elements(JsonRef list);
/// What the dialect itself knows about `data`: a capsule of the gateway's, or a signature of this family.
canon::State state_of(JsonRef signature);

}  // namespace aig::dialect::google
