// Faults that keep HTTP intact and change what it carries.
#pragma once

#include "sim/detail/faults.h"

namespace aig::sim::edits {

template <int S>
void status(Reply& reply, const FaultCall& call);

void refuse(Reply& reply, const FaultCall& call, Refusal refusal);
void rate_limited_seconds(Reply&, const FaultCall&);
void rate_limited_date(Reply&, const FaultCall&);
void rate_limited_plain(Reply&, const FaultCall&);
void spend_limit(Reply&, const FaultCall&);
void context_length(Reply&, const FaultCall&);
void content_policy(Reply&, const FaultCall&);
void html_error(Reply&, const FaultCall&);
void html_200(Reply&, const FaultCall&);
void redirect_301(Reply&, const FaultCall&);
void redirect_307(Reply&, const FaultCall&);
void json_error_200(Reply&, const FaultCall&);
void wrong_content_type(Reply&, const FaultCall&);

void eof_without_done(Reply&, const FaultCall&);
void eof_mid_event(Reply&, const FaultCall&);
void eof_mid_utf8(Reply&, const FaultCall&);
void events_after_done(Reply&, const FaultCall&);
void sse_error_first(Reply&, const FaultCall&);
void sse_error_mid(Reply&, const FaultCall&);
void raw_json_tail(Reply&, const FaultCall&);
void malformed_event(Reply&, const FaultCall&);
void truncated_json(Reply&, const FaultCall&);
void unknown_event(Reply&, const FaultCall&);
void sse_crlf(Reply&, const FaultCall&);
void sse_no_space(Reply&, const FaultCall&);
void sse_comments(Reply&, const FaultCall&);
void gzip_ok(Reply&, const FaultCall&);
void gzip_truncated(Reply&, const FaultCall&);

}  // namespace aig::sim::edits
