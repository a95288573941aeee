#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect::openai {
using namespace canon;
Result<Request> OpenAiChat::parse(Operation, std::string_view) const {
    return Error(ErrorCode::internal, "parse is not written yet");
}
std::unique_ptr<Renderer> OpenAiChat::renderer(const ReplyTerms&) const { return nullptr; }
}  // namespace aig::dialect::openai
