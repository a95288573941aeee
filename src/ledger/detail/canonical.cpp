#include "ledger/detail/canonical.h"

namespace aig::ledger {
namespace {
// The first number of every body: which layout follows.
constexpr int64_t layout_hold = 1, layout_usage = 2, layout_follower = 3, layout_void = 4, layout_memo = 5;

Error damaged(std::string_view what) {
    return Error(ErrorCode::internal, "the bytes of " + std::string(what) + " are damaged");
}
}  // namespace

CanonWriter& CanonWriter::number(int64_t v) {
    auto u = (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
    for (; u >= 0x80; u >>= 7) out_ += static_cast<char>(u | 0x80);
    out_ += static_cast<char>(u);
    return *this;
}
CanonWriter& CanonWriter::text(std::string_view v) {
    number(static_cast<int64_t>(v.size()));
    out_ += v;
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
    w.number(layout_hold).text(body.request_id).number(static_cast<int64_t>(body.parts.size()));
    for (const auto& p : body.parts) w.number(p.wallet).number(p.amount);
    w.number(static_cast<int64_t>(body.budgets.size()));
    for (const auto& b : body.budgets) w.number(b.budget).number(b.cap);
}
Result<HoldBody> decode_hold(std::string_view bytes) {
    CanonReader r(bytes);
    HoldBody body;
    const bool known = r.number() == layout_hold;
    body.request_id = r.text();
    body.parts.resize(r.count(2));
    for (auto& p : body.parts) p.wallet = r.number(), p.amount = r.number();
    body.budgets.resize(r.count(2));
    for (auto& b : body.budgets) b.budget = r.number(), b.cap = r.number();
    if (!known || !r.done()) return damaged("a hold");
    return body;
}

void encode(std::string& out, const UsageBody& body) {
    CanonWriter w(out);
    w.number(layout_usage).text(body.request_id).number(body.cost).number(body.ratio.num).number(body.ratio.den);
    w.number(body.price_version).number(body.flags).number(static_cast<int64_t>(body.lines.size()));
    for (const auto& l : body.lines) w.number(l.component).number(l.units).number(l.pico_per_unit);
    w.number(static_cast<int64_t>(body.budgets.size()));
    for (const int64_t b : body.budgets) w.number(b);
}
Result<UsageBody> decode_usage(std::string_view bytes) {
    CanonReader r(bytes);
    UsageBody body;
    const bool known = r.number() == layout_usage;
    body.request_id = r.text();
    body.cost = r.number();
    body.ratio.num = r.number();
    body.ratio.den = r.number();
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
    body.budgets.resize(r.count(1));
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
void encode_void(std::string& out, std::string_view request_id, int64_t reason) {
    CanonWriter(out).number(layout_void).text(request_id).number(reason);
}
void encode_memo(std::string& out, std::string_view memo) { CanonWriter(out).number(layout_memo).text(memo); }

}  // namespace aig::ledger
