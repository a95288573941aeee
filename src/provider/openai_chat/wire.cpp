#include "canon/openai/shape.h"
#include "provider/openai_chat/openai_chat.h"

namespace aig::provider::openai {
using namespace canon;
namespace {
std::string_view path_of(Operation operation) {
    switch (operation) {
        case Operation::embedding:
            return "/embeddings";
        case Operation::completion:
            return "/completions";
        case Operation::chat:
            break;
    }
    return "/chat/completions";
}
}  // namespace

Encoded OpenAiChatWire::head(Operation operation, const WireTarget&, bool stream) const {
    Encoded out;
    out.path = path_of(operation);
    out.headers = {{"content-type", "application/json"}, {"accept", stream ? "text/event-stream" : "application/json"}};
    return out;
}

std::unique_ptr<Decoder> OpenAiChatWire::decoder(Operation operation, bool stream) const {
    if (operation == Operation::embedding) return embedding_decoder();
    return stream ? stream_decoder() : body_decoder();
}

Error OpenAiChatWire::error(int status, std::string_view body) const { return canon::openai::error_of(status, body); }

}  // namespace aig::provider::openai
