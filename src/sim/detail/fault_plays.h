// Faults below HTTP: bytes on the socket that no correct server sends, and timing.
#pragma once

#include "sim/detail/faults.h"

namespace aig::sim::plays {

Script accept_close(const Reply&, const FaultCall&);
Script rst_before_reply(const Reply&, const FaultCall&);
Script rst_in_status(const Reply&, const FaultCall&);
Script rst_in_headers(const Reply&, const FaultCall&);
Script rst_mid_body(const Reply&, const FaultCall&);
Script eof_mid_body(const Reply&, const FaultCall&);
Script stall_before_headers(const Reply&, const FaultCall&);
Script stall_after_headers(const Reply&, const FaultCall&);
Script stall_mid_sse(const Reply&, const FaultCall&);
Script done_missing_open(const Reply&, const FaultCall&);
Script close_after_reply(const Reply&, const FaultCall&);
Script cl_too_long(const Reply&, const FaultCall&);
Script cl_too_short(const Reply&, const FaultCall&);
Script cl_and_te(const Reply&, const FaultCall&);
Script bad_chunk(const Reply&, const FaultCall&);
Script long_header(const Reply&, const FaultCall&);
Script many_headers(const Reply&, const FaultCall&);
Script huge_body(const Reply&, const FaultCall&);
Script long_line(const Reply&, const FaultCall&);
Script gzip_bomb(const Reply&, const FaultCall&);
Script sse_comments_only(const Reply&, const FaultCall&);
Script drip(const Reply&, const FaultCall&);
Script early_1xx(const Reply&, const FaultCall&);
Script http09(const Reply&, const FaultCall&);
Script slow_first_byte(const Reply&, const FaultCall&);
Script slow(const Reply&, const FaultCall&);

}  // namespace aig::sim::plays
