// A credential that is traded for short-lived access tokens (a Google service account). Pure and immutable: who sends
// the request, when, and keeps the token, is the gateway's. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::canon {

struct AccessToken {
    std::string token;
    int64_t lifetime_s = 0;
};

class Grant {
  public:
    virtual ~Grant() = default;
    /// The URL that tokens are asked at, by POST.
    virtual const std::string& endpoint() const = 0;
    /// The body of the request (application/x-www-form-urlencoded), good from `now_s` on.
    virtual Result<std::string> request(int64_t now_s) const = 0;
    /// What the endpoint answered: upstream_auth when the account is refused, upstream_error for anything else that is
    /// no token.
    virtual Result<AccessToken> token(int status, std::string_view body) const = 0;
};

}  // namespace aig::canon
