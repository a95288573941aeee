// Any bytes as an Anthropic reply: no crash, no view into freed memory, and the same end however the bytes are cut.
#include "provider/anthropic/anthropic.h"
#include "replies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    return aig::fuzz::any_wire_reply(aig::provider::anthropic_wire(), data, size);
}
