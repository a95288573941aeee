#include "api/openai/responses.h"

#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "api/idempotent.h"
#include "api/inference.h"
#include "api/openai/background.h"
#include "api/openai/compaction.h"
#include "api/openai/follow.h"
#include "api/openai/response_body.h"
#include "base/time.h"
#include "dialect/openai_responses/openai_responses.h"
#include "dialect/registry.h"

namespace aig::api {
namespace {

records::ResponseOwner owner_of(const Request& request) {
    return {request.principal->account, request.principal->sub_account};
}

/// Its own word for a chain that breaks: the id is a parameter here, not the thing asked for.
Error previous_missing(Error error) {
    if (error.code() != ErrorCode::resource_not_found) return error;
    return Error(ErrorCode::bad_param, error.message())
        .param("previous_response_id")
        .reason("previous_response_not_found");
}

Status may_use_state(const Request& request, const ResponseBody& body) {
    if (request.services.responses) {
        if (body.background() && !body.store())
            return Error(ErrorCode::bad_param, "A background response is stored: send it without `store: false`.")
                .param("background");
        return {};
    }
    const auto needed = body.background() ? "background" : body.previous_id().empty() ? "" : "previous_response_id";
    if (!*needed) return {};
    return Error(ErrorCode::bad_param,
                 fmt::format("This deployment stores no responses (responses.store is off), which "
                             "`{}` needs: send the whole input.",
                             needed))
        .param(needed);
}

/// References to items of ours become the items; others stay, and only the provider that gave them can read them.
rt::Task<Status> resolve_references(Request& request, ResponseBody& body) {
    if (!request.services.responses) co_return Status{};
    for (const auto& id : body.references()) {
        size_t place = 0;
        const std::string response = dialect::responses::response_of_item(id, place);
        auto found = co_await request.services.responses->find(owner_of(request), response, request.started_us);
        if (!found && found.error().code() != ErrorCode::resource_not_found) co_return std::move(found).error();
        std::string item = found ? output_item(*found, id) : std::string();
        if (item.empty()) co_return Error(ErrorCode::bad_param, "There is no stored item '" + id + "'.").param("input");
        body.resolve(id, std::move(item));
    }
    co_return Status{};
}

/// What was said before the request's own items; these are made ready to stand behind it.
rt::Task<Result<std::string>> said_before(Request& request, ResponseBody& body) {
    CO_TRYV(co_await resolve_references(request, body));
    if (request.services.sealer) CO_TRYV(body.open_compactions(request.principal->account, *request.services.sealer));
    const std::string previous = body.previous_id();
    if (previous.empty()) co_return std::string();
    auto chain = co_await request.services.responses->chain(owner_of(request), previous, request.started_us,
                                                            request.services.max_json_body);
    if (!chain) co_return previous_missing(std::move(chain).error());
    co_return conversation(*chain);
}

/// The body as the gateway gets it: with what was said before in front of what is new.
rt::Task<Result<std::string>> expand(Request& request, ResponseBody& body) {
    CO_TRY(const std::string before, co_await said_before(request, body));
    co_return body.expanded(before);
}

records::StoredResponse row_of(const Request& request, const ResponseBody& body) {
    records::StoredResponse r;
    r.id = dialect::responses::response_id(request.request_id);
    r.previous_id = body.previous_id();
    r.owner = owner_of(request);
    r.background = body.background();
    r.created_us = request.started_us;
    r.expires_us = request.started_us + request.services.response_retention_us;
    r.input = body.own_input();
    return r;
}

std::string status_in(std::string_view object) {
    const auto doc = JsonDoc::parse(object);
    return doc ? std::string(doc->root()["status"].text()) : std::string();
}

/// Writes the answer in the transaction of its charge, beside what the request keeps for its repetition.
gateway::KeepReply keep_response(std::shared_ptr<records::Responses> responses, records::StoredResponse row,
                                 gateway::KeepReply also) {
    return [responses, row = std::move(row), also = std::move(also)](store::Db& db,
                                                                     const gateway::FinalReply& reply) -> Status {
        if (also) TRYV(also(db, reply));
        if (reply.object.empty()) return {};
        records::StoredResponse r = row;
        r.object = reply.object;
        r.status = status_in(reply.object);
        return responses->keep(db, r);
    };
}

gateway::KeepReply end_response(std::shared_ptr<records::Responses> responses, std::weak_ptr<BackgroundRun> running) {
    return [responses, running](store::Db& db, const gateway::FinalReply& reply) -> Status {
        const auto run = running.lock();
        if (!run || reply.object.empty()) return {};
        records::StoredResponse r = run->stored;
        r.object = reply.object;
        r.status = status_in(reply.object);
        r.events = run->streamed(0).text;
        if (r.events.size() + reply.tail.size() > max_kept_stream)
            r.events.clear();
        else
            r.events += reply.tail;
        return responses->end(db, r);
    };
}

/// A compacted conversation, made once: what is kept for a repetition is what goes out. Any thread.
class Compacted {
  public:
    Compacted(std::string items, AccountId account, const store::Sealer& sealer)
        : items_(std::move(items)), account_(account), sealer_(sealer) {}
    Result<std::string> of(std::string_view response) {
        const std::lock_guard lock(mutex_);
        if (!made_) made_ = compacted(response, items_, account_, sealer_);
        return *made_;
    }

