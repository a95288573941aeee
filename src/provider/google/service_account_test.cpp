// Signing against the published vector of RFC 7515, appendix A.2; its key is public.
#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/base64.h"
#include "provider/google/service_account.h"

using namespace aig;
using namespace aig::provider::google;

namespace {

const std::string rfc_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO\n"
    "jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL\n"
    "aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn\n"
    "juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5\n"
    "ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf\n"
    "toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg\n"
    "VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW\n"
    "PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G\n"
    "O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj\n"
    "kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6\n"
    "XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB\n"
    "4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K\n"
    "pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr\n"
    "0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE\n"
    "lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6\n"
    "kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP\n"
    "rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw\n"
    "kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp\n"
    "5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2\n"
    "9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/\n"
    "evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG\n"
    "yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj\n"
    "OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2\n"
    "tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3\n"
    "ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56\n"
    "03k2+ZQwVK0JKSHuLFkuQ3U=\n"
    "-----END PRIVATE KEY-----\n";

std::string file(std::string_view change = "") {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "service_account").field("client_email", "robot@project.iam.gserviceaccount.com");
    w.field("private_key_id", "k1").field("private_key", rfc_key);
    w.field("token_uri", "https://oauth2.googleapis.com/token").raw_members(change).end_object();
    return out;
}

}  // namespace

TEST(ServiceAccount, signs_as_the_rfc_does) {
    const auto signature =
        rs256(rfc_key,
              "eyJhbGciOiJSUzI1NiJ9."
              "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ");
    ASSERT_TRUE(signature.ok());
    EXPECT_EQ(
        *signature,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
        "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
        "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
        "cN_IoypGlUPQGe77Rw");
}

TEST(ServiceAccount, asks_for_a_token_with_its_claims) {
    const auto account = service_account(file());
    ASSERT_TRUE(account.ok()) << account.error().message();
    const auto body = token_request(*account, 1'700'000'000);
    ASSERT_TRUE(body.ok());
    const size_t at = body->find("&assertion=");
    ASSERT_NE(at, std::string::npos);
    const std::string jwt = body->substr(at + 11);
    const size_t dot = jwt.find('.'), second = jwt.find('.', dot + 1);
    EXPECT_EQ(*provider::base64_bytes(jwt.substr(0, dot)), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
    EXPECT_EQ(
        *provider::base64_bytes(jwt.substr(dot + 1, second - dot - 1)),
        R"({"iss":"robot@project.iam.gserviceaccount.com","scope":"https://www.googleapis.com/auth/cloud-platform",)"
        R"("aud":"https://oauth2.googleapis.com/token","iat":1700000000,"exp":1700003600})");
    EXPECT_EQ(*rs256(account->private_key, jwt.substr(0, second)), jwt.substr(second + 1));
}

TEST(ServiceAccount, refuses_what_is_none_without_telling_secrets) {
    for (const std::string& bad :
         {std::string("{}"), std::string("[]"), std::string("text"), file(R"("type":"authorized_user")"),
          file(R"("client_email":"")"),
          file(R"("private_key":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")"),
          file(R"("token_uri":"http://evil")")}) {
        const auto r = service_account(bad);
        ASSERT_FALSE(r.ok()) << bad;
        EXPECT_EQ(r.error().message().find("BEGIN"), std::string::npos);
    }
    EXPECT_TRUE(is_service_account(" \n{"));
    EXPECT_FALSE(is_service_account("ya29.token"));
}

TEST(ServiceAccount, reads_the_token_endpoints_answers) {
    const auto good = access_token(200, R"({"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"})");
    ASSERT_TRUE(good.ok());
    EXPECT_EQ(good->token, "ya29.x");
    EXPECT_EQ(good->lifetime_s, 3'599);
    EXPECT_EQ(
        access_token(400, R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})").error().code(),
        ErrorCode::upstream_auth);
    EXPECT_EQ(access_token(503, "<html>").error().code(), ErrorCode::upstream_error);
    EXPECT_EQ(access_token(200, R"({"access_token":"a\r\nb"})").error().code(), ErrorCode::upstream_error);
    EXPECT_EQ(access_token(200, "{}").error().code(), ErrorCode::upstream_error);
}
