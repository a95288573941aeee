// The command line's own HTTP calls: one request, the reply handed on as it comes. Blocking; each call runs a loop on
// the calling thread until it is done. upstream_unreachable says that nobody listens there.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace aig::cli {

struct HttpCall {
    std::string method = "GET";
    std::string base_url;  ///< "http://127.0.0.1:8080"; a trailing "/v1" is dropped
    std::string target;    ///< "/v1/models"
    std::string bearer;    ///< "" = none
    std::string body;      ///< JSON; "" = none
    int64_t timeout_ms = 60'000;
};
struct HttpReply {
    int status = 0;
    net::Headers headers;
    std::string body;
};

Result<HttpReply> http_call(HttpCall call);
/// Body bytes go to `bytes` as they come; for statuses other than 200 they are kept in the reply instead.
Result<HttpReply> http_stream(HttpCall call, std::function<Status(std::string_view)> bytes);
/// The same over a Unix socket, for the admin socket: plain HTTP/1.1, whole bodies only.
Result<HttpReply> http_over_socket(const std::string& path, const HttpCall& call);

/// For a path segment or a query value.
std::string percent_encode(std::string_view text);

}  // namespace aig::cli
