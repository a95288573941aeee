#include "api/openai/inference.h"

#include "api/inference.h"
#include "dialect/registry.h"

namespace aig::api {

rt::Task<Status> chat_completions(Request& request) {
    return infer(request, dialect::openai_chat(), {canon::Operation::chat, {}});
}
rt::Task<Status> completions(Request& request) {
    return infer(request, dialect::openai_completions(), {canon::Operation::completion, {}});
}
rt::Task<Status> embeddings(Request& request) {
    return infer(request, dialect::openai_chat(), {canon::Operation::embedding, {}});
}

}  // namespace aig::api
