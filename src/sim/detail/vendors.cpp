#include <atomic>

#include "sim/detail/vendor.h"

namespace aig::sim {

const std::vector<const Vendor*>& vendors() {
    static const std::vector<const Vendor*> all = {
        &gemini_vendor(),           &anthropic_vendor(), &openai_responses_vendor(), &openai_completions_vendor(),
        &vertex_anthropic_vendor(), &bedrock_vendor(),   &bedrock_invoke_vendor(),   &cohere_vendor(),
        &ollama_vendor(),           &openai_vendor(),
    };
    return all;
}

Reply refusal_reply(const Vendor& vendor, const Refusal& refusal) {
    Reply reply;
    reply.status = refusal.status;
    reply.body = vendor.error_body(refusal);
    vendor.headers(reply, "application/json");
    return reply;
}

uint64_t next_serial() {
    static std::atomic<uint64_t> calls{0};
    return calls.fetch_add(1, std::memory_order_relaxed);
}

std::string_view bearer(const Request& request) {
    const std::string_view value = request.header("authorization");
    if (value.size() < 7 || (!value.starts_with("Bearer ") && !value.starts_with("bearer "))) return "";
    return value.substr(7);
}

uint64_t account_of(const Request& request) {
    for (const std::string_view name : {"x-api-key", "x-goog-api-key", "api-key"})
        if (const auto key = request.header(name); !key.empty()) return account_of_key(key);
    if (const auto key = bearer(request); !key.empty()) return account_of_key(key);
    // AWS signs every request anew: the key's id stands in front of the first '/'.
    const auto signed_by = request.header("authorization");
    return account_of_key(signed_by.substr(0, signed_by.find('/')));
}

}  // namespace aig::sim
