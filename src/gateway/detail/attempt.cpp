#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/time.h"
#include "catalogue/auth.h"
#include "gateway/detail/flow.h"
#include "gateway/detail/keep_alive.h"
#include "gateway/detail/translation.h"

namespace aig::gateway {
namespace {

constexpr size_t max_error_body = 256 * 1024;
constexpr int64_t max_retry_after_ms = 300'000;

/// The request as it goes to the provider. Pieces point into the members, so it does not move once filled.
struct Outgoing {
    canon::Encoded encoded;
    canon::Spliced spliced;
    net::ClientRequest request;
    canon::Losses losses;
};
}  // namespace

canon::WireTarget wire_target(const Flow& f, const catalogue::Target& t) {
    const auto& can = f.model->capabilities;
    return {t.model, f.model->max_output, t.quirks, std::find(can.begin(), can.end(), "reasoning") != can.end()};
}

namespace {
Status fill_lossless(Flow& f, const route::Attempt& a, Outgoing& out) {
    const auto& t = *a.target;
    const auto& quirks = t.quirks;
    canon::Patch patch;
    patch.model = t.model;
    patch.ask_usage = f.envelope.stream && !quirks.no_stream_options;
    patch.drop_stream_options = quirks.no_stream_options;
    patch.max_output = f.clamped_max;
    patch.max_output_member = quirks.max_completion_tokens ? "max_completion_tokens" : "max_tokens";
    TRY(out.spliced, f.call.dialect->splice(f.call.in.body, f.envelope, patch));
    out.encoded = a.wire->head(f.call.in.operation, wire_target(f, t), f.envelope.stream);
    out.request.body = out.spliced.pieces;
    return {};
}

Status fill_translated(Flow& f, const canon::Request& request, const route::Attempt& a, Outgoing& out) {
    TRY(out.encoded, a.wire->encode(request, wire_target(f, *a.target), out.losses));
    out.request.body = {out.encoded.body};
    return {};
}

Status fill(Flow& f, const route::Attempt& a, const net::Upstream& upstream, Outgoing& out) {
    const auto& provider = *a.target->provider;
    std::optional<canon::Request> own;
    TRY(const canon::Request* const request, request_for(f, a, own, out.losses));
    f.lossless = !request;
    TRYV(f.lossless ? fill_lossless(f, a, out) : fill_translated(f, *request, a, out));
    out.request.target = std::move(out.encoded.path);
    out.request.headers.reserve(12, 512);
    for (const auto& [name, value] : out.encoded.headers) out.request.headers.add_named(name, value);
    for (const auto& [name, value] : provider.headers) out.request.headers.add_named(name, value);
    if (f.lossless)
        for (const auto& [name, value] : f.call.forward) out.request.headers.set(name, value);
    if (out.request.headers.get("accept").empty())
        out.request.headers.add("accept", f.envelope.stream ? "text/event-stream" : "application/json");
    out.request.headers.add("x-request-id", f.call.request_id);
    std::string host, path;
    int64_t at_s = 0;
    if (provider.auth == catalogue::Auth::sigv4) {  // what a signature covers; nobody else needs it
        host = upstream.host_header();
        path = upstream.base_path + out.request.target;
        at_s = now_us() / 1'000'000;
    }
    const catalogue::Sending sending{host, path, out.request.body, at_s};
    for (auto& [name, value] : auth_headers(provider, *a.key, sending)) out.request.headers.add_named(name, value);
    return {};
}

/// Seconds or an HTTP date, at most five minutes; 0 when absent or unreadable.
int64_t retry_after_ms(const net::Headers& headers) {
    const auto text = headers.get("retry-after");
    int64_t seconds = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (bad == std::errc{} && end == text.data() + text.size()) return std::clamp<int64_t>(seconds, 0, 300) * 1000;
    std::tm tm{};
    if (const std::string date(text); !strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S", &tm)) return 0;
    return std::clamp<int64_t>((timegm(&tm) - now_us() / 1'000'000) * 1000, 0, max_retry_after_ms);
}

rt::Task<Error> refusal(const canon::Wire& wire, net::ClientReply& reply) {
    auto body = co_await reply.read_all(max_error_body);
    const std::string text = body ? *body : std::string{};
    if (reply.status() < 400)  // redirects are never followed: our credentials would go along
        co_return Error(ErrorCode::upstream_error, fmt::format("the provider answered with status {}", reply.status()));
    auto error = wire.error(reply.status(), text);
    const int64_t wait = retry_after_ms(reply.headers());
    if (wait && !error.retry_after_ms()) error = std::move(error).retry_after_ms(wait);
    co_return error;
}

/// Follows what a stream has produced against what the hold covers; gets more of the wallet before it runs out.
class Meter {
  public:
    explicit Meter(Flow& f) : f_(f), covered_(f.holding.affordable_tokens(f.hold.amount_nanos())) {}

    /// False when the hold is used up and the wallet has no more.
    rt::Task<bool> keep_up(const canon::Facts& facts) {
        if (!f_.holding.extends || f_.hold.free()) co_return true;
        const int64_t made = canon::estimate_tokens(facts.delivered, f_.model->tokenizer);
        if (made * 10 < covered_ * 7 || covered_ >= f_.holding.most_tokens) co_return true;
        if (!denied_) co_await extend();
        co_return made < covered_;
    }

  private:
    rt::Task<> extend() {
        const int64_t left = f_.holding.most_tokens - covered_;
        const auto more =
            f_.holding.output_nanos(std::max(std::min(slice_tokens * f_.holding.choices, left), least_output_tokens));
        const auto least = f_.holding.output_nanos(least_output_tokens);
        if (!more || !least) {
            denied_ = true;
            co_return;
        }
        auto amount = co_await f_.services.book->extend(f_.hold, *more, *least);
        denied_ = !amount;
        f_.holding.output_tokens = INT64_MAX;  // affordable_tokens() is bounded by money alone from here on
        if (amount) covered_ = f_.holding.affordable_tokens(*amount);
    }
    Flow& f_;
    int64_t covered_;
    bool denied_ = false;
};

std::unique_ptr<canon::Relay> make_relay(const Flow& f, const route::Attempt& a) {
    if (f.lossless) return f.call.dialect->tap(f.reply_terms);
    std::unique_ptr<Sealing> sealing;
    if (f.call.in.operation == canon::Operation::chat) {
        const auto origin = [&a] { return route::origin(*a.target, *a.key); };
        sealing = std::make_unique<Sealing>(SealingTerms{&f.vault, f.call.principal->account, origin, a.lossless,
                                                         f.call.request_id, mono_ms(), now_ms() / 1'000});
    }
    const bool embeds = f.call.in.operation == canon::Operation::embedding;
    const auto operation = embeds ? canon::Operation::embedding : canon::Operation::chat;
    return translate(a.wire->decoder(operation, f.envelope.stream), f.call.dialect->renderer(f.reply_terms),
                     std::move(sealing));
}

/// State that a lossless reply held belongs to its route, from before the caller can send it back.
void note_states(Flow& f, const canon::Facts& facts) {
    if (f.states_noted == facts.states.size()) return;
    const uint64_t origin = route::origin(*f.attempt->target, *f.attempt->key);
    for (; f.states_noted < facts.states.size(); ++f.states_noted)
        f.vault.memory.remember(f.call.principal->account, facts.states[f.states_noted], origin, mono_ms());
}

Tried failed(Error error, std::unique_ptr<canon::Relay> relay = nullptr, std::string unsent = {}) {
    Tried t;
    t.unsent = std::move(unsent);
    t.ending = error.code() == ErrorCode::client_gone ? Ending::client_gone : Ending::failed;
    t.error = std::move(error);
    t.relay = std::move(relay);
    return t;
}

/// Pieces that arrived before the gate opened; written together with the first content, or with the failure.
class Gate {
  public:
    void keep(const std::vector<std::string_view>& pieces) {
        for (const auto p : pieces) kept_ += p;
    }
    std::string take() { return std::exchange(kept_, {}); }

  private:
    std::string kept_;
};

rt::Task<Status> send_on(Flow& f, KeepAlive& alive, std::string head, std::vector<std::string_view> pieces) {
    if (!head.empty()) pieces.insert(pieces.begin(), head);
    co_await alive.quiet();
    if (!f.begun) f.first_byte_us = (mono_ns() - f.call.started_mono_ns) / 1000;
    CO_TRYV(co_await begin_stream(f));
    if (pieces.empty()) co_return Status{};
    f.content_sent = true;
    auto written = co_await f.sink.write(std::move(pieces));
    alive.touched();
    co_return written;
}

/// A stream: events go on as they come, once the first content has opened the gate.
rt::Task<Tried> relay_stream(Flow& f, net::ClientReply& reply, std::unique_ptr<canon::Relay> relay) {
    Meter meter(f);
    Gate gate;
    KeepAlive alive(f);
    const canon::Facts& facts = relay->facts();
    for (;;) {
        alive.waiting(true);
        auto bytes = co_await reply.read();
        alive.waiting(false);
        if (!bytes) {
            co_await alive.quiet();
            co_return failed(std::move(bytes).error(), std::move(relay), gate.take());
        }
        const bool ended = bytes->empty();
        auto pieces = ended ? relay->end() : relay->feed(*bytes);
        note_states(f, facts);
        if (!pieces || facts.error) {
            if (pieces) gate.keep(*pieces);
            co_await alive.quiet();
            co_return failed(pieces ? *facts.error : std::move(pieces).error(), std::move(relay), gate.take());
        }
        if (!facts.content) {
            gate.keep(*pieces);
        } else if (!pieces->empty() || !f.begun) {
            auto sent = co_await send_on(f, alive, gate.take(), *std::move(pieces));
            if (!sent) {
                co_await alive.quiet();
                co_return failed(Error(ErrorCode::client_gone), std::move(relay));
            }
        }
        const bool done = ended || facts.terminal;
        bool covered = done;
        if (!done) covered = co_await meter.keep_up(facts);
        if (!done && covered) continue;
        co_await alive.quiet();
        Tried t;
        t.ending = covered ? Ending::complete : Ending::dry;
        t.relay = std::move(relay);
        co_return t;
    }
}

/// An unstreamed reply: read whole, given out only after the settlement.
rt::Task<Tried> relay_whole(Flow& f, net::ClientReply& reply, std::unique_ptr<canon::Relay> relay) {
    for (;;) {
        auto bytes = co_await reply.read();
        if (!bytes) co_return failed(std::move(bytes).error(), std::move(relay));
        auto pieces = bytes->empty() ? relay->end() : relay->feed(*bytes);
        const bool ended = bytes->empty() || reply.ended();
        if (pieces && ended && !bytes->empty() && !relay->facts().error) pieces = relay->end();
        if (!pieces) co_return failed(std::move(pieces).error(), std::move(relay));
        if (relay->facts().error) {
            Error error = *relay->facts().error;
            co_return failed(std::move(error), std::move(relay));
        }
        if (ended) break;
    }
    note_states(f, relay->facts());
    Tried t;
    t.ending = Ending::complete;
    t.relay = std::move(relay);
    co_return t;
}
}  // namespace

rt::Task<Tried> attempt(Flow& f, const route::Attempt& a) {
    const auto& provider = a.target->provider;
    Outgoing out;
    f.states_noted = 0;
    auto upstream = f.upstreams.upstream(provider, f.envelope.stream);
    if (!upstream) co_return failed(std::move(upstream).error());
    if (auto filled = fill(f, a, **upstream, out); !filled) {
        auto unsaid = failed(std::move(filled).error());
        unsaid.asked = false;
        co_return unsaid;
    }
    if (a.key->grant) {
        auto token = co_await f.upstreams.access_token(*provider, *a.key);
        if (!token) co_return failed(std::move(token).error());
        out.request.headers.add("authorization", "Bearer " + *token);
    }
    // Whoever leaves a stream ends it; an unstreamed answer is paid for whether or not somebody waits, so it is fetched
    // for a while.
    std::optional<LateStop> late;
    if (!f.envelope.stream || provider->cancel_bills_full) late.emplace(f.sink.stop());
    rt::Stop* stop = late ? late->stop() : &f.sink.stop();
    auto sent = co_await f.upstreams.client().send(*std::move(upstream), std::move(out.request), stop);
    if (!sent) co_return failed(std::move(sent).error());
    auto reply = *std::move(sent);
    if (reply->status() < 200 || reply->status() > 299) {
        auto error = co_await refusal(*a.wire, *reply);
        co_return failed(std::move(error));
    }
    f.losses = std::move(out.losses);
    auto relay = make_relay(f, a);
    if (f.envelope.stream) {
        auto tried = co_await relay_stream(f, *reply, std::move(relay));
        if (tried.ending == Ending::complete) tried.reply = std::move(reply);
        co_return tried;
    }
    auto tried = co_await relay_whole(f, *reply, std::move(relay));
    co_return tried;
}

}  // namespace aig::gateway
