// `aig call`: one chat. The answer goes to standard output as it comes; what it cost goes to standard error.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "base/json.h"
#include "base/money.h"
#include "canon/sse.h"
#include "cli/detail/account.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"

namespace aig::cli {
namespace {
constexpr size_t max_prompt = 16 << 20;
constexpr int64_t call_timeout_ms = 600'000;

struct CallOptions {
    Account account;
    std::string model, system;
    std::vector<std::string> prompt;
    std::optional<int64_t> max_tokens;
    bool stream = true, show_cost = true;
};

/// A money number of a reply (4.2e-5) as plain decimal text; "" when there is none.
std::string plain_money(JsonRef v) {
    if (!v.is_number()) return {};
    auto nanos = parse_decimal(v.raw(), 9, "cost");
    return nanos ? dollars_number(*nanos) : std::string(v.raw());
}

/// Collects what a streamed reply says besides its text.
struct Reading {
    explicit Reading(std::ostream& to) : out(to) {}
    std::ostream& out;
    canon::SseReader reader;
    std::string cost;
    std::optional<Error> error;
    bool done = false, ends_with_line = true;

    void text(std::string_view t) {
        if (t.empty()) return;
        out << t << std::flush;
        ends_with_line = t.ends_with('\n');
    }
    void event(std::string_view data) {
        if (data == "[DONE]") {
            done = true;
            return;
        }
        auto doc = JsonDoc::parse(data);
        if (!doc) return;
        const auto r = doc->root();
        if (r["error"]) error = gateway_error(200, data);
        for (const JsonRef choice : r["choices"]) text(choice["delta"]["content"].text());
        if (auto c = plain_money(r["usage"]["cost"]); !c.empty()) cost = std::move(c);
    }
    Status feed(std::string_view bytes) {
        TRYV(reader.feed(bytes));
        for (canon::SseEvent e; reader.next(e);)
            if (e.has_data) event(e.data);
        return {};
    }
};

Result<std::string> prompt_of(const Context& context, const CallOptions& o) {
    std::string prompt;
    for (const auto& word : o.prompt) prompt += (prompt.empty() ? "" : " ") + word;
    if (prompt.empty()) {
        prompt.assign(std::istreambuf_iterator<char>(context.in), {});
        if (prompt.size() > max_prompt) return Error(ErrorCode::too_large, "The prompt is longer than 16 MiB.");
    }
    if (prompt.empty())
        return Error(ErrorCode::bad_param, "There is no prompt: give it as words or on standard input.");
    return prompt;
}

/// The first text model that the gateway lists.
Result<std::string> any_model(const Account& account) {
    TRY(const auto reply, http_call({.base_url = account.url, .target = "/v1/models", .bearer = account.key}));
    if (reply.status != 200) return gateway_error(reply.status, reply.body);
    TRY(const auto doc, JsonDoc::parse(reply.body));
    for (const JsonRef m : doc.root()["data"])
        if (m["modality"].text() == "text" || !m["modality"]) return std::string(m["id"].text());
    return Error(ErrorCode::model_not_found, "The gateway lists no text model; name one with --model.");
}

std::string body_of(const CallOptions& o, const std::string& model, const std::string& prompt) {
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("model", model).key("messages").begin_array();
    if (!o.system.empty()) w.begin_object().field("role", "system").field("content", o.system).end_object();
    w.begin_object().field("role", "user").field("content", prompt).end_object().end_array();
    if (o.max_tokens) w.field("max_tokens", *o.max_tokens);
    if (o.stream)
        w.field("stream", true).key("stream_options").begin_object().field("include_usage", true).end_object();
    w.end_object();
    return body;
}

/// X-Cost-Cents in dollars.
std::string cost_of_header(const net::Headers& headers) {
    auto hundredths = parse_decimal(headers.get("x-cost-cents"), 7, "x-cost-cents");
    return hundredths ? dollars_number(*hundredths) : "";
}

/// Cost and balance in one currency, the wallet's: what a key's surface shows may be another one.
void say_cost(const Context& context, const Account& account, const std::string& model, const std::string& cost) {
    auto reply = http_call({.base_url = account.url, .target = "/v1/balance", .bearer = account.key});
    auto doc = JsonDoc::parse(reply && reply->status == 200 ? reply->body : "{}");
    const auto cents =
        doc ? parse_decimal(doc->root()["balance_cents"].raw(), 7, "balance_cents") : Error(ErrorCode::internal);
    const auto currency = doc ? doc->root()["wallet_currency"].text() : std::string_view();
    context.err << fmt::format("{}  cost {}  balance {} {}\n", model, cost.empty() ? "unknown" : cost,
                               cents ? dollars_number(*cents) : "unknown", currency);
}

Result<std::string> call_streamed(const Context& context, const HttpCall& call) {
    Reading reading(context.out);
    TRY(const auto reply, http_stream(call, [&](std::string_view bytes) { return reading.feed(bytes); }));
    if (!reading.ends_with_line) context.out << "\n";
    if (reply.status != 200) return gateway_error(reply.status, reply.body);
    if (reading.error) return *reading.error;
    if (!reading.done) return Error(ErrorCode::upstream_truncated, "The answer broke off.");
    return reading.cost;
}

Result<std::string> call_whole(const Context& context, const HttpCall& call) {
    TRY(const auto reply, http_call(call));
    if (reply.status != 200) return gateway_error(reply.status, reply.body);
    TRY(const auto doc, JsonDoc::parse(reply.body));
    for (const JsonRef choice : doc.root()["choices"]) context.out << choice["message"]["content"].text() << "\n";
    auto cost = plain_money(doc.root()["usage"]["cost"]);
    return cost.empty() ? cost_of_header(reply.headers) : cost;
}

Status call(const Context& context, const CallOptions& o) {
    TRY(const Account account, find_account(context, o.account, true));
    TRY(const std::string prompt, prompt_of(context, o));
    std::string model = o.model;
    if (model.empty()) {
        TRY(model, any_model(account));
    }
    const HttpCall http{.method = "POST",
                        .base_url = account.url,
                        .target = "/v1/chat/completions",
                        .bearer = account.key,
                        .body = body_of(o, model, prompt),
                        .timeout_ms = call_timeout_ms};
    TRY(const std::string cost, o.stream ? call_streamed(context, http) : call_whole(context, http));
    if (o.show_cost) say_cost(context, account, model, cost);
    return {};
}

}  // namespace

Action build_call(Spec& spec) {
    auto o = std::make_shared<CallOptions>();
    spec.rest("PROMPT", o->prompt, "what to say (standard input)");
    spec.text("--model", "ID", o->model, "the model (the first text model listed; see aig models)");
    spec.text("--system", "TEXT", o->system, "a system message before it");
    spec.whole("--max-tokens", o->max_tokens, 1, 100'000'000, "the longest answer");
    spec.toggle("--stream,!--no-stream", o->stream, "print the answer as it comes (on)");
    spec.toggle("--show-cost,!--no-show-cost", o->show_cost, "print cost and balance to standard error (on)");
    account_options(spec, o->account);
    return [o](const Context& c) {
        const auto done = call(c, *o);
        return done ? exit_ok : fail(c, done.error());
    };
}

}  // namespace aig::cli
