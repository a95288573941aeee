#include "sim/detail/stats.h"

#include "base/json.h"
#include "base/time.h"

namespace aig::sim {

namespace {
constexpr size_t most_models = 10'000, most_disconnects = 1'000;
}

int64_t Stats::begin(const std::string& model) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    ++running_;
    auto it = per_model_.find(model);
    if (it == per_model_.end()) it = per_model_.emplace(per_model_.size() < most_models ? model : "other", 0).first;
    return it->second++;
}

void Stats::end(const Call& call) {
    const std::lock_guard lock(mutex_);
    --running_;
    ++per_status_[call.status];
    completed_ += call.completed;
    input_tokens_ += call.input_tokens;
    output_tokens_ += call.output_tokens;
    if (!call.gone) return;
    ++gone_;
    last_gone_.push_back({call.model, call.request_id, call.wire, call.output_tokens, now_us()});
    if (last_gone_.size() > most_disconnects) last_gone_.pop_front();
}

int64_t Stats::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}
int64_t Stats::calls(std::string_view model) const {
    const std::lock_guard lock(mutex_);
    const auto it = per_model_.find(model);
    return it == per_model_.end() ? 0 : it->second;
}
int64_t Stats::disconnects() const {
    const std::lock_guard lock(mutex_);
    return gone_;
}

std::string Stats::json() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("calls", calls_).field("running", running_).field("completed", completed_);
    w.key("models").begin_object();
    for (const auto& [model, n] : per_model_) w.field(model, n);
    w.end_object().key("statuses").begin_object();
    for (const auto& [status, n] : per_status_) w.field(std::to_string(status), n);
    w.end_object().field("input_tokens", input_tokens_).field("output_tokens", output_tokens_);
    w.field("open_connections", open()).field("accepted_connections", accepted_.load());
    w.field("bytes_in", bytes_in_.load())
        .field("bytes_out", bytes_out_.load())
        .field("redirects_followed", redirects_.load());
    w.field("disconnects", gone_).key("last_disconnects").begin_array();
    for (const Disconnect& d : last_gone_) {
        w.begin_object().field("wire", d.wire).field("model", d.model).field("request_id", d.request_id);
        w.field("after_tokens", d.tokens).field("at_us", d.at_us).end_object();
    }
    w.end_array().end_object();
    return out;
}

void Stats::reset() {
    const std::lock_guard lock(mutex_);
    per_model_.clear();
    per_status_.clear();
    last_gone_.clear();
    // Calls still running are counted again when they end.
    calls_ = completed_ = gone_ = input_tokens_ = output_tokens_ = 0;
    accepted_ = bytes_in_ = bytes_out_ = redirects_ = 0;
}

}  // namespace aig::sim
