// What the writes of users share: a guarded batch with the caller's own ops behind ours, and the minting of secrets.
#pragma once

#include "identity/detail/key_text.h"
#include "identity/detail/user_rows.h"

namespace aig::identity {

/// `apply` may refuse; `with` is written after it.
inline store::Batch user_batch(std::function<Status(store::Db&)> apply, store::Ops with) {
    store::Batch b;
    b.ops.push_back(store::op(std::move(apply)));
    for (auto& op : with) b.ops.push_back(std::move(op));
    b.guarded = true;
    return b;
}

constexpr size_t secret_chars = 43;  // 256 bits
inline std::string hash_secret(std::string_view text) { return hash_key(text).hex(); }

inline Error token_gone() {
    return Error(ErrorCode::gone, "This link was used, was replaced by a newer one, or is too old.");
}

}  // namespace aig::identity
