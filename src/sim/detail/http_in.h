// Reads requests off a connection's buffer: HTTP/1.1 with Content-Length or chunked bodies, as much of it as a provider
// needs. Bounds: head 64 KiB, body 64 MiB. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aig::sim {

struct Request {
    std::string method, path;
    std::string query;                                         ///< behind the '?', as it came
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    bool keep_alive = true;
    /// The first value of that (lower-case) name, "" when absent.
    std::string_view header(std::string_view name) const;
};

enum class Reading : uint8_t { more, whole, bad };

class RequestReader {
  public:
    /// Looks for one whole request at the buffer's begin. On `whole` the request is filled and its bytes are taken off.
    Reading read(std::string& buffer, Request& request);
    /// Once for a request that waits for "100 Continue" before its body.
    bool take_expect_continue();

  private:
    Reading read_head(std::string_view buffer, Request& request);
    Reading read_chunks(std::string& buffer, Request& request);

    bool have_head_ = false, chunked_ = false, expects_ = false;
    size_t head_size_ = 0;
    size_t length_ = 0;
    size_t scanned_ = 0;
};

}  // namespace aig::sim
