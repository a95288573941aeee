// Recorded exchanges as samples for the token estimator: how large a request or an output was by our measure, and how
// many tokens the provider counted.
#pragma once

#include <string>
#include <vector>

#include "canon/size.h"

namespace aig::recordings {

struct TokenSample {
    canon::Tokenizer family = canon::Tokenizer::other;
    bool output = false;    ///< else input
    canon::InputSize size;  ///< of an output only `text`
    int64_t tokens = 0;     ///< reported
    std::string file, id, model;
    bool plain() const { return size.images == 0 && size.audio_bytes == 0 && size.file_bytes == 0; }
};

/// All usable samples of the corpus, without repeats. Empty when there are no recordings.
const std::vector<TokenSample>& token_samples();
std::string_view family_name(canon::Tokenizer family);

}  // namespace aig::recordings
