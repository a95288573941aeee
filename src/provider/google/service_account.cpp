#include "provider/google/service_account.h"

#include <memory>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/json.h"
#include "canon/wire.h"
#include "provider/base64.h"

namespace aig::provider::google {
namespace {

constexpr int64_t hour_s = 3'600;
constexpr size_t longest_token = 8'192;
constexpr std::string_view usual_token_uri = "https://oauth2.googleapis.com/token";

Error broken(std::string why) { return Error(ErrorCode::config_invalid, std::move(why)); }

struct Free {
    void operator()(BIO* b) const { BIO_free(b); }
    void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

Key read_key(const std::string& pem) {
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // No password is asked for: a key that wants one is no key here.
    const auto no_password = [](char*, int, int, void*) { return 0; };
    return Key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
}

std::string claims(const ServiceAccount& a, int64_t now_s) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("iss", a.email).field("scope", "https://www.googleapis.com/auth/cloud-platform");
    w.field("aud", a.token_uri).field("iat", now_s).field("exp", now_s + hour_s).end_object();
    return out;
}

std::string header(const ServiceAccount& a) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("alg", "RS256").field("typ", "JWT");
    if (!a.key_id.empty()) w.field("kid", a.key_id);
    w.end_object();
    return out;
}

/// A token goes into a header line.
bool header_safe(std::string_view text) {
    for (const char c : text)
        if (c <= ' ' || c >= 0x7f) return false;
    return !text.empty() && text.size() <= longest_token;
}

class GoogleGrant final : public canon::Grant {
  public:
    explicit GoogleGrant(ServiceAccount account) : account_(std::move(account)) {}
    const std::string& endpoint() const override { return account_.token_uri; }
    Result<std::string> request(int64_t now_s) const override { return token_request(account_, now_s); }
    Result<canon::AccessToken> token(int status, std::string_view body) const override {
        return access_token(status, body);
    }

  private:
    const ServiceAccount account_;
};

}  // namespace

Result<std::shared_ptr<const canon::Grant>> google_grant(std::string_view json) {
    TRY(auto account, service_account(json));
    return std::shared_ptr<const canon::Grant>(std::make_shared<GoogleGrant>(std::move(account)));
}

Result<ServiceAccount> service_account(std::string_view json) {
    const auto doc = JsonDoc::parse(json);
    if (!doc || !doc->root().is_object()) return broken("a service account's key is the JSON file that Google gave");
    const JsonRef root = doc->root();
    ServiceAccount out;
    out.email = root["client_email"].text();
    out.key_id = root["private_key_id"].text();
    out.private_key = root["private_key"].text();
    out.token_uri = root["token_uri"] ? root["token_uri"].text() : usual_token_uri;
    if (root["type"] && root["type"].text() != "service_account")
        return broken("the file is not of a service account (its `type` says so)");
    if (out.email.empty()) return broken("the service account has no client_email");
    if (!out.token_uri.starts_with("https://") && !out.token_uri.starts_with("http://127.0.0.1"))
        return broken("the service account's token_uri must begin with https://");
    TRYV(rs256(out.private_key, "proof"));
    return out;
}

Result<std::string> rs256(const std::string& pem, std::string_view text) {
    const Key key = read_key(pem);
    if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
        return broken("the service account's private_key is not an RSA key in PEM");
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
        return broken("the service account's key cannot sign");
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) !=
        1)
        return broken("the service account's key cannot sign");
    signature.resize(size);
    return base64_url_text(signature);
}

Result<std::string> token_request(const ServiceAccount& account, int64_t now_s) {
    std::string text = base64_url_text(header(account)) + "." + base64_url_text(claims(account, now_s));
    TRY(const std::string signature, rs256(account.private_key, text));
    return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + text + "." + signature;
}

Result<canon::AccessToken> access_token(int status, std::string_view body) {
    const auto doc = JsonDoc::parse(body.substr(0, 1 << 20));
    if (status != 200) {
        const auto said = doc ? doc->root()["error_description"].text() : std::string_view{};
        return Error(
            status >= 400 && status < 500 && status != 429 ? ErrorCode::upstream_auth : ErrorCode::upstream_error,
            fmt::format("Google's token endpoint answered {}: {}", status, canon::scrub(said)));
    }
    canon::AccessToken out;
    if (doc) {
        out.token = doc->root()["access_token"].text();
        out.lifetime_s = doc->root()["expires_in"].integer().value_or(hour_s);
    }
    if (!header_safe(out.token)) return Error(ErrorCode::upstream_error, "Google's token endpoint gave no token");
    return out;
}

}  // namespace aig::provider::google
