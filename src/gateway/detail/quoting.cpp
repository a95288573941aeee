#include "gateway/detail/quoting.h"

#include <fmt/format.h>

namespace aig::gateway {
namespace {
Error does_not_fit(std::string what) {
    return Error(ErrorCode::bad_param, std::move(what) + ": make a quote for this request with POST /v1/estimate")
        .param("x-aig-quote")
        .reason("quote_mismatch");
}

}  // namespace

rt::Task<Status> find_quote(Flow& f) {
    // The reader's thread may outlive this task.
    auto found = std::make_shared<catalogue::Quote>();
    const AccountId account = f.call.principal->account;
    const std::string id = f.call.quote;
    std::function<Status(store::Db&)> read = [found, account, id](store::Db& db) -> Status {
        TRY(*found, catalogue::find_quote(db, account, id));
        return {};
    };
    CO_TRYV(co_await f.services.store->read(std::move(read)));
    CO_TRYV(catalogue::usable(*found, f.call.started_us));
    f.pricing.quote = found;
    co_return Status{};
}

Status use_quote(Flow& f) {
    const auto& q = *f.pricing.quote;
    const auto& e = f.envelope;
    const bool generates = e.operation != canon::Operation::embedding;
    if (q.model != f.model->id || q.operation != (generates ? "chat" : "embedding"))
        return does_not_fit(fmt::format("the quote is for {} of '{}'", q.operation, q.model));
    if (const int64_t input = canon::bound_tokens(e.size); input > q.input_tokens)
        return does_not_fit(
            fmt::format("the request may have {} input tokens and its quote covers {}", input, q.input_tokens));
    const int64_t each = generates ? q.output_tokens / e.n : 0;
    if (generates && (each < 1 || e.max_output.value_or(1) > each))
        return does_not_fit(fmt::format("the quote covers {} output tokens", q.output_tokens));
    f.pricing.card = &q.card;
    f.pricing.ratio = q.ratio;
    f.pricing.fx = {q.fx_id, q.fx};
    f.pricing.source = PriceSource::quote;
    f.holding.want_nanos = f.holding.least_nanos = q.cap_nanos;
    f.holding.output_tokens = q.output_tokens;
    f.holding.ratio = q.ratio;
    f.holding.choices = e.n;
    if (generates && !e.max_output) f.clamped_max = each;
    return {};
}

void take_quote(const Flow& f, store::Ops& with) {
    if (!f.pricing.quote) return;
    const auto& q = *f.pricing.quote;
    with.push_back(catalogue::take(q, f.call.request_id, f.call.started_us));
    if (!q.coupon.empty() && !q.coupon_used)
        with.push_back(f.services.book->use_coupon(q.account, q.coupon, f.call.request_id));
}

void return_quote(const Flow& f, store::Ops& with) {
    if (f.pricing.quote) with.push_back(catalogue::give_back(*f.pricing.quote, f.call.request_id));
}

}  // namespace aig::gateway
