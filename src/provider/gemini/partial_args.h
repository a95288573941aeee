// Arguments of a function call that come in pieces, each with the JSON path it belongs to (Vertex AI,
// streamFunctionCallArguments): "$.city" "Bos", "$.city" "ton", "$.stops[0].at" 7. Built into one object. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace aig::provider::gemini {

class PartialArgs {
  public:
    /// One element of partialArgs. Paths that cannot be read, or lead too deep, are left out.
    void add(JsonRef piece);
    /// The object so far.
    std::string json() const;

  private:
    struct Node {
        std::string text, raw;  ///< of a string; of any other value
        bool is_text = false, is_array = false;
        std::vector<std::pair<std::string, std::unique_ptr<Node>>> children;
    };
    static Node* child(Node& at, std::string_view name);
    static void write(const Node& node, JsonWriter& w);
    Node* find(std::string_view path);
    Node root_;
    size_t nodes_ = 0;
};

}  // namespace aig::provider::gemini
