#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/time.h"
#include "gateway/detail/flow.h"
#include "gateway/detail/keeping.h"
#include "gateway/detail/quoting.h"
#include "records/records.h"

namespace aig::gateway {
using canon::Component;
namespace {

std::string_view stop_name(canon::StopReason r) {
    static constexpr std::string_view names[] = {"",           "end",     "stop_sequence",  "length", "context_full",
                                                 "tool_calls", "refusal", "content_filter", "pause",  "other"};
    return names[static_cast<size_t>(r)];
}

constexpr size_t most_recorded_losses = 4'000;

/// What the provider takes for it. Zero where the operator's cost is not configured.
int64_t cost_at_provider(const Flow& f, const canon::Usage& usage) {
    if (!f.attempt || !f.attempt->target->cost) return 0;
    return canon::price(*f.attempt->target->cost, usage, {}).value_or(0);
}

std::unique_ptr<records::CallRecord> call_record(const Flow& f, const Tried& t, const canon::Usage* usage,
                                                 int64_t cost_nanos) {
    auto record = std::make_unique<records::CallRecord>();
    auto& r = *record;
    r.request_id = f.call.request_id;
    r.correlation_id = f.call.correlation_id;
    r.account = f.call.principal->account;
    r.key = f.call.principal->key;
    r.sub_account = f.call.principal->sub_account;
    r.model = f.model->id;
    r.operation = canon::operation_name(f.call.in.operation);
    r.tag = f.call.tag;
    if (f.attempt) {
        r.provider = f.attempt->target->provider->name;
        r.upstream_model = f.attempt->target->model;
        r.lossless = f.lossless;
    }
    if (t.error) r.error_code = t.error->row().name;
    r.status = t.ending == Ending::failed && !f.begun        ? t.error->status()
               : t.ending == Ending::client_gone && !f.begun ? 499
                                                             : 200;
    if (t.relay) r.stop_reason = stop_name(t.relay->facts().stop);
    r.losses = loss_list(f, most_recorded_losses);
    r.started_us = f.call.started_us;
    r.duration_us = (mono_ns() - f.call.started_mono_ns) / 1000;
    r.first_byte_us = f.first_byte_us;
    r.attempts = f.attempts;
    r.streamed = f.envelope.stream;
    if (usage) {
        r.estimated = usage->estimated;
        r.input = (*usage)[Component::input];
        r.cached_input = (*usage)[Component::cached_input];
        r.cache_write = (*usage)[Component::cache_write] + (*usage)[Component::cache_write_1h];
        r.output = (*usage)[Component::output];
        r.reasoning = (*usage)[Component::reasoning];
    }
    r.cost_nanos = cost_nanos;
    r.operator_cost_nanos = usage ? cost_at_provider(f, *usage) : f.operator_loss_nanos;
    return record;
}

/// What the provider will bill the operator for a reply that nobody pays for.
int64_t provider_cost(const Flow& f, const Tried& t) {
    return t.relay ? cost_at_provider(f, final_usage(t.relay->facts(), f.envelope, *f.model)) : 0;
}

void count(const Flow& f, const Tried& t, const canon::Usage* usage, int64_t cost_nanos) {
    static auto& calls = metrics::counter("aig_calls_total", "Calls that took a hold");
    static auto& failed = metrics::counter("aig_calls_failed_total", "Calls that ended in an error and cost nothing");
    static auto& gone = metrics::counter("aig_calls_client_gone_total", "Calls whose caller left");
    static auto& dry = metrics::counter("aig_calls_dry_total", "Streams ended because the wallet ran dry");
    static auto& input = metrics::counter("aig_input_tokens_total", "Billed input tokens");
    static auto& output = metrics::counter("aig_output_tokens_total", "Billed output tokens");
    static auto& charged = metrics::counter("aig_charged_nanos_total", "Charged, in nano-units");
    static auto& lost = metrics::counter("aig_operator_loss_nanos_total", "Provider cost of failed calls, where known");
    static auto& duration = metrics::histogram("aig_call_duration_ms", "Whole calls");
    calls.add();
    if (t.ending == Ending::failed) failed.add();
    if (t.ending == Ending::client_gone) gone.add();
    if (t.ending == Ending::dry) dry.add();
    if (usage) {
        input.add(usage->input_total());
        output.add(usage->output_total());
    }
    charged.add(cost_nanos);
    lost.add(f.operator_loss_nanos);
    duration.observe_us((mono_ns() - f.call.started_mono_ns) / 1000);
}

void tell_losses(const Flow& f) {
    static auto& lossy =
        metrics::counter("aig_calls_with_losses_total", "Calls of which a member could not be carried");
    const auto list = loss_list(f, most_recorded_losses);
    if (list.empty()) return;
    lossy.add();
    log::info("fields_lost", {{"request_id", f.call.request_id},
                              {"provider", f.attempt ? f.attempt->target->provider->name : std::string()},
                              {"loss", list}});
}

store::Ops with_record(const Flow& f, const Tried& t, const canon::Usage* usage, int64_t cost_nanos) {
    store::Ops ops;
    ops.push_back(records::record(call_record(f, t, usage, cost_nanos)));
    return ops;
}

/// A failed call: nothing is charged; the caller learns why in the way that is still open.
rt::Task<Status> give_back(Flow& f, Tried t, ledger::VoidReason reason) {
    f.operator_loss_nanos = provider_cost(f, t);
    count(f, t, nullptr, 0);
    f.ticket.correct(0);
    auto ops = with_record(f, t, nullptr, 0);
    return_quote(f, ops);
    auto released = co_await f.services.book->release(std::move(f.hold), reason, f.operator_loss_nanos, std::move(ops));
    if (!released)
        log::error("release_failed", {{"request_id", f.call.request_id}, {"code", released.error().row().name}});
    Error error = t.error ? *std::move(t.error) : Error(ErrorCode::client_gone);
    if (!f.begun || error.code() == ErrorCode::client_gone) co_return error;
    if (!t.relay) t.relay = f.call.dialect->tap(f.reply_terms);
    const std::string last = t.unsent + t.relay->fail(error);
    net::Pieces pieces{last};
    auto written = co_await f.sink.write(std::move(pieces));
    if (written) written = co_await f.sink.end();
    co_return Status{};
}

struct Charge {
    canon::Usage usage;
    int64_t cost_nanos = 0;
    bool capped = false;  ///< by the call's quote
};

Result<Charge> charge(const Flow& f, const Tried& t) {
    Charge c;
    c.usage = final_usage(t.relay->facts(), f.envelope, *f.model);
    if (f.hold.free()) return c;
    TRY(c.cost_nanos, canon::price(*f.pricing.card, c.usage, f.pricing.ratio));
    c.capped = cap(f.pricing, c.cost_nanos);
    return c;
}

ledger::Settlement settlement(const Flow& f, const Tried& t, const Charge& c) {
    ledger::Settlement s;
    s.cost_nanos = c.cost_nanos;
    if (c.capped) {
        s.lines = {canon::capped_line(c.cost_nanos)};
    } else {
        if (!f.hold.free()) s.lines = canon::price_lines(*f.pricing.card, c.usage);
        s.ratio = f.pricing.ratio;
    }
    s.price_version = f.pricing.card->id;
    s.flags = static_cast<uint8_t>((c.usage.estimated ? 1 : 0) | (t.ending == Ending::client_gone ? 2 : 0) |
                                   (t.ending == Ending::dry ? 4 : 0));
    s.with = with_record(f, t, &c.usage, c.cost_nanos);
    return s;
}

rt::Task<Status> send_tail(Flow& f, const Tried& t, const canon::Bill& bill, std::string tail) {
    if (tail.empty()) tail = tail_of(t.ending, *t.relay, bill);
    net::Pieces pieces{tail};
    if (!f.envelope.stream) {
        auto headers = reply_headers(f);
        add_cost_headers(headers, bill);
        auto sent = co_await f.sink.whole(200, std::move(headers), std::move(pieces));
        co_return sent;
    }
    CO_TRYV(co_await begin_stream(f));  // still to be sent when the whole answer came in its tail
    CO_TRYV(co_await f.sink.write(std::move(pieces)));
    auto ended = co_await f.sink.end();
    co_return ended;
}
}  // namespace

rt::Task<Status> conclude(Flow& f, Tried t) {
    if (t.relay) f.reply_losses = t.relay->losses();
    tell_losses(f);
    if (t.ending == Ending::failed) {
        auto done = co_await give_back(f, std::move(t), ledger::VoidReason::failed);
        co_return done;
    }
    // Who leaves before anything was generated pays nothing; who leaves later pays what had arrived by then.
    if (t.ending == Ending::client_gone && !t.sent_content()) {
        auto done = co_await give_back(f, std::move(t), ledger::VoidReason::client_gone);
        co_return done;
    }
    auto charged = charge(f, t);
    if (!charged) {
        t.ending = Ending::failed;
        t.error = std::move(charged).error();
        auto done = co_await give_back(f, std::move(t), ledger::VoidReason::failed);
        co_return done;
    }
    f.ticket.correct(charged->usage.input_total() + charged->usage.output_total());
    auto terms = settlement(f, t, *charged);
    KeepingGuard guard(t, keep_reply(f, t, charged->usage, terms));
    auto receipt = co_await f.services.book->settle(std::move(f.hold), std::move(terms));
    guard.end();
    if (!receipt) {  // the end of the answer stays unsaid: no receipt, no terminal marker
        t.ending = Ending::failed;
        t.error = std::move(receipt).error();
        log::error("settle_failed", {{"request_id", f.call.request_id}, {"code", t.error->row().name}});
        auto done = co_await give_back(f, std::move(t), ledger::VoidReason::failed);
        co_return done;
    }
    count(f, t, &charged->usage, receipt->cost_nanos());
    if (t.ending == Ending::client_gone) co_return Error(ErrorCode::client_gone);
    const canon::Bill bill{charged->usage, *receipt};
    std::string tail = guard.tail_for(*receipt);
    auto sent = co_await send_tail(f, t, bill, std::move(tail));
    net::finish_later(std::move(t.reply));
    // The charge stands; a caller that vanished at the very last moment has nobody left to tell.
    if (!sent) f.sink.abort();
    co_return Status{};
}

}  // namespace aig::gateway
