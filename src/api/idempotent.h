// Idempotency-Key on the routes marked Mark::once. A request that comes again with its key gets the stored reply, with
// `idempotent-replayed: true`; docs/decisions/0013-idempotency.md has the rules, records/idempotency.h the store.
//
// A handler of such a route does two things: it takes its body from take_body(), and it puts keep_reply() into the
// batch that does its work, so that work and reply are durable together. (A reply that no batch took is kept by
// reply_json() before it goes out.) Calls do it through keep_call(), in the charge's transaction. Loop thread, but for
// keep_call()'s function.
#pragma once

#include <functional>

#include "api/request.h"
#include "gateway/gateway.h"
#include "records/idempotency.h"

namespace aig::api {

/// A request that runs under a key.
struct Once {
    std::shared_ptr<const records::Claim> claim;
    net::Body body;
    bool kept = false;
    std::string streamed;   ///< what went out of a stream so far
    bool too_long = false;  ///< more of it than is kept
};

/// Runs `handler` under the request's Idempotency-Key. `scope` owns the key; what belongs to nobody (0) is not
/// repeatable.
rt::Task<Status> run_once(Request& request, AccountId scope, std::string_view route, Handler handler);

/// The key, 1 to 255 visible ASCII characters; bad_request for what is none.
Result<std::string> idempotency_key(const net::Headers& headers);

/// The request's body: already read where a key had to be compared.
rt::Task<Result<net::Body>> take_body(Request& request, size_t max_bytes);
/// What keeps this reply; nothing without a key.
store::Ops keep_reply(Request& request, int status, std::string_view body);
/// The same where the request is out of reach: in the blocking pool.
store::Ops keep_reply(Once& once, const std::string& request_id, int status, std::string_view body);
/// That, as a function which may outlive the request; gives nothing without a key.
using ReplyKeeper = std::function<store::Ops(int status, std::string_view body)>;
ReplyKeeper reply_keeper(const Request& request);
/// The same for a call that the gateway runs; null without a key.
gateway::KeepReply keep_call(Request& request);
/// Stream bytes on their way to the caller; only for requests with a key.
void keep_streamed(Once& once, const net::Pieces& pieces);

}  // namespace aig::api
