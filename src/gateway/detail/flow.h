// Flow: everything one call has gathered on its way through run(). Lives in run()'s frame, on one loop.
#pragma once

#include <optional>

#include "gateway/detail/holding.h"
#include "gateway/detail/restoring.h"
#include "gateway/detail/upstreams.h"
#include "gateway/gateway.h"
#include "net/client.h"

namespace aig::gateway {

struct Flow {
    Flow(Call& c, Sink& s, const Services& sv, Upstreams& u, Vault& v)
        : call(c), sink(s), services(sv), upstreams(u), vault(v) {}

    Call& call;
    Sink& sink;
    const Services& services;
    Upstreams& upstreams;
    Vault& vault;

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
    CallersState callers_state;            ///< reasoning state that the request holds
    canon::Losses losses;                  ///< of the attempt that answered: members of the request
    canon::Losses reply_losses;            ///< members of its reply, known at its end
    canon::ReplyTerms reply_terms;

    const route::Attempt* attempt = nullptr;  ///< the latest
    bool lossless = false;                    ///< it sent the caller's bytes
    size_t states_noted = 0;                  ///< of the latest reply's Facts::states
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
    std::string unsent;  ///< of a failed stream: what was kept back for its first content, and comes before its failure
    bool asked = true;   ///< false: the request could not be said, the provider saw nothing
    bool sent_content() const { return relay && relay->facts().content; }
};

canon::WireTarget wire_target(const Flow& flow, const catalogue::Target& target);

/// Parses what the first attempt will need, while the dialect still has the body as it read it: behind the hold it has
/// read other calls'. A failure is left to the attempt.
void parse_ahead(Flow& flow);

/// The canonical request of an attempt, with reasoning state restored as far as it is the attempt's route's own. Null:
/// the caller's bytes can go as they are. `own` holds what is not the call's own parsed request.
Result<const canon::Request*> request_for(Flow& flow, const route::Attempt& target, std::optional<canon::Request>& own,
                                          canon::Losses& losses);

/// x-aig-strict: leaves only attempts in the plan that lose nothing of the request; unsupported_feature names what the
/// others cannot carry when none is left.
Status keep_exact(Flow& flow);

/// One exchange with one provider, up to the tail that waits for the settlement.
rt::Task<Tried> attempt(Flow& flow, const route::Attempt& target);

/// Settles or releases, sends the tail, records. An Error means that nothing was sent and the caller answers.
rt::Task<Status> conclude(Flow& flow, Tried tried);

/// Headers of a reply; its cost comes to them by add_cost_headers() when it is known.
net::Headers reply_headers(const Flow& flow);
void add_cost_headers(net::Headers& headers, const canon::Bill& bill);
/// "a, b": without repetitions, visible ASCII, at most `most` bytes and ", ..." behind that.
std::string loss_list(const Flow& flow, size_t most);
/// Sends a stream's head; nothing when it is out already.
rt::Task<Status> begin_stream(Flow& flow);

}  // namespace aig::gateway
