#include "api/openai/background.h"

#include <fmt/format.h>

#include "base/json.h"

#include "base/log.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::api {
namespace {

/// The object in the stream's last `response.failed`; "" when there is none.
std::string failed_object(std::string_view stream) {
    constexpr std::string_view head = "event: response.failed\ndata: ";
    const size_t at = stream.rfind(head);
    if (at == std::string_view::npos) return {};
    const auto data = stream.substr(at + head.size());
    const auto doc = JsonDoc::parse(data.substr(0, data.find('\n')));
    return doc ? std::string(doc->root()["response"].raw()) : std::string();
}

canon::ReplyTerms terms_of(const BackgroundRun& run) {
    canon::ReplyTerms t;
    t.body = run.stored.request;
    const auto doc = JsonDoc::parse(run.stored.request);
    t.public_model = doc ? std::string(doc->root()["model"].text()) : std::string();
    t.request_id = run.call.request_id;
    t.created_s = run.stored.created_us / 1'000'000;
    return t;
}

/// What is stored of a run that did not come to a good end.
records::StoredResponse ended_badly(const BackgroundRun& run, const Status& done) {
    records::StoredResponse r = run.stored;
    r.events = run.streamed(0).text;
    r.status = run.cancelled() ? "cancelled" : "failed";
    if (!run.cancelled()) r.object = failed_object(r.events);
    if (!r.object.empty()) return r;
    const Error error = done ? Error(ErrorCode::upstream_error) : done.error();
    r.object = dialect::responses::standing_response(terms_of(run), r.status, run.cancelled() ? nullptr : &error);
    return r;
}
}  // namespace

rt::Task<Status> BackgroundRun::whole(int, net::Headers, net::Pieces) { co_return Status{}; }
rt::Task<Status> BackgroundRun::begin(net::Headers) { co_return Status{}; }
rt::Task<Status> BackgroundRun::end() { co_return Status{}; }

rt::Task<Status> BackgroundRun::write(net::Pieces pieces) {
    const std::lock_guard lock(mutex_);
    for (const auto p : pieces)
        if (streamed_.size() + p.size() <= max_kept_stream) streamed_ += p;
    co_return Status{};
}

BackgroundRun::Streamed BackgroundRun::streamed(size_t from) const {
    const std::lock_guard lock(mutex_);
    return {from < streamed_.size() ? streamed_.substr(from) : std::string(), done_};
}

void BackgroundRun::finished() {
    const std::lock_guard lock(mutex_);
    done_ = true;
}

void BackgroundRun::cancel() {
    cancelled_ = true;
    loop->post([self = shared_from_this()] { self->stop_.stop(ErrorCode::client_gone); });
}

Status BackgroundRuns::add(const std::shared_ptr<BackgroundRun>& run) {
    const std::lock_guard lock(mutex_);
    int64_t& running = running_[run->stored.owner.account.value];
    if (running >= most_)
        return Error(ErrorCode::rate_limited, fmt::format("{} background responses of this account run already", most_))
            .retry_after_ms(1'000);
    ++running;
    runs_.emplace(run->stored.id, run);
    return {};
}

std::shared_ptr<BackgroundRun> BackgroundRuns::find(const records::ResponseOwner& owner, const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto at = runs_.find(id);
    return at != runs_.end() && at->second->stored.owner == owner ? at->second : nullptr;
}

void BackgroundRuns::remove(const BackgroundRun& run) {
    const std::lock_guard lock(mutex_);
    if (!runs_.erase(run.stored.id)) return;
    const auto running = running_.find(run.stored.owner.account.value);
    if (--running->second == 0) running_.erase(running);
}

rt::Task<> run_in_background(std::shared_ptr<BackgroundRun> run, gateway::Gateway* gateway, store::Store* store,
                             std::shared_ptr<records::Responses> responses, std::shared_ptr<BackgroundRuns> runs) {
    auto done = co_await gateway->run(run->call, *run);
    // A good end was written with its charge; then this changes nothing.
    store::Batch batch;
    batch.ops.push_back(responses->end_op(ended_badly(*run, done)));
    auto written = co_await store->commit(std::move(batch));
    if (!written)
        log::error("background_end", {{"request_id", run->call.request_id}, {"why", written.error().message()}});
    runs->remove(*run);
    run->finished();
}

}  // namespace aig::api
