#include "sim/detail/brain.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

std::string_view bearer(std::string_view authorization) {
    if (authorization.size() < 7 || (!authorization.starts_with("Bearer ") && !authorization.starts_with("bearer ")))
        return "";
    return authorization.substr(7);
}

/// The path says which wire; the list of models is asked for at one path on both, and only Anthropic's clients send a
/// version.
WireKind wire_of(const Request& request) {
    const bool models = request.path.starts_with("/v1/models") && !request.header("anthropic-version").empty();
    return models || request.path.starts_with("/v1/messages") ? WireKind::anthropic : WireKind::openai;
}

Reply plain(int status, std::string body) {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.set("content-type", "application/json");
    return reply;
}

Refusal unknown_model(std::string_view model, WireKind wire) {
    if (wire == WireKind::anthropic) return {404, "not_found_error", fmt::format("model: {}", model), "", ""};
    return {404, "invalid_request_error",
            fmt::format("The model `{}` does not exist or you do not have access to it.", model), "",
            "model_not_found"};
}

bool missing_model(std::string_view model) {
    return model.find("does-not-exist") != std::string_view::npos ||
           model.find("non-existent") != std::string_view::npos;
}

}  // namespace

/// Both vendors cache from 1,024 tokens on. OpenAI matches prefixes by itself, in steps of 128; Anthropic up to marked
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
    if (ask.wire == WireKind::openai) {
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
    if (path == "/v1/chat/completions" || path == "/v1/messages" || path == "/v1/embeddings") {
        reply = wire_reply(request, wire_of(request), call, script);
    } else if (path == "/v1/messages/count_tokens") {
        reply = count_tokens(request);
    } else if (path == "/v1/models") {
        const auto refused = check_key(request, wire_of(request));
        reply = refused ? refusal_reply(wire_of(request), *refused) : models_reply(wire_of(request));
    } else if (path == "/sim/stats") {
        reply = plain(200, stats_.json());
    } else if (path == "/sim/reset" && request.method == "POST") {
        reset();
        reply = plain(200, "{\"reset\":true}");
    } else if (path == "/sim/redirected") {
        stats_.redirected();
        reply = plain(200, "{\"redirected\":true}");
    } else {
        reply = refusal_reply(wire_of(request), {404, "invalid_request_error",
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

Checked Brain::check_key(const Request& request, WireKind wire) const {
    std::string_view key = request.header("x-api-key");
    if (key.empty() || wire == WireKind::openai) {
        const std::string_view other = bearer(request.header("authorization"));
        if (!other.empty() || wire == WireKind::openai) key = other;
    }
    const bool openai = wire == WireKind::openai;
    if (key.empty())
        return Refusal{401, openai ? "invalid_request_error" : "authentication_error",
                       openai ? "You didn't provide an API key. You need to provide your API key in an Authorization "
                                "header using Bearer auth (i.e. "
                                "Authorization: Bearer YOUR_KEY)."
                              : "x-api-key header is required",
                       "", ""};
    if (options_.api_key.empty() || key == options_.api_key) return {};
    return Refusal{401, openai ? "invalid_request_error" : "authentication_error",
                   openai ? "Incorrect API key provided: ****. You can find your API key at "
                            "https://platform.openai.com/account/api-keys."
                          : "invalid x-api-key",
                   "", openai ? "invalid_api_key" : ""};
}

Reply Brain::wire_reply(const Request& request, WireKind wire, Call& call, Script& script) {
    call.counts = true;
    call.wire = wire == WireKind::openai ? "openai" : "anthropic";
    call.request_id =
        request.header("x-request-id").empty() ? request.header("x-aig-request-id") : request.header("x-request-id");
    auto refused = [&](const Refusal& r) {
        if (call.model.empty()) stats_.begin("");
        return refusal_reply(wire, r);
    };
    if (request.method != "POST")
        return refused({405, "invalid_request_error",
                        fmt::format("Not allowed to {} on {}.", request.method, request.path), "", ""});
    if (auto r = check_key(request, wire)) return refused(*r);
    if (request.path == "/v1/messages" && request.header("anthropic-version").empty())
        return refused({400, "invalid_request_error", "anthropic-version: header is required", "", ""});
    if (request.header("content-type").find("application/json") == std::string_view::npos && wire == WireKind::openai)
        return refused({400, "invalid_request_error", "you must provide a model parameter", "",
                        ""});  // what OpenAI says to any other type
    const auto doc = JsonDoc::parse(request.body);
    if (!doc)
        return refused({400, "invalid_request_error",
                        wire == WireKind::openai ? "We could not parse the JSON body of your request."
                                                 : "The request body is not valid JSON: " + doc.error().message(),
                        "", ""});
    const JsonRef root = doc->root();
    call.model = root["model"].text();
    if (!call.model.empty()) {
        const int64_t before = stats_.begin(call.model);
        const FaultChoice choice = fault_of(call.model);
        if ((choice.named && !choice.fault) || missing_model(call.model))
            return refused(unknown_model(call.model, wire));
        // fail_times has had its failures: from here on it is a model like any other.
        if (choice.fault && choice.fault->name == "fail_times" && before < choice.k)
            return refused({500, "server_error",
                            "The server had an error while processing your request. Sorry about that!", "", ""});
    }
    if (const auto canned = canned_.find(call.model); canned != canned_.end()) {
        call.completed = true;
        script = frame(canned->second.reply);
        script.steps.front().wait_ms = canned->second.wait_ms;
        return canned->second.reply;
    }
    return request.path == "/v1/embeddings" ? embeddings(root, call, script) : generate(root, wire, call, script);
}

Reply Brain::generate(JsonRef root, WireKind wire, Call& call, Script& script) {
    Ask ask;
    if (auto r = wire == WireKind::openai ? read_openai_chat(root, ask) : read_anthropic_messages(root, ask)) {
        if (call.model.empty()) stats_.begin("");
        return refusal_reply(wire, *r);
    }
    call.stream = ask.stream;
    Answer answer = make_answer(ask, salt_.fetch_add(1, std::memory_order_relaxed) * 1'000'003);
    cache_.apply(ask, answer.usage);
    const FaultChoice choice = fault_of(call.model);
    if (choice.fault && choice.fault->bend) choice.fault->bend(answer);
    call.id = answer.id;
    call.input_tokens = answer.usage.input;
    Reply reply = write_answer(ask, answer);
    if (choice.fault) play_fault(reply, choice.fault, {wire, ask.stream, choice.k, options_.hold_ms, port_}, script);
    if (reply.status >= 300) call.input_tokens = 0;
    return reply;
}

Reply Brain::embeddings(JsonRef root, Call& call, Script& script) {
    Reply reply;
    std::string model;
    if (auto r = read_and_write_embeddings(root, reply, model, call.input_tokens)) {
        if (call.model.empty()) stats_.begin("");
        call.input_tokens = 0;
        return refusal_reply(WireKind::openai, *r);
    }
    const FaultChoice choice = fault_of(call.model);
    if (choice.fault)
        play_fault(reply, choice.fault, {WireKind::openai, false, choice.k, options_.hold_ms, port_}, script);
    if (reply.status >= 300) call.input_tokens = 0;
    return reply;
}

void Brain::play_fault(Reply& reply, const Fault* fault, FaultCall how, Script& script) {
    if (fault->name == "fail_times") return;
    if (fault->edit) fault->edit(reply, how);
    if (fault->play)
        script = fault->play(reply, how);
    else
        script = frame(reply);
    const Ends ends = how.stream ? fault->streamed : fault->whole;
    if (ends == Ends::odd || ends == Ends::error) script.complete = false;
}

Reply Brain::count_tokens(const Request& request) {
    if (auto r = check_key(request, WireKind::anthropic)) return refusal_reply(WireKind::anthropic, *r);
    // The route takes no max_tokens, which the reader wants: it is given one.
    std::string body = request.body;
    if (const size_t open = body.find('{'); open != std::string::npos) body.insert(open + 1, "\"max_tokens\":1000000,");
    const auto doc = JsonDoc::parse(body);
    if (!doc)
        return refusal_reply(WireKind::anthropic,
                             {400, "invalid_request_error", "The request body is not valid JSON", "", ""});
    Ask ask;
    if (auto r = read_anthropic_messages(doc->root(), ask)) return refusal_reply(WireKind::anthropic, *r);
    return plain(200, fmt::format("{{\"input_tokens\":{}}}", ask.input_tokens));
}

}  // namespace aig::sim
