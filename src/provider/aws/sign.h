// Amazon's Signature Version 4 for requests with a header. Pure: the time is given, and no secret leaves but inside the
// signature. Every header handed in is signed; what a proxy may touch must not be among them.
//
// Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (read 2026-11).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aig::provider::aws {

struct Credentials {
    std::string_view access_key, secret_key;
    std::string_view session_token;  ///< "" = long-term credentials
};
struct Scope {
    std::string_view region, service;
};

/// A request as it goes over the wire. Views outlive the call.
struct Unsigned {
    std::string_view method = "POST";
    std::string_view path;   ///< as sent, percent-encoding included: it is encoded once more for the signature
    std::string_view query;  ///< without '?', as sent
    std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< to be signed, `host` among them
    std::vector<std::string_view> body;                                  ///< pieces of the one body
};

/// Headers to add: x-amz-date, x-amz-security-token where there is one, authorization.
std::vector<std::pair<std::string, std::string>> sign(const Unsigned& request, const Credentials& credentials,
                                                      const Scope& scope, int64_t now_s);

}  // namespace aig::provider::aws
