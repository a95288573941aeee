#include "provider/aws/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>

#include <fmt/format.h>

namespace aig::provider::aws {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
using Digest = std::array<unsigned char, 32>;

std::string_view bytes(const Digest& d) { return {reinterpret_cast<const char*>(d.data()), d.size()}; }

std::string hex(const Digest& digest) {
    std::string out;
    for (const unsigned char b : digest) fmt::format_to(std::back_inserter(out), "{:02x}", b);
    return out;
}

std::string sha256_hex(const std::vector<std::string_view>& pieces) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    Digest digest{};
    EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
    for (const auto piece : pieces) EVP_DigestUpdate(hash.get(), piece.data(), piece.size());
    EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr);
    return hex(digest);
}

Digest hmac(std::string_view key, std::string_view text) {
    Digest digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), digest.data(), &size);
    return digest;
}

bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

std::string encoded_path(std::string_view path) {
    std::string out;
    for (const char c : path.empty() ? std::string_view("/") : path) {
        if (unreserved(c) || c == '/')
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// Parameters by name and value; one without '=' has an empty value.
std::string sorted_query(std::string_view query) {
    std::vector<std::string> parts;
    while (!query.empty()) {
        const size_t end = std::min(query.find('&'), query.size());
        std::string part(query.substr(0, end));
        if (part.find('=') == std::string::npos) part += '=';
        parts.push_back(std::move(part));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    std::sort(parts.begin(), parts.end());
    return fmt::format("{}", fmt::join(parts, "&"));
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

/// Without space at the ends, and with one space where there were several.
std::string trimmed(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const bool space = c == ' ' || c == '\t';
        if (space && (out.empty() || out.back() == ' ')) continue;
        out += space ? ' ' : c;
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

struct CanonicalHeaders {
    std::string lines, names;
};
CanonicalHeaders canonical(std::vector<std::pair<std::string, std::string>> headers) {
    std::stable_sort(headers.begin(), headers.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    CanonicalHeaders out;
    for (size_t i = 0; i < headers.size(); ++i) {
        const bool again = i > 0 && headers[i].first == headers[i - 1].first;
        if (again) {
            out.lines.back() = ',';
        } else {
            out.lines += headers[i].first + ':';
            out.names += (out.names.empty() ? "" : ";") + headers[i].first;
        }
        out.lines += headers[i].second + '\n';
    }
    return out;
}

std::string stamp(int64_t now_s) {
    const auto at = static_cast<std::time_t>(now_s);
    std::tm utc{};
    gmtime_r(&at, &utc);
    std::array<char, 20> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sign(const Unsigned& request, const Credentials& credentials,
                                                      const Scope& scope, int64_t now_s) {
    const std::string time = stamp(now_s), day = time.substr(0, 8);
    std::vector<std::pair<std::string, std::string>> added{{"x-amz-date", time}};
    if (!credentials.session_token.empty())
        added.emplace_back("x-amz-security-token", std::string(credentials.session_token));

    auto headers = added;
    for (const auto& [name, value] : request.headers) headers.emplace_back(lower(name), trimmed(value));
    const CanonicalHeaders head = canonical(std::move(headers));
    const std::string canonical_request =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, encoded_path(request.path), sorted_query(request.query),
                    head.lines, head.names, sha256_hex(request.body));

    const std::string scope_text = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
    const std::string to_sign =
        fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope_text, sha256_hex({canonical_request}));
    Digest key = hmac("AWS4" + std::string(credentials.secret_key), day);
    for (const std::string_view step : {scope.region, scope.service, std::string_view("aws4_request")})
        key = hmac(bytes(key), step);

    added.emplace_back("authorization",
                       fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm,
                                   credentials.access_key, scope_text, head.names, hex(hmac(bytes(key), to_sign))));
    return added;
}

}  // namespace aig::provider::aws
