#include "sim/detail/brain.h"

#include <fmt/format.h>

#include <algorithm>

namespace aig::sim {

namespace {

Reply plain(int status, std::string body) {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.set("content-type", "application/json");
    return reply;
}

/// Whose wire it is, by its path; null: nobody's.
const Vendor* vendor_of(const Request& request, Place& place) {
    for (const Vendor* v : vendors()) {
        place = {};
        if (v->serves(request, place)) return v;
    }
    return nullptr;
}

bool missing_model(std::string_view model) {
    return model.find("does-not-exist") != std::string_view::npos ||
           model.find("non-existent") != std::string_view::npos;
}

}  // namespace

/// Vendors cache from 1,024 tokens on. OpenAI matches prefixes by itself, in steps of 128; Anthropic up to marked
/// places.
void PromptCache::apply(const Ask& ask, Usage& usage) {
    constexpr int64_t least = 1'024;
    constexpr size_t most = 10'000;
    if (ask.model.ends_with(":cached")) usage.cached = usage.input / 2;
    if (ask.prefixes.empty() || ask.prefixes.back().tokens < least || usage.cached > 0) return;
    const std::lock_guard lock(mutex_);
    int64_t known = 0;
    for (const PromptPrefix& p : ask.prefixes)
        if (p.tokens >= least && seen_.count(p.hash)) known = p.tokens;
    if (seen_.size() + ask.prefixes.size() > most) seen_.clear();
    for (const PromptPrefix& p : ask.prefixes)
        if (p.tokens >= least) seen_.insert(p.hash);
    if (ask.wire->caches_every_message) {
        usage.cached = known / 128 * 128;
        return;
    }
    usage.cached = known;
    usage.cache_write = ask.prefixes.back().tokens - known;
    usage.one_hour = ask.cache_one_hour;
}

void PromptCache::clear() {
    const std::lock_guard lock(mutex_);
    seen_.clear();
}

Script Brain::answer(const Request& request, Call& call) {
    Script script;
    Reply reply;
    const std::string_view path = request.path;
    if (path == "/sim/stats") {
        reply = plain(200, stats_.json());
    } else if (path == "/sim/reset" && request.method == "POST") {
        reset();
        reply = plain(200, "{\"reset\":true}");
    } else if (path == "/sim/redirected") {
        stats_.redirected();
        reply = plain(200, "{\"redirected\":true}");
    } else {
        Place place;
        const Vendor* vendor = vendor_of(request, place);
        reply =
            vendor ? wire_reply(request, *vendor, std::move(place), call, script)
                   : refusal_reply(openai_vendor(), {404, "invalid_request_error",
                                                     fmt::format("Invalid URL ({} {})", request.method, path), "", ""});
    }
    call.status = reply.status;
    if (script.steps.empty() && script.complete) script = frame(reply);
    if (!request.keep_alive && script.end == End::keep) script.end = End::close;
    return script;
}

void Brain::done(const Call& call) {
    if (!call.counts) return;
    stats_.end(call);
    if (bill_) bill_->add(call);
}

void Brain::reset() {
    stats_.reset();
    cache_.clear();
}

Checked Brain::refuse_model(const Vendor& vendor, std::string_view model) {
    const int64_t before = stats_.begin(std::string(model));
    const FaultChoice choice = fault_of(model);
    if ((choice.named && !choice.fault) || missing_model(model)) return vendor.unknown_model(model);
    // fail_times has had its failures: from here on it is a model like any other.
    if (choice.fault && choice.fault->name == "fail_times" && before < choice.k)
        return Refusal{500, "server_error", "The server had an error while processing your request. Sorry about that!",
                       "", ""};
    return {};
}

Reply Brain::wire_reply(const Request& request, const Vendor& vendor, Place place, Call& call, Script& script) {
    call.counts = place.task == Task::generate || place.task == Task::embed;
    call.wire = vendor.name;
    place.account = account_of(request);
    call.request_id =
        request.header("x-request-id").empty() ? request.header("x-aig-request-id") : request.header("x-request-id");
    auto refused = [&](const Refusal& r) {
        if (call.model.empty() && call.counts) stats_.begin("");
        return refusal_reply(vendor, r);
    };
    if (call.counts && request.method != "POST")
        return refused({405, "invalid_request_error",
                        fmt::format("Not allowed to {} on {}.", request.method, request.path), "", ""});
    if (auto r = vendor.admit(request, options_.api_key)) return refused(*r);
    if (place.task == Task::models) return vendor.models();
    const auto doc = JsonDoc::parse(request.body);
    if (!doc) return refused({400, "invalid_request_error", std::string(vendor.words.not_json), "", ""});
    const JsonRef root = doc->root();
    if (place.task == Task::count) return vendor.count(root, place);
    if (place.model.empty()) place.model = root["model"].text();
    call.model = place.model;
    if (!call.model.empty())
        if (auto r = refuse_model(vendor, call.model)) return refusal_reply(vendor, *r);
    if (const auto canned = canned_.find(call.model); canned != canned_.end()) {
        call.completed = true;
        script = frame(canned->second.reply);
        script.steps.front().wait_ms = canned->second.wait_ms;
        return canned->second.reply;
    }
    return place.task == Task::embed ? embed(root, vendor, place, call, script)
                                     : generate(root, vendor, place, call, script);
}

Reply Brain::generate(JsonRef root, const Vendor& vendor, const Place& place, Call& call, Script& script) {
    Ask ask;
    ask.wire = &vendor;
    ask.account = place.account;
    if (auto r = vendor.read(root, place, ask)) {
        if (call.model.empty()) stats_.begin("");
        return refusal_reply(vendor, *r);
    }
    call.stream = ask.stream;
    Answer answer = make_answer(ask, salt_.fetch_add(1, std::memory_order_relaxed) * 1'000'003);
    cache_.apply(ask, answer.usage);
    const FaultChoice choice = fault_of(call.model);
    if (choice.fault && choice.fault->bend) choice.fault->bend(answer);
    call.id = answer.id;
    call.input_tokens = answer.usage.input;
    call.states = ask.states;
    Reply reply = vendor.write(ask, answer);
    play_fault(reply, choice, {&vendor, ask.stream, choice.k, options_.hold_ms, port_}, script);
    if (reply.status >= 300) call.input_tokens = 0;
    return reply;
}

Reply Brain::embed(JsonRef root, const Vendor& vendor, const Place& place, Call& call, Script& script) {
    Reply reply;
    if (auto r = vendor.embed(root, place, reply, call.input_tokens)) {
        if (call.model.empty()) stats_.begin("");
        call.input_tokens = 0;
        return refusal_reply(vendor, *r);
    }
    const FaultChoice choice = fault_of(call.model);
    play_fault(reply, choice, {&vendor, false, choice.k, options_.hold_ms, port_}, script);
    if (reply.status >= 300) call.input_tokens = 0;
    return reply;
}

void Brain::play_fault(Reply& reply, const FaultChoice& choice, FaultCall how, Script& script) {
    const Fault* fault = choice.fault;
    if (!fault || fault->name == "fail_times") return;
    if (fault->edit) fault->edit(reply, how);
    if (fault->play)
        script = fault->play(reply, how);
    else
        script = frame(reply);
    const Ends ends = how.stream ? fault->streamed : fault->whole;
    if (ends == Ends::odd || ends == Ends::error) script.complete = false;
}

}  // namespace aig::sim
