#include "provider/openai_chat/openai_chat.h"

namespace aig::provider::openai {
using namespace canon;
Result<Encoded> OpenAiChatWire::encode(const Request&, const WireTarget&, Losses&) const {
    return Error(ErrorCode::internal, "encode is not written yet");
}
}  // namespace aig::provider::openai
