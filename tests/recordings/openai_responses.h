// Every recorded exchange in the shape of OpenAI's Responses, whoever the provider was.
#pragma once

#include <vector>

#include "recordings.h"

namespace aig::recordings {

inline const std::vector<Recording>& openai_responses() {
    static const std::vector<Recording> all = [] {
        std::vector<Recording> list;
        for (const auto name :
             {"openai_responses", "azure_openai_responses", "azure_ai_responses", "bedrock_openai_responses",
              "chatgpt_codex_responses", "copilot_responses", "deepseek_responses", "local_responses",
              "openai_compat_responses", "openrouter_responses", "xai_responses"})
            if (present(name)) each(name, [&](const Recording& r) { list.push_back(r); });
        return list;
    }();
    return all;
}

}  // namespace aig::recordings
