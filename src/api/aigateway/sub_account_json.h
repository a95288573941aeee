// A sub-account as callers write and read it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/identity.h"

namespace aig::api {

/// What a body sets; a member that is null takes the limit or the text away. Unknown members are refused: a misspelt
/// "spend_cap" must not mean "no cap".
struct SubAccountPatch {
    static Result<SubAccountPatch> parse(std::string_view body);
    void onto(identity::SubAccountTerms& terms) const;

    std::optional<std::string> name, external_ref, tag, metadata_json;
    std::optional<std::optional<int64_t>> spend_cap_nanos, rpm, tpm, concurrency;
    std::optional<std::vector<std::string>> models;
};

/// `key` = the minted key, shown this once; "" = none to show. A cap is in USD, what was spent in the wallet's
/// currency; both are named.
std::string sub_account_json(const identity::SubAccountRow& row, int64_t spent_nanos, std::string_view currency,
                             std::string_view key = {});

}  // namespace aig::api
