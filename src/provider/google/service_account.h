// A Google service account: its key file, the assertion it signs to ask for an access token (RFC 7523, RS256), and what
// the token endpoint answers. Pure: who sends the request, and when, is the gateway's. Secrets reach no error text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "canon/grant.h"

namespace aig::provider::google {

struct ServiceAccount {
    std::string email, key_id, private_key;  ///< private_key: PEM
    std::string token_uri;
};
/// A key file as Google writes it. config_invalid says which member is missing or broken; the key itself is tried.
Result<ServiceAccount> service_account(std::string_view json);
/// Is this credential such a file, and not a token?
inline bool is_service_account(std::string_view secret) {
    const size_t first = secret.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && secret[first] == '{';
}

/// The same as what the gateway trades for tokens.
Result<std::shared_ptr<const canon::Grant>> google_grant(std::string_view json);

/// RSASSA-PKCS1-v1_5 with SHA-256 over `text`, as base64url; config_invalid when the key cannot sign.
Result<std::string> rs256(const std::string& private_key_pem, std::string_view text);
/// The body of the request for a token (application/x-www-form-urlencoded), good for an hour from `now_s`.
Result<std::string> token_request(const ServiceAccount& account, int64_t now_s);

/// upstream_auth when the account is refused; upstream_error for anything else that is no token.
Result<canon::AccessToken> access_token(int status, std::string_view body);

}  // namespace aig::provider::google
