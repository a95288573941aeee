// Flow: everything one call has gathered on its way through run(). Lives in run()'s frame, on one loop.
#pragma once

#include <optional>

#include "gateway/detail/holding.h"
#include "gateway/detail/upstreams.h"
#include "gateway/gateway.h"
#include "net/client.h"

namespace aig::gateway {

struct Flow {
    Flow(Call& c, Sink& s, const Services& sv, Upstreams& u) : call(c), sink(s), services(sv), upstreams(u) {}

    Call& call;
    Sink& sink;
    const Services& services;
    Upstreams& upstreams;

    canon::Envelope envelope;
    catalogue::SnapshotPtr snapshot;  ///< kept, so that a reload changes nothing for this call
    std::shared_ptr<const catalogue::Model> model;
    Pricing pricing;  ///< what this call is charged by
    limits::Ticket ticket;
    route::Plan plan;
    Holding holding;
    ledger::Hold hold;
    std::optional<int64_t> clamped_max;    ///< the maximum the wallet could pay for, sent to the provider
    std::optional<canon::Request> parsed;  ///< only once an attempt needed it
    canon::Losses losses;                  ///< of the attempt that answered
    canon::ReplyTerms reply_terms;

    const route::Attempt* attempt = nullptr;  ///< the latest
    int attempts = 0;
    bool content_sent = false;        ///< content went out to the caller: no other target may answer now
    bool begun = false;               ///< the reply's head is out: errors go in-band from now on
    int64_t first_byte_us = 0;        ///< since the start
    int64_t operator_loss_nanos = 0;  ///< what a failed call will cost the operator, where known
};

/// How an attempt ended.
enum class Ending : uint8_t { complete, dry, client_gone, failed };

struct Tried {
    Ending ending = Ending::failed;
    std::optional<Error> error;               ///< for failed
    std::unique_ptr<canon::Relay> relay;      ///< null when it failed before a reply's head
    std::unique_ptr<net::ClientReply> reply;  ///< of a complete stream whose formal end may still be on its way
    bool sent_content() const { return relay && relay->facts().content; }
};

/// One exchange with one provider, up to the tail that waits for the settlement.
rt::Task<Tried> attempt(Flow& flow, const route::Attempt& target);

/// Settles or releases, sends the tail, records. An Error means that nothing was sent and the caller answers.
rt::Task<Status> conclude(Flow& flow, Tried tried);

/// Headers of a reply; its cost comes to them by add_cost_headers() when it is known.
net::Headers reply_headers(const Flow& flow);
void add_cost_headers(net::Headers& headers, const canon::Bill& bill);
/// Sends a stream's head; nothing when it is out already.
rt::Task<Status> begin_stream(Flow& flow);

}  // namespace aig::gateway
