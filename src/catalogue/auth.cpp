#include "catalogue/auth.h"

#include "provider/aws/sign.h"

namespace aig::catalogue {
namespace {
using Lines = std::vector<std::pair<std::string, std::string>>;

/// Only the host is signed beside the body: the rest is for the transport, and a proxy may write it anew.
Lines signed_headers(const Provider& provider, const ProviderKey& key, const Sending& sending) {
    namespace aws = provider::aws;
    aws::Unsigned request;
    request.path = sending.path;
    request.headers = {{"host", sending.host}};
    request.body = sending.body;
    return aws::sign(request, {key.access_key, key.secret, key.session_token}, {provider.region, "bedrock"},
                     sending.now_s);
}
}  // namespace

Lines auth_headers(const Provider& provider, const ProviderKey& key, const Sending& sending) {
    switch (provider.auth) {
        case Auth::bearer:
            return {{"authorization", "Bearer " + key.secret}};
        case Auth::x_api_key:
            return {{"x-api-key", key.secret}};
        case Auth::x_goog_api_key:
            return {{"x-goog-api-key", key.secret}};
        case Auth::api_key:
            return {{"api-key", key.secret}};
        case Auth::sigv4:
            return signed_headers(provider, key, sending);
        case Auth::google_oauth:
            // A service account's calls carry a token that the gateway gets for them.
            if (!key.grant) return {{"authorization", "Bearer " + key.secret}};
            break;
        case Auth::none:
            break;
    }
    return {};
}

}  // namespace aig::catalogue
