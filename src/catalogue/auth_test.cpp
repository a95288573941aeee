#include "catalogue/auth.h"

#include <gtest/gtest.h>

namespace aig::catalogue {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

Lines lines_of(Auth auth) {
    Provider p;
    p.auth = auth;
    p.region = "eu-west-1";
    const std::vector<std::string_view> body{"{}"};
    return auth_headers(p, {"secret", 1, 0, "AKID", "token"},
                        {"bedrock-runtime.eu-west-1.amazonaws.com", "/model/m/converse", body, 1'440'938'160});
}

TEST(AuthHeaders, ShowTheKeyAsTheProviderWantsIt) {
    EXPECT_EQ(lines_of(Auth::bearer), (Lines{{"authorization", "Bearer secret"}}));
    EXPECT_EQ(lines_of(Auth::x_api_key), (Lines{{"x-api-key", "secret"}}));
    EXPECT_EQ(lines_of(Auth::x_goog_api_key), (Lines{{"x-goog-api-key", "secret"}}));
    EXPECT_EQ(lines_of(Auth::api_key), (Lines{{"api-key", "secret"}}));
    EXPECT_EQ(lines_of(Auth::google_oauth), (Lines{{"authorization", "Bearer secret"}})) << "a token as it is";
    EXPECT_EQ(lines_of(Auth::none), Lines{});
}

TEST(AuthHeaders, SignForAmazonWithoutShowingTheSecret) {
    const auto lines = lines_of(Auth::sigv4);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0], (std::pair<std::string, std::string>{"x-amz-date", "20150830T123600Z"}));
    EXPECT_EQ(lines[1], (std::pair<std::string, std::string>{"x-amz-security-token", "token"}));
    EXPECT_EQ(lines[2].first, "authorization");
    EXPECT_TRUE(
        lines[2].second.starts_with("AWS4-HMAC-SHA256 Credential=AKID/20150830/eu-west-1/bedrock/aws4_request, "
                                    "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="));
    EXPECT_EQ(lines[2].second.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace aig::catalogue
