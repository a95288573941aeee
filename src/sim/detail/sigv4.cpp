#include "sim/detail/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include <fmt/format.h>

namespace aig::sim {
namespace {

constexpr std::string_view scheme = "AWS4-HMAC-SHA256 ";

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return out;
}
std::string sha256(std::string_view text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), out, &size, EVP_sha256(), nullptr);
    return {reinterpret_cast<char*>(out), size};
}
std::string keyed(std::string_view key, std::string_view text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), out, &size);
    return {reinterpret_cast<char*>(out), size};
}

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> out;
    for (size_t at = text.find(by);; at = text.find(by)) {
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

/// "Credential=…, SignedHeaders=…, Signature=…"
std::string_view field(std::string_view header, std::string_view name) {
    const size_t at = header.find(std::string(name) + "=");
    if (at == std::string_view::npos) return {};
    const auto rest = header.substr(at + name.size() + 1);
    return rest.substr(0, rest.find(','));
}

std::string encoded_again(std::string_view path) {
    std::string out;
    for (const char c : path) {
        const auto u = static_cast<unsigned char>(c);
        if (std::isalnum(u) || std::string_view("/-._~").find(c) != std::string_view::npos)
            out += c;
        else
            out += fmt::format("%{:02X}", u);
    }
    return out;
}

std::string canonical_request(const Request& request, std::string_view names) {
    std::string out = request.method + '\n' + encoded_again(request.path) + '\n' + request.query + '\n';
    for (const auto name : split(names, ';')) out += fmt::format("{}:{}\n", name, request.header(name));
    return out + '\n' + std::string(names) + '\n' + hex(sha256(request.body));
}

/// Five minutes either way, as Amazon has it.
bool fresh(std::string_view stamp, int64_t now_s) {
    std::tm tm{};
    const std::string text(stamp);
    if (!strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &tm)) return false;
    return std::llabs(static_cast<int64_t>(timegm(&tm)) - now_s) <= 300;
}

}  // namespace

std::string signature_fault(const Request& request, int64_t now_s) {
    const std::string_view header = request.header("authorization"), stamp = request.header("x-amz-date");
    const auto scope = split(field(header, "Credential"), '/');
    const std::string_view names = field(header, "SignedHeaders");
    if (!header.starts_with(scheme) || scope.size() != 5 || names.empty() || stamp.size() != 16)
        return "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' and 'X-Amz-Date'.";
    if (scope[0] != sim_access_key) return "The security token included in the request is invalid.";
    if (scope[1] != stamp.substr(0, 8) || scope[3] != "bedrock" || scope[4] != "aws4_request")
        return "Credential should be scoped to correct service: 'bedrock'.";
    if ((";" + std::string(names) + ";").find(";host;") == std::string::npos)
        return "'Host' must be a 'SignedHeader' in the AWS Authorization.";
    if (!fresh(stamp, now_s)) return fmt::format("Signature expired: {}", stamp);
    std::string key = "AWS4" + std::string(sim_secret_key);
    for (const auto part : {scope[1], scope[2], scope[3], scope[4]}) key = keyed(key, part);
    const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}/{}/{}/{}\n{}", stamp, scope[1], scope[2],
                                            scope[3], scope[4], hex(sha256(canonical_request(request, names))));
    if (hex(keyed(key, to_sign)) != field(header, "Signature"))
        return "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
               "Access Key and signing method.";
    return "";
}

}  // namespace aig::sim
