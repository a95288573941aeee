// The one judge of message framing, for requests and replies: where a body ends, whether the connection may live on,
// and which header lines make that ambiguous. What is ambiguous is refused, never repaired. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace aig::net::detail {

enum class Side : uint8_t { request, reply };

/// One header line; views into the head. `raw` is everything between the colon and CR.
struct Field {
    std::string_view name, value, raw;
};

struct StartLine {
    Side side = Side::request;
    int minor = 1;         ///< HTTP/1.<minor>
    int status = 0;        ///< replies
    bool to_head = false;  ///< reply to a HEAD request
};

enum class Encoding : uint8_t { identity, gzip, unknown };

struct Framing {
    int64_t content_length = -1;
    bool chunked = false;
    bool until_close = false;  ///< reply without a length
    bool no_body = false;      ///< reply to HEAD, 1xx, 204, 304
    bool keep_alive = true;
    bool expect_continue = false;
    int minor = 1;  ///< HTTP/1.<minor> of the message
    Encoding encoding = Encoding::identity;
    std::string_view host;
    bool body_empty() const { return no_body || (!chunked && !until_close && content_length <= 0); }
};

Result<Framing> judge_framing(const StartLine& start, std::span<const Field> fields);

/// Fields that may not stand in a trailer, because they would change how the message is framed, routed or authorised.
bool forbidden_in_trailer(std::string_view name);

/// `readable`: so many bytes may be read from the text's first one on, for speed; only the text's own matter.
bool is_token(std::string_view text, size_t readable = 0);
bool is_host(std::string_view text);

}  // namespace aig::net::detail
