// Amazon's published test suite for Signature Version 4 ("aws-sig-v4-test-suite"): its requests and signatures.
#include "provider/aws/sign.h"

#include <gtest/gtest.h>

namespace aig::provider::aws {
namespace {

constexpr int64_t suite_time_s = 1'440'938'160;  // 2015-08-30T12:36:00Z
constexpr Credentials suite{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}};
constexpr Scope scope{"us-east-1", "service"};
constexpr std::string_view suite_token =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUu"
    "wthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQc"
    "HNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/o"
    "LxBA==";

struct Vector {
    const char* name;
    Unsigned request;
    const char *signed_headers, *signature;
};

std::string header(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view name) {
    for (const auto& [n, v] : headers)
        if (n == name) return v;
    return {};
}

const std::pair<std::string_view, std::string_view> host{"Host", "example.amazonaws.com"};

std::vector<Vector> vectors() {
    return {
        {"get-vanilla",
         {"GET", "/", "", {host}, {}},
         "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-vanilla-query-order-key-case",
         {"GET", "/", "Param2=value2&Param1=value1", {host}, {}},
         "host;x-amz-date",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-unreserved",
         {"GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", {host}, {}},
         "host;x-amz-date",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-utf8",
         {"GET", "/\xe1\x88\xb4", "", {host}, {}},
         "host;x-amz-date",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-header-value-trim",
         {"GET", "/", "", {host, {"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}, {}},
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"get-header-key-duplicate",
         {"GET", "/", "", {host, {"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}}, {}},
         "host;my-header1;x-amz-date",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"post-header-key-sort",
         {"POST", "/", "", {host, {"My-Header1", "value1"}}, {}},
         "host;my-header1;x-amz-date",
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-header-value-case",
         {"POST", "/", "", {host, {"My-Header1", "VALUE1"}}, {}},
         "host;my-header1;x-amz-date",
         "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        {"post-x-www-form-urlencoded, its body in two pieces",
         {"POST", "/", "", {{"Content-Type", "application/x-www-form-urlencoded"}, host}, {"Param1", "=value1"}},
         "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    };
}

TEST(Sign, GivesTheSignaturesOfThePublishedSuite) {
    for (const Vector& v : vectors()) {
        const auto headers = sign(v.request, suite, scope, suite_time_s);
        EXPECT_EQ(header(headers, "x-amz-date"), "20150830T123600Z") << v.name;
        EXPECT_EQ(header(headers, "authorization"),
                  std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                              "SignedHeaders=") +
                      v.signed_headers + ", Signature=" + v.signature)
            << v.name;
    }
}

TEST(Sign, SignsTheTokenOfTemporaryCredentials) {
    Credentials temporary = suite;
    temporary.session_token = suite_token;
    const auto headers = sign({"POST", "/", "", {host}, {}}, temporary, scope, suite_time_s);
    EXPECT_EQ(header(headers, "x-amz-security-token"), suite_token);
    EXPECT_EQ(header(headers, "authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
              "SignedHeaders=host;x-amz-date;x-amz-security-token, "
              "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

/// Everything that is signed changes the signature; what Bedrock's model ids hold is encoded twice.
TEST(Sign, CoversEverything) {
    const Unsigned base{"POST", "/model/a%3A0/converse", "", {host}, {"{}"}};
    const auto signature = [&](auto change) {
        Unsigned r = base;
        Credentials c = suite;
        Scope s = scope;
        int64_t t = suite_time_s;
        change(r, c, s, t);
        return header(sign(r, c, s, t), "authorization");
    };
    const auto same = signature([](auto&, auto&, auto&, auto&) {});
    EXPECT_EQ(same, signature([](auto& r, auto&, auto&, auto&) { r.body = {"{", "}"}; }));
    EXPECT_NE(same, signature([](auto& r, auto&, auto&, auto&) { r.path = "/model/a:0/converse"; }));
    EXPECT_NE(same, signature([](auto& r, auto&, auto&, auto&) { r.body = {"{} "}; }));
    EXPECT_NE(same, signature([](auto& r, auto&, auto&, auto&) { r.method = "GET"; }));
    EXPECT_NE(same, signature([](auto& r, auto&, auto&, auto&) { r.query = "a"; }));
    EXPECT_NE(same, signature([](auto&, auto& c, auto&, auto&) { c.secret_key = "other"; }));
    EXPECT_NE(same, signature([](auto&, auto&, auto& s, auto&) { s.region = "eu-west-1"; }));
    EXPECT_NE(same, signature([](auto&, auto&, auto&, auto& t) { ++t; }));
}

}  // namespace
}  // namespace aig::provider::aws