  private:
    const std::string items_;
    const AccountId account_;
    const store::Sealer& sealer_;
    std::mutex mutex_;
    std::optional<Result<std::string>> made_;
};

/// A reply that could not be made is kept as one that cannot be repeated: the charge must not fail for it.
gateway::KeepReply keep_compacted(std::shared_ptr<Compacted> made, gateway::KeepReply also) {
    return [made = std::move(made), also = std::move(also)](store::Db& db, const gateway::FinalReply& reply) {
        gateway::FinalReply ours = reply;
        const auto object = reply.whole ? made->of(reply.tail) : Error(ErrorCode::upstream_empty);
        ours.whole = object.ok();
        ours.tail = object ? std::string_view(*object) : std::string_view();
        return also(db, ours);
    };
}

canon::ReplyTerms terms_of(const Request& request, std::string_view body, std::string model) {
    canon::ReplyTerms t;
    t.body = body;
    t.public_model = std::move(model);
    t.request_id = request.request_id;
    t.created_s = request.started_us / 1'000'000;
    return t;
}

/// What would refuse the call at once is said at once.
Result<canon::Envelope> check_call(const Request& request, std::string_view body) {
    TRY(auto envelope, dialect::openai_responses().peek({canon::Operation::chat, body}));
    TRY(const auto model, request.services.catalogue->get()->resolve(envelope.model));
    if (!request.principal->allows(model->id))
        return Error(ErrorCode::model_forbidden, "this key may not use '" + model->id + "'").param("model");
    return envelope;
}

/// Accepts it: stored as queued, counted, started.
rt::Task<Status> start_run(Request& request, gateway::Call call, records::StoredResponse row, std::string body) {
    const auto& s = request.services;
    CO_TRY(const auto envelope, check_call(request, body));
    row.status = "queued";
    // Repeated while it runs; what the caller said is in its own items already.
    CO_TRY(const auto read, ResponseBody::read(body));
    row.request = read.without_input();
    auto run = std::make_shared<BackgroundRun>(std::move(row), ResponseBody::streamed(body));
    run->call = std::move(call);
    run->call.in.body = run->body();
    run->loop = rt::Loop::current();
    run->call.keep = end_response(s.responses, run);
    CO_TRYV(s.background->add(run));
    const std::string object = dialect::responses::standing_response(
        terms_of(request, run->stored.request, envelope.model), run->stored.status);
    store::Batch batch;
    batch.ops.push_back(s.responses->keep_op(run->stored));
    for (auto& op : keep_reply(request, 200, object)) batch.ops.push_back(std::move(op));
    auto accepted = co_await s.store->commit(std::move(batch));
    if (!accepted) {
        s.background->remove(*run);
        co_return std::move(accepted).error();
    }
    rt::Loop::current()->spawn(
        [run, gateway = s.gateway, store = s.store, responses = s.responses, runs = s.background] {
            return run_in_background(run, gateway, store, responses, runs);
        });
    if (envelope.stream) {
        auto followed = co_await follow_run(request, run, -1);
        co_return followed;
    }
    auto sent = co_await reply_json(request, 200, object);
    co_return sent;
}
}  // namespace

rt::Task<Status> create_response(Request& request) {
    gateway::Call call;
    CO_TRYV(fill_call(call, request, dialect::openai_responses(), {canon::Operation::chat, {}}));
    CO_TRY(const auto taken, co_await take_body(request, request.services.max_json_body));
    CO_TRY(auto body, ResponseBody::read(taken.bytes));
    CO_TRYV(may_use_state(request, body));
    std::string expanded;
    if (!body.previous_id().empty() || !body.references().empty() || body.has_compactions()) {
        CO_TRY(expanded, co_await expand(request, body));
    }
    const std::string_view text = expanded.empty() ? std::string_view(taken.bytes) : expanded;
    const bool stored = request.services.responses && body.store() && !call.explain;
    if (stored && body.background()) {
        auto started = co_await start_run(request, std::move(call), row_of(request, body), std::string(text));
        co_return started;
    }
    call.in.body = text;
    call.keep = keep_call(request);
    if (stored) call.keep = keep_response(request.services.responses, row_of(request, body), std::move(call.keep));
    auto done = co_await run_call(request, call);
    co_return done;
}

rt::Task<Status> compact_response(Request& request) {
    gateway::Call call;
    CO_TRYV(fill_call(call, request, dialect::openai_responses(), {canon::Operation::chat, {}}));
    CO_TRY(const auto taken, co_await take_body(request, request.services.max_json_body));
    CO_TRY(auto body, ResponseBody::read(taken.bytes));
    CO_TRYV(may_use_state(request, body));
    if (!request.services.sealer) co_return Error(ErrorCode::internal, "nothing seals compacted conversations");
    CO_TRY(const std::string before, co_await said_before(request, body));
    const std::string items = body.items(before);
    CO_TRY(const std::string text, compaction_call(body.json(), items));
    call.in.body = text;
    auto made = std::make_shared<Compacted>(items, request.principal->account, *request.services.sealer);
    if (auto also = keep_call(request)) call.keep = keep_compacted(made, std::move(also));
    Rewrite rewrite;
    if (!call.explain) rewrite = [made](std::string_view response) { return made->of(response); };
    auto done = co_await run_call(request, call, std::move(rewrite));
    co_return done;
}

rt::Task<Status> count_input_tokens(Request& request) {
    CO_TRY(const auto taken, co_await take_body(request, request.services.max_json_body));
    CO_TRY(auto body, ResponseBody::read(taken.bytes));
    CO_TRYV(may_use_state(request, body));
    CO_TRY(std::string text, co_await expand(request, body));
    auto tokenizer = canon::Tokenizer::openai;
    if (body.has_model()) {
        CO_TRY(const auto envelope, check_call(request, text));
        CO_TRY(const auto model, request.services.catalogue->get()->resolve(envelope.model));
        tokenizer = model->tokenizer;
    } else {
        text.insert(text.find('{') + 1, "\"model\":\"-\",");
    }
    CO_TRY(const auto envelope, dialect::openai_responses().peek({canon::Operation::chat, text}));
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("object", "response.input_tokens")
        .field("input_tokens", canon::estimate_tokens(envelope.size, tokenizer))
        .field("estimated", true)
        .end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
