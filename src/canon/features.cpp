#include "canon/request.h"

namespace aig::canon {

std::string_view operation_name(Operation operation) {
    switch (operation) {
        case Operation::embedding:
            return "embedding";
        case Operation::completion:
            return "completion";
        case Operation::chat:
            break;
    }
    return "chat";
}

std::string_view feature_name(Feature feature) {
    switch (feature) {
        case feature_images:
            return "image input";
        case feature_audio_in:
            return "input_audio";
        case feature_files:
            return "file input";
        case feature_tools:
            return "tools";
        case feature_tool_choice:
            return "tool_choice";
        case feature_json_object:
            return "response_format json_object";
        case feature_json_schema:
            return "response_format json_schema";
        case feature_many_choices:
            return "n > 1";
        case feature_custom_tools:
            return "custom tools";
        case feature_audio_out:
            return "audio output";
        case feature_image_out:
            return "image output";
        case feature_reasoning:
            return "reasoning_effort";
        case feature_dimensions:
            return "dimensions";
        case feature_token_arrays:
            return "token arrays as input";
        case feature_stop:
            return "stop";
        case feature_fill_in:
            return "suffix, best_of and several prompts";
        case feature_logprobs:
            return "logprobs";
        case feature_seed:
            return "seed";
        case feature_user:
            return "user";
        case feature_penalties:
            return "frequency_penalty, presence_penalty";
        case feature_logit_bias:
            return "logit_bias";
    }
    return "an unknown feature";
}

}  // namespace aig::canon
