#include "gateway/detail/keeping.h"

namespace aig::gateway {

std::string tail_of(Ending ending, canon::Relay& relay, const canon::Bill& bill) {
    return ending == Ending::dry ? relay.cut(bill) : relay.finish(bill);
}

Keeping::Keeping(const Flow& f, Tried& t, const canon::Usage& usage)
    : keep_(f.call.keep),
      ending_(t.ending),
      streamed_(f.envelope.stream),
      usage_(usage),
      headers_(reply_headers(f)),
      relay_(std::move(t.relay)) {}

Status Keeping::write(store::Db& db, const Receipt& receipt) {
    const std::lock_guard lock(mutex_);
    const canon::Bill bill{usage_, receipt};
    // Run again after a rollback there may be other money, and a tail can be written only once.
    const bool other = cost_ && *cost_ != receipt.cost_nanos();
    FinalReply reply{relay_ && ending_ != Ending::client_gone && !other, streamed_, headers_, {}, {}};
    if (reply.whole && !cost_) {
        tail_ = tail_of(ending_, *relay_, bill);
        cost_ = receipt.cost_nanos();
    }
    if (!streamed_) add_cost_headers(reply.headers, bill);
    reply.tail = tail_;
    if (reply.whole) reply.object = relay_->reply_object();
    return keep_(db, reply);
}

void Keeping::give_back(Tried& t) {
    const std::lock_guard lock(mutex_);
    t.relay = std::move(relay_);
}

std::string Keeping::tail_for(const Receipt& receipt) {
    return cost_ == receipt.cost_nanos() ? std::move(tail_) : std::string();
}

std::shared_ptr<Keeping> keep_reply(const Flow& f, Tried& t, const canon::Usage& usage, ledger::Settlement& terms) {
    if (!f.call.keep) return nullptr;
    auto keeping = std::make_shared<Keeping>(f, t, usage);
    terms.with_receipt = [keeping](store::Db& db, const Receipt& r) { return keeping->write(db, r); };
    return keeping;
}

}  // namespace aig::gateway
