// Distinct id types, so that a key's id cannot be passed where an account's is meant. In the database they are int64;
// outside they are opaque text: acc_<base32 of the number>, key_..., and req_<ULID> for calls.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aig {

template <class Tag>
struct Id {
    int64_t value = 0;
    auto operator<=>(const Id&) const = default;
    explicit operator bool() const { return value != 0; }
};

using AccountId = Id<struct AccountTag>;
using KeyId = Id<struct KeyTag>;
using SubAccountId = Id<struct SubAccountTag>;
using UserId = Id<struct UserTag>;
using WalletId = Id<struct WalletTag>;
using HoldId = Id<struct HoldTag>;
using BudgetId = Id<struct BudgetTag>;

std::string id_text(std::string_view prefix, int64_t value);  // "acc_" + digits in base32
std::optional<int64_t> id_value(std::string_view prefix, std::string_view text);
inline std::string to_text(AccountId id) { return id_text("acc_", id.value); }
inline std::string to_text(KeyId id) { return id_text("key_", id.value); }
inline std::string to_text(SubAccountId id) { return id_text("sub_", id.value); }
inline std::string to_text(UserId id) { return id_text("usr_", id.value); }

/// 26 characters, time-ordered, 80 random bits. Thread-safe.
std::string new_ulid(std::string_view prefix = {});
/// Random bytes from the operating system; `base62` characters carry 5.95 bits each.
std::string random_bytes(size_t n);
std::string random_base62(size_t n);

}  // namespace aig

template <class Tag>
struct std::hash<aig::Id<Tag>> {
    size_t operator()(aig::Id<Tag> id) const noexcept { return std::hash<int64_t>{}(id.value); }
};
