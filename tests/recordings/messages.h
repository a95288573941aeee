// Every recorded exchange in Anthropic's Messages shape, whoever served it. Bedrock's streams are taken out of Amazon's
// framing first: an event's payload is what stands behind `data:` elsewhere.
#pragma once

#include <vector>

#include "provider/aws/event_stream.h"
#include "provider/base64.h"
#include "recordings.h"

namespace aig::recordings {

/// Amazon's frames as server-sent events; "" when they are none.
inline std::string unframed(const std::string& base64) {
    constexpr std::string_view mark = "base64:";  // of one recorder
    const auto bytes = provider::base64_bytes(base64.starts_with(mark) ? base64.substr(mark.size()) : base64);
    if (!bytes) return {};
    provider::aws::EventStreamReader reader;
    reader.feed(*bytes);
    provider::aws::EventMessage message;
    std::string out;
    for (auto more = reader.next(message); more && *more; more = reader.next(message)) {
        const auto payload = JsonDoc::parse(message.payload);
        const auto event = provider::base64_bytes(payload ? payload->root()["bytes"].text() : "");
        const auto doc = JsonDoc::parse(event ? *event : "");
        if (!doc) return {};
        out += "event: " + std::string(doc->root()["type"].text()) + "\ndata: " + *event + "\n\n";
    }
    return out;
}

inline const std::vector<Recording>& messages() {
    static const std::vector<Recording> all = [] {
        std::vector<Recording> list;
        for (const auto name : {"anthropic_messages", "vertex_anthropic", "azure_ai_messages", "local_messages"})
            if (present(name))
                each(name, [&](const Recording& r) {
                    if (!r.base64) list.push_back(r);
                });
        if (present("bedrock_invoke"))
            each("bedrock_invoke", [&](Recording r) {
                if (r.path.find("claude") == std::string::npos) return;
                // Older Claude models answer there in the form of text completions.
                if (r.request.find("\"messages\"") == std::string::npos ||
                    r.response.find("\"completion\"") != std::string::npos)
                    return;
                if (r.stream) r.response = unframed(r.response);
                if (!r.response.empty()) list.push_back(std::move(r));
            });
        return list;
    }();
    return all;
}

/// A reply that ran to its end.
inline bool is_message(const Recording& r) {
    return r.status == 200 && r.response.find("\"first_id\"") == std::string::npos;
}

}  // namespace aig::recordings
