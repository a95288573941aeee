#include "catalogue/auth.h"

#include "provider/aws/sign.h"

namespace aig::catalogue {
namespace {
using Lines = std::vector<std::pair<std::string, std::string>>;

Lines one_line(std::string_view name, std::string value) {
    Lines lines;
    lines.reserve(1);
    lines.emplace_back(name, std::move(value));
    return lines;
}

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
            return one_line("authorization", "Bearer " + key.secret);
        case Auth::x_api_key:
            return one_line("x-api-key", key.secret);
        case Auth::x_goog_api_key:
            return one_line("x-goog-api-key", key.secret);
        case Auth::api_key:
            return one_line("api-key", key.secret);
        case Auth::sigv4:
            return signed_headers(provider, key, sending);
        case Auth::google_oauth:
            // A service account's calls carry a token that the gateway gets for them.
            if (!key.grant) return one_line("authorization", "Bearer " + key.secret);
            break;
        case Auth::none:
            break;
    }
    return {};
}

}  // namespace aig::catalogue
