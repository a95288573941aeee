// A finished head (HeadScanner has found its end) -> its parts. llhttp in strict mode reads the grammar; framing.h
// judges what it means; where the two disagree the message is refused. Pure.
#pragma once

#include <string_view>

#include "net/detail/framing.h"
#include "net/detail/head_scanner.h"
#include "net/http.h"

namespace aig::net::detail {

/// `head`: exactly one head, blank line included, with `fields` header lines. `out` is overwritten.
Result<Framing> parse_request_head(std::string_view head, size_t fields, RequestHead& out);

struct ReplyHead {
    int status = 0;
    int minor = 1;
    Headers headers;
    Framing framing;
};
/// Errors: bad_request (the client turns it into upstream_garbage).
Status parse_reply_head(std::string_view head, size_t fields, bool to_head, ReplyHead& out);

}  // namespace aig::net::detail
