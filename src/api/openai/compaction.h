// POST /v1/responses/compact: a model of the caller's choice writes down what a conversation was about, and the caller
// goes on with that instead of the whole. What it wrote is sealed for the account, so nothing is stored here; whoever
// sends the item back, with any model, has it opened in front of the call. Pure text in, text out; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "store/seal.h"

namespace aig::api {

/// "aigc1." and base64url: a compaction of ours, not a provider's.
bool is_own_compaction(JsonRef item);
/// The message that stands for the item. bad_param: it was altered, or is another account's.
Result<std::string> open_compaction(JsonRef item, AccountId account, const store::Sealer& sealer);

/// The call that compacts: the caller's body as far as it matters, with `items` (the inside of an array) and the task
/// as input. bad_param where nothing was said.
Result<std::string> compaction_call(JsonRef body, std::string_view items);

/// The compacted conversation from the response to that call: the caller's own messages and the sealed rest.
/// upstream_empty where the model wrote nothing: the caller keeps what it has.
Result<std::string> compacted(std::string_view response, std::string_view items, AccountId account,
                              const store::Sealer& sealer);

}  // namespace aig::api
