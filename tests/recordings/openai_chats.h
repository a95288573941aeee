// Every recorded exchange in OpenAI's chat shape, whoever the provider was.
#pragma once

#include <vector>

#include "recordings.h"

namespace aig::recordings {

inline const std::vector<Recording>& openai_chats() {
    static const std::vector<Recording> all = [] {
        std::vector<Recording> list;
        for (const auto name : {"openai_chat", "azure_openai_chat", "azure_ai_chat", "bedrock_openai_chat",
                                "cerebras_chat", "copilot_chat", "deepseek_chat", "groq_chat", "huggingface_chat",
                                "local_chat", "mistral_chat", "openai_compat_chat", "openrouter_chat",
                                "perplexity_chat", "together_chat", "vercel_gateway_chat", "xai_chat", "zai_chat"})
            if (present(name)) each(name, [&](const Recording& r) { list.push_back(r); });
        return list;
    }();
    return all;
}

}  // namespace aig::recordings
