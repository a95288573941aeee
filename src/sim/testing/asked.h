// Test helper: asks a Brain without sockets and gives back what a caller would understand.
#pragma once

#include <string>

#include "sim/detail/brain.h"
#include "sim/testing/raw_client.h"

namespace aig::sim::testing {

inline std::shared_ptr<Brain> make_brain(SimOptions options = {}) {
    return std::make_shared<Brain>(std::move(options), nullptr, CannedReplies());
}

inline Request post_request(std::string path, std::string body) {
    Request r;
    r.method = "POST";
    r.path = std::move(path);
    r.body = std::move(body);
    r.headers = {
        {"authorization", "Bearer sk-test"}, {"anthropic-version", "2023-06-01"}, {"content-type", "application/json"}};
    return r;
}

inline HttpReply ask(Brain& brain, std::string path, std::string body, Call* call = nullptr) {
    Call own;
    const Script script = brain.answer(post_request(std::move(path), std::move(body)), call ? *call : own);
    std::string bytes;
    for (const Step& s : script.steps)
        for (int64_t i = 0; i < s.repeat; ++i) bytes += s.bytes;
    return parse_reply(bytes);
}

/// `members` are the request's members without braces; model and stream are added.
inline Understood chat(Brain& brain, std::string_view members, bool stream = false) {
    const std::string body = std::string("{\"model\":\"gpt-5.4\",") +
                             (stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "") +
                             std::string(members) + "}";
    return understand_openai(ask(brain, "/v1/chat/completions", body), stream);
}
inline Understood messages(Brain& brain, std::string_view members, bool stream = false) {
    const std::string body = std::string("{\"model\":\"claude-opus-4-7\",") + (stream ? "\"stream\":true," : "") +
                             std::string(members) + "}";
    return understand_anthropic(ask(brain, "/v1/messages", body), stream);
}

inline Understood responses(Brain& brain, std::string_view members, bool stream = false) {
    const std::string body =
        std::string("{\"model\":\"gpt-5.4\",") + (stream ? "\"stream\":true," : "") + std::string(members) + "}";
    return understand_responses(ask(brain, "/v1/responses", body), stream);
}

}  // namespace aig::sim::testing
