// Any bytes as a reply of a Responses API: no crash, no view into freed memory, and the same end however they are cut.
#include "provider/openai_responses/openai_responses.h"
#include "replies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    return aig::fuzz::any_wire_reply(aig::provider::openai_responses_wire(), data, size);
}
