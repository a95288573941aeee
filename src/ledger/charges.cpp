#include "ledger/charges.h"

#include <fmt/format.h>

#include <optional>

#include "ledger/detail/canonical.h"
#include "ledger/ledger_store.h"

namespace aig::ledger {
namespace {
/// Puts the entries of one hold together: they follow one another, the first has the request's id.
class Gatherer {
  public:
    explicit Gatherer(const std::function<void(const Resolved&)>& see) : see_(see) {}

    Status add(const Entry& e) {
        switch (e.kind) {
            case EntryKind::usage:
                if (e.hold != hold_) TRYV(begin(e));
                now_.charged_nanos += e.amount;
                return {};
            case EntryKind::void_:
                return begin(e);
            case EntryKind::overage:
                return now_.overage_nanos += e.amount, Status{};
            case EntryKind::loss:
                return now_.loss_nanos += e.amount, Status{};
            default:
                return {};  // money in, adjustments: no call
        }
    }
    void end() {
        now_.request_id = request_id_;
        if (hold_) see_(now_);
        hold_ = 0;
        now_ = {};
    }

  private:
    Status begin(const Entry& e) {
        end();
        hold_ = e.hold;
        now_.account = AccountId{e.account};
        now_.entry = e.id;
        now_.at_us = e.at_us;
        now_.voided = e.kind == EntryKind::void_;
        if (now_.voided) {
            TRY(request_id_, decode_void(e.body));
        } else {
            TRY(const auto body, decode_usage(e.body));
            request_id_ = body.request_id;
            now_.exchanged = body.fx.id != 0 || body.fx.per_usd != Ratio{};
            now_.usd_nanos = body.cost;
            if (!now_.exchanged) return {};
            TRY(const auto before, multiply(body.ratio, {body.fx.per_usd.den, body.fx.per_usd.num}));
            TRY(now_.usd_nanos, charge_nanos(body.lines, before));
        }
        return {};
    }
    const std::function<void(const Resolved&)>& see_;
    int64_t hold_ = 0;
    std::string request_id_;
    Resolved now_;
};

/// A ULID begins with its time: 48 bits of milliseconds in ten digits.
std::optional<int64_t> began_us(std::string_view request_id) {
    constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", prefix = "req_";
    if (!request_id.starts_with(prefix) || request_id.size() != prefix.size() + 26) return {};
    int64_t ms = 0;
    for (const char c : request_id.substr(prefix.size(), 10)) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) return {};
        ms = ms << 5 | static_cast<int64_t>(digit);
    }
    if (ms >> 48) return {};
    return ms * 1'000;
}
}  // namespace

Result<int64_t> charge_of(store::Db& db, AccountId account, std::string_view request_id) {
    constexpr int64_t day_us = 86'400'000'000;
    const auto began = began_us(request_id);
    if (!began) return 0;
    int64_t entry = 0;
    // It is charged when it ends, at most hours later; the day before is for a clock that was set back meanwhile.
    TRYV(each_resolved(db, *began - day_us, *began + 2 * day_us, [&](const Resolved& r) {
        if (r.account == account && !r.voided && r.request_id == request_id) entry = r.entry;
    }));
    return entry;
}

Status each_resolved(store::Db& db, int64_t from_us, int64_t to_us, const std::function<void(const Resolved&)>& see) {
    Gatherer gatherer(see);
    Status bad;
    TRYV(sql::each_entry_between(db, from_us, to_us, [&](const Entry& e) {
        if (bad) bad = gatherer.add(e);
    }));
    TRYV(bad);
    gatherer.end();
    return {};
}

}  // namespace aig::ledger
