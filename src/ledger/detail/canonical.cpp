#include "ledger/detail/canonical.h"

#include <cstring>

namespace aig::ledger {
namespace {
// The first number of every body: which layout follows.
constexpr int64_t layout_hold = 1, layout_usage = 2, layout_follower = 3, layout_void = 4, layout_memo = 5;
// With an exchange rate behind the request id (6) or the ratio (7); the others stay as they were.
constexpr int64_t layout_hold_fx = 6, layout_usage_fx = 7, layout_fx = 8, layout_refund = 9;

Error damaged(std::string_view what) {
    return Error(ErrorCode::internal, "the bytes of " + std::string(what) + " are damaged");
}
void put(CanonWriter& w, const PinnedRate& r) { w.number(r.id).number(r.per_usd.num).number(r.per_usd.den); }
PinnedRate get_rate(CanonReader& r) {
    PinnedRate rate;
    rate.id = r.number();
    rate.per_usd.num = r.number();
    rate.per_usd.den = r.number();
    return rate;
}
bool sound(const PinnedRate& r) { return r.id >= 0 && r.per_usd.num > 0 && r.per_usd.den > 0; }
}  // namespace

CanonWriter& CanonWriter::text(std::string_view v) {
    number(static_cast<int64_t>(v.size()));
    if (v.size() > sizeof here_ - used_) {
        flush();
        out_ += v;
        return *this;
    }
    if (!v.empty()) std::memcpy(here_ + used_, v.data(), v.size());
    used_ += v.size();
    return *this;
}

int64_t CanonReader::number() {
    uint64_t u = 0;
    for (unsigned shift = 0; good_ && !in_.empty() && shift < 64; shift += 7) {
        const auto byte = static_cast<uint8_t>(in_.front());
        in_.remove_prefix(1);
        if (shift == 63 && byte > 1) break;
        u |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if (byte & 0x80) continue;
        if (!byte && shift) break;  // a longer form of a shorter number
        return static_cast<int64_t>(u >> 1) ^ -static_cast<int64_t>(u & 1);
    }
    good_ = false;
    in_ = {};
    return 0;
}
std::string_view CanonReader::text() {
    const auto size = count(1);
    const auto v = in_.substr(0, size);
    in_.remove_prefix(v.size());
    return v;
}
size_t CanonReader::count(size_t least_bytes) {
    const int64_t n = number();
    if (n >= 0 && static_cast<uint64_t>(n) <= in_.size() / least_bytes) return static_cast<size_t>(n);
    good_ = false;
    in_ = {};
    return 0;
}

void encode(std::string& out, const HoldBody& body) {
    CanonWriter w(out);
    w.number(body.fx.id ? layout_hold_fx : layout_hold).text(body.request_id);
    if (body.fx.id) put(w, body.fx);
    w.number(static_cast<int64_t>(body.parts.size()));
    for (const auto& p : body.parts) w.number(p.wallet).number(p.amount);
    w.number(static_cast<int64_t>(body.budgets.size()));
    for (const auto& b : body.budgets) w.number(b.budget).number(b.cap);
}
Result<HoldBody> decode_hold(std::string_view bytes) {
    CanonReader r(bytes);
    HoldBody body;
    const int64_t layout = r.number();
    body.request_id = r.text();
    if (layout == layout_hold_fx) body.fx = get_rate(r);
    const bool known = layout == layout_hold || (layout == layout_hold_fx && body.fx.id && sound(body.fx));
    body.parts.reset(r.count(2));
    for (auto& p : body.parts) p.wallet = r.number(), p.amount = r.number();
    body.budgets.reset(r.count(2));
    for (auto& b : body.budgets) b.budget = r.number(), b.cap = r.number();
    if (!known || !r.done()) return damaged("a hold");
    return body;
}

void encode(std::string& out, const UsageBody& body) {
    CanonWriter w(out);
    w.number(body.fx.id ? layout_usage_fx : layout_usage).text(body.request_id).number(body.cost);
    w.number(body.ratio.num).number(body.ratio.den);
    if (body.fx.id) put(w, body.fx);
    w.number(body.price_version).number(body.flags).number(static_cast<int64_t>(body.lines.size()));
    for (const auto& l : body.lines) w.number(l.component).number(l.units).number(l.pico_per_unit);
    w.number(static_cast<int64_t>(body.budgets.size()));
    for (const int64_t b : body.budgets) w.number(b);
}
Result<UsageBody> decode_usage(std::string_view bytes) {
    CanonReader r(bytes);
    UsageBody body;
    const int64_t layout = r.number();
    body.request_id = r.text();
    body.cost = r.number();
    body.ratio.num = r.number();
    body.ratio.den = r.number();
    if (layout == layout_usage_fx) body.fx = get_rate(r);
    const bool known = layout == layout_usage || (layout == layout_usage_fx && body.fx.id && sound(body.fx));
    body.price_version = r.number();
    body.flags = r.number();
    body.lines.resize(r.count(3));
    bool fits = true;
    for (auto& l : body.lines) {
        const int64_t component = r.number();
        fits &= component >= 0 && component <= UINT16_MAX;
        l.component = static_cast<uint16_t>(component);
        l.units = r.number();
        l.pico_per_unit = r.number();
    }
    body.budgets.reset(r.count(1));
    for (auto& b : body.budgets) b = r.number();
    if (!known || !fits || !r.done()) return damaged("a usage entry");
    return body;
}

void encode_follower(std::string& out, int64_t first_entry) {
    CanonWriter(out).number(layout_follower).number(first_entry);
}
Result<int64_t> decode_follower(std::string_view bytes) {
    CanonReader r(bytes);
    const bool known = r.number() == layout_follower;
    const int64_t first = r.number();
    if (!known || !r.done()) return damaged("an entry");
    return first;
}
Result<std::string> decode_void(std::string_view bytes) {
    CanonReader r(bytes);
    const bool known = r.number() == layout_void;
    const auto request_id = r.text();
    r.number();
    if (!known || !r.done()) return damaged("a void");
    return std::string(request_id);
}
void encode_void(std::string& out, std::string_view request_id, int64_t reason) {
    CanonWriter(out).number(layout_void).text(request_id).number(reason);
}
void encode_memo(std::string& out, std::string_view memo) { CanonWriter(out).number(layout_memo).text(memo); }

void encode(std::string& out, const FxBody& body) {
    CanonWriter w(out);
    w.number(layout_fx).text(body.memo).text(body.currency).number(body.spread_bps);
    put(w, body.from);
    put(w, body.to);
}
Result<FxBody> decode_fx(std::string_view bytes) {
    CanonReader r(bytes);
    FxBody body;
    const bool known = r.number() == layout_fx;
    body.memo = r.text();
    body.currency = r.text();
    body.spread_bps = r.number();
    body.from = get_rate(r);
    body.to = get_rate(r);
    const bool fits = body.spread_bps >= 0 && body.spread_bps <= 10'000 && sound(body.from) && sound(body.to);
    if (!known || !r.done() || !fits) return damaged("a change of currency");
    return body;
}
Result<Changed> change(int64_t amount, const FxBody& body) {
    // from -> USD -> to, as one ratio: amount * (to.num * from.den) / (to.den * from.num)
    TRY(const Ratio rate, multiply(body.to.per_usd, {body.from.per_usd.den, body.from.per_usd.num}));
    const auto too_much = [] { return Error(ErrorCode::bad_param, "the amount would not fit").param("amount"); };
    unsigned __int128 whole = 0, kept = 0;
    if (amount < 0 || __builtin_mul_overflow(static_cast<unsigned __int128>(amount),
                                             static_cast<unsigned __int128>(rate.num), &whole))
        return too_much();
    const auto share = static_cast<unsigned __int128>(10'000 - body.spread_bps);
    if (__builtin_mul_overflow(whole, share, &kept)) return too_much();
    const auto den = static_cast<unsigned __int128>(rate.den);
    const auto gross = whole / den, net = kept / (den * 10'000);
    if (gross > INT64_MAX) return too_much();
    return Changed{static_cast<int64_t>(net), static_cast<int64_t>(gross - net)};
}

void encode(std::string& out, const RefundBody& body) {
    CanonWriter(out).number(layout_refund).number(body.charge).text(body.memo);
}
Result<RefundBody> decode_refund(std::string_view bytes) {
    CanonReader r(bytes);
    RefundBody body;
    const bool known = r.number() == layout_refund;
    body.charge = r.number();
    body.memo = r.text();
    if (!known || !r.done() || body.charge <= 0) return damaged("a refund");
    return body;
}

std::string_view memo_of(std::string_view bytes) {
    CanonReader r(bytes);
    const int64_t layout = r.number();
    if (layout == layout_refund) (void)r.number();
    if (layout != layout_memo && layout != layout_fx && layout != layout_refund) return {};
    return r.text();
}

}  // namespace aig::ledger
