#include "dialect/errors.h"

#include <gtest/gtest.h>

#include "base/json.h"

using namespace aig;
using namespace aig::dialect;
using canon::Surface;

namespace {
constexpr Surface all[] = {Surface::aigate,     Surface::aigateway, Surface::portal, Surface::aigenway,
                           Surface::aigate_one, Surface::anthropic, Surface::gemini};

std::string header(const RenderedError& r, std::string_view name) {
    for (const auto& [k, v] : r.headers)
        if (k == name) return v;
    return {};
}
}  // namespace

TEST(Errors, every_code_renders_on_every_surface) {
    for (size_t i = 0; i < error_count(); ++i)
        for (const Surface s : all) {
            const Error e =
                Error(static_cast<ErrorCode>(i), "something \"odd\"\n").param("messages[0]").details_json("\"a\":1");
            const RenderedError r = render_error(e, s, "req_1", "/v1/chat/completions");
            const auto doc = JsonDoc::parse(r.body);
            ASSERT_TRUE(doc.ok()) << e.row().name << ": " << r.body;
            EXPECT_GE(r.status, 400);
            EXPECT_LT(r.status, 600);
            const JsonRef error = doc->root()["error"];
            const auto message = s == Surface::aigate_one ? doc->root()["message"] : error["message"];
            EXPECT_NE(message.text().find(e.row().advice), std::string::npos) << "the message says what to do next";
            // Only the S2 dialect and Gemini have an integer code.
            if (s != Surface::aigate_one && s != Surface::anthropic) {
                EXPECT_EQ(error["code"].is_number(), s == Surface::aigateway || s == Surface::gemini);
            }
        }
}

TEST(Errors, shapes) {
    const Error e = Error(ErrorCode::model_not_found, "Model 'foo/bar' not found.").param("model");
    EXPECT_EQ(
        render_error(e, Surface::aigateway, "req_1", "/v1/x").body,
        R"({"error":{"message":"Model 'foo/bar' not found. Use an exact id from GET /v1/models.","type":"model_not_found","param":"model","code":404,)"
        R"("request_id":"req_1","reason":"model_not_found","doc_url":"/docs/errors#model_not_found","retryable":false}})");
    EXPECT_EQ(
        render_error(e, Surface::anthropic, "req_1", "/v1/messages").body,
        R"({"type":"error","error":{"type":"not_found_error","message":"Model 'foo/bar' not found. Use an exact id from GET /v1/models."},"request_id":"req_1"})");
    EXPECT_EQ(
        render_error(e, Surface::gemini, "req_1", "/v1beta/models/x").body,
        R"({"error":{"code":404,"message":"Model 'foo/bar' not found. Use an exact id from GET /v1/models.","status":"NOT_FOUND","details":[]}})");
    EXPECT_EQ(render_error(e, Surface::aigate_one, "req_1", "/api/v1/text").status, 400);
    EXPECT_EQ(render_error(e, Surface::aigateway, "req_1", "/v1/messages").body,
              render_error(e, Surface::anthropic, "req_1", "/v1/messages").body)
        << "the path decides over the key";
}

TEST(Errors, statuses_of_the_surfaces) {
    const auto status = [](ErrorCode c, Surface s) { return render_error(Error(c), s, "r", "/").status; };
    EXPECT_EQ(status(ErrorCode::no_money, Surface::aigateway), 402);
    EXPECT_EQ(status(ErrorCode::no_money, Surface::aigenway), 422);
    EXPECT_EQ(status(ErrorCode::context_too_long, Surface::aigate), 413);
    EXPECT_EQ(status(ErrorCode::context_too_long, Surface::aigateway), 400);
    EXPECT_EQ(status(ErrorCode::no_route, Surface::aigateway), 502);
    EXPECT_EQ(status(ErrorCode::no_route, Surface::aigate), 503);
    EXPECT_EQ(status(ErrorCode::no_route, Surface::anthropic), 529);
    EXPECT_EQ(status(ErrorCode::upstream_auth, Surface::aigate), 502) << "the operator's 401 is never the customer's";
    EXPECT_EQ(status(ErrorCode::idempotency_mismatch, Surface::aigenway), 422);
    for (const Surface s : all)
        EXPECT_EQ(render_error(Error(ErrorCode::upstream_rejected, "x").status(422), s, "r", "/").status, 422)
            << "the provider's refusal keeps its status";
}

TEST(Errors, the_operators_business_stays_inside) {
    for (const ErrorCode c : {ErrorCode::upstream_auth, ErrorCode::upstream_spend_limit,
                              ErrorCode::upstream_model_missing, ErrorCode::upstream_error, ErrorCode::internal})
        for (const Surface s : all) {
            const auto body = render_error(Error(c, "Incorrect API key provided by Acme Corp"), s, "r", "/").body;
            EXPECT_EQ(body.find("Acme"), std::string::npos) << body;
        }
}

TEST(Errors, headers_tell_clients_whether_to_retry) {
    const auto limited =
        render_error(Error(ErrorCode::rate_limited, "x").retry_after_ms(1'200), Surface::aigate, "r", "/");
    EXPECT_EQ(header(limited, "retry-after"), "2");
    EXPECT_EQ(header(limited, "retry-after-ms"), "1200");
    EXPECT_EQ(header(limited, "x-should-retry"), "true");
    EXPECT_EQ(header(render_error(Error(ErrorCode::idempotency_mismatch), Surface::aigate, "r", "/"), "x-should-retry"),
              "false");
    EXPECT_EQ(header(render_error(Error(ErrorCode::auth_missing), Surface::aigate, "r", "/"), "www-authenticate"),
              "Bearer");
    EXPECT_EQ(header(render_error(Error(ErrorCode::bad_param, "x"), Surface::aigate, "r", "/"), "x-should-retry"), "");
}

TEST(Errors, aigenway_tells_missing_money_in_units) {
    const auto details = [](std::string_view members, Surface surface, ErrorCode code = ErrorCode::no_money) {
        const auto r = render_error(Error(code, "x").details_json(std::string(members)), surface, "req_1", "/");
        const auto doc = JsonDoc::parse(r.body);
        return doc ? std::string(doc->root()["error"]["details"].raw()) : r.body;
    };
    constexpr std::string_view members = R"("required":"0.042000001","available":"0.000000019")";
    constexpr std::string_view units = R"({"requiredUnits":"4200001","availableUnits":"1","currency":"USD"})";
    EXPECT_EQ(details(members, Surface::aigenway), units) << "what is needed rounds up, what is there rounds down";
    EXPECT_EQ(details(R"("required":"0.042000001","cap":"1.000000000","available":"0.000000019")", Surface::aigenway,
                      ErrorCode::budget_exceeded),
              units);
    EXPECT_EQ(details(R"("required":"1.000000000","available":"-0.000000001")", Surface::aigenway),
              R"({"requiredUnits":"100000000","availableUnits":"-1","currency":"USD"})");
    EXPECT_EQ(details(R"("required":"1.000000000","available":"0.500000000","currency":"TMT")", Surface::aigenway),
              R"({"requiredUnits":"100000000","availableUnits":"50000000","currency":"TMT"})")
        << "the wallet's currency";
    for (const Surface other : {Surface::aigate, Surface::aigateway, Surface::portal})
        EXPECT_EQ(details(members, other), "{" + std::string(members) + "}");
    EXPECT_EQ(details(members, Surface::aigenway, ErrorCode::rate_limited), "{" + std::string(members) + "}");
    EXPECT_EQ(details(R"("required":"much")", Surface::aigenway), R"({"required":"much"})");
}
