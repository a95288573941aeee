// Canonical messages -> OpenAI's `messages`. Tool results become messages of their own, in front of what else their
// turn says.
#pragma once

#include "base/json.h"
#include "canon/wire.h"

namespace aig::provider::openai {

struct Encoding {
    const canon::WireTarget& target;
    canon::Losses& losses;
    bool same_origin;  ///< extras and Other parts have this wire's shape
};

Status append_messages(JsonWriter& w, const std::vector<canon::Message>& messages, const Encoding& encoding);
/// Members of the caller's own wire go on, those of another are listed as lost. Names with `prefix` only, without it.
void append_extras(JsonWriter& w, const canon::Extras& extras, const std::string& path, const Encoding& encoding,
                   std::string_view prefix = {});

}  // namespace aig::provider::openai
