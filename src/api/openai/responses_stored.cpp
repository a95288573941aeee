// What a caller may do with a response that was stored: read it, follow its stream, list its input, cancel, delete.
#include <charconv>

#include <fmt/format.h>

#include <algorithm>

#include "api/openai/background.h"
#include "api/openai/follow.h"
#include "api/openai/response_body.h"
#include "api/openai/responses.h"
#include "base/time.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::api {
namespace {

constexpr int64_t most_items = 100, default_items = 20;
/// A run ends at once, but for providers that bill a call in full: then its state is told as it is.
constexpr int64_t look_ms = 10, most_looks = 500;
constexpr std::string_view id_prefix = "resp_";

records::ResponseOwner owner_of(const Request& request) {
    return {request.principal->account, request.principal->sub_account};
}

rt::Task<Result<records::StoredResponse>> find(Request& request) {
    if (!request.services.responses)
        co_return Error(ErrorCode::resource_not_found, "This deployment stores no responses (responses.store is off).");
    auto found = co_await request.services.responses->find(owner_of(request), request.arg, now_us());
    co_return found;
}

/// While it runs, and where a stopped process left it, the object is made from the request.
std::string object_of(const records::StoredResponse& r) {
    if (!r.object.empty()) return r.object;
    canon::ReplyTerms t;
    t.body = r.request;
    const auto doc = JsonDoc::parse(r.request);
    t.public_model = doc ? std::string(doc->root()["model"].text()) : std::string();
    t.request_id = "req_" + r.id.substr(std::min(r.id.size(), id_prefix.size()));
    t.created_s = r.created_us / 1'000'000;
    const Error stopped(ErrorCode::draining);
    const bool failed = r.status == "failed";
    return dialect::responses::standing_response(t, failed ? "failed" : "in_progress", failed ? &stopped : nullptr);
}

Result<int64_t> number(std::string_view query, std::string_view name, int64_t otherwise, int64_t least, int64_t most) {
    const std::string text = net::query_value(query, name);
    if (text.empty()) return otherwise;
    int64_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc{} || end != text.data() + text.size() || n < least || n > most)
        return Error(ErrorCode::bad_param, fmt::format("`{}` must be a whole number from {} to {}", name, least, most))
            .param(std::string(name));
    return n;
}

rt::Task<Status> stream_stored(Request& request, records::StoredResponse r) {
    CO_TRY(const int64_t after, number(request.http.head().query, "starting_after", -1, 0, INT64_MAX));
    if (auto run = request.services.background->find(owner_of(request), r.id)) {
        auto followed = co_await follow_run(request, std::move(run), after);
        co_return followed;
    }
    if (r.events.empty())
        co_return Error(ErrorCode::bad_param,
                        "Only the stream of a background response can be had again; read this one without `stream`.")
            .param("stream");
    auto sent = co_await send_kept_stream(request, std::move(r.events), after);
    co_return sent;
}

// ---- input items

/// An item as it is listed: with an id, a status, and its content as parts.
std::string listed(JsonRef item, std::string_view stem, size_t n) {
    std::string out;
    JsonWriter w(out);
    const auto type = item["type"].text();
    const bool message = type.empty() || type == "message";
    w.begin_object();
    if (item["id"].text().empty())
        w.field("id", fmt::format("{}_{}_in{}", message ? "msg" : type == "reasoning" ? "rs" : "fc", stem, n));
    if (type.empty()) w.field("type", "message");
    if (!item["status"].is_string()) w.field("status", "completed");
    for (const JsonRef m : item) {
        if (m.is_null() && (m.key() == "id" || m.key() == "status")) continue;
        if (m.key() == "id" && m.text().empty()) continue;
        w.key(m.key());
        if (message && m.key() == "content" && m.is_string()) {
            const bool ours = item["role"].text() == "assistant";
            w.begin_array().begin_object().field("type", ours ? "output_text" : "input_text").field("text", m.text());
            if (ours) w.key("annotations").begin_array().end_array();
            w.end_object().end_array();
        } else {
            w.raw(m.raw());
        }
    }
    w.end_object();
    return out;
}

struct Listed {
    std::string id, json;
};

std::vector<Listed> all_items(const std::vector<records::StoredResponse>& chain) {
    auto before = chain;
    before.back().object.clear();  // its own answer is no input
    const auto doc = JsonDoc::parse('[' + conversation(before) + ']');
    std::vector<Listed> out;
    if (!doc) return out;
    const std::string stem = chain.back().id.substr(id_prefix.size());
    for (const JsonRef item : doc->root()) {
        Listed one;
        one.json = listed(item, stem, out.size());
        const auto whole = JsonDoc::parse(one.json);
        one.id = whole ? std::string(whole->root()["id"].text()) : std::string();
        out.push_back(std::move(one));
    }
    return out;
}

/// "first_id" and "last_id" are of this page.
std::string page(const std::vector<Listed>& items, size_t from, size_t limit) {
    const size_t to = std::min(items.size(), from + limit);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("object", "list").key("data").begin_array();
    for (size_t i = from; i < to; ++i) w.raw(items[i].json);
    w.end_array().field("has_more", to < items.size());
    if (from < to)
        w.field("first_id", items[from].id).field("last_id", items[to - 1].id);
    else
        w.field_null("first_id").field_null("last_id");
    w.end_object();
    return out;
}
}  // namespace

rt::Task<Status> get_response(Request& request) {
    CO_TRY(auto found, co_await find(request));
    if (net::query_value(request.http.head().query, "stream") == "true") {
        auto streamed = co_await stream_stored(request, std::move(found));
        co_return streamed;
    }
    auto sent = co_await reply_json(request, 200, object_of(found));
    co_return sent;
}

rt::Task<Status> delete_response(Request& request) {
    CO_TRY(const auto found, co_await find(request));
    if (const auto run = request.services.background->find(owner_of(request), found.id)) run->cancel();
    CO_TRYV(co_await request.services.responses->remove(owner_of(request), found.id, now_us()));
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("id", found.id)
        .field("object", "response.deleted")
        .field("deleted", true)
        .end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

rt::Task<Status> cancel_response(Request& request) {
    CO_TRY(auto found, co_await find(request));
    if (!found.background)
        co_return Error(ErrorCode::bad_request, "Only a response that runs in the background can be cancelled.");
    const auto run = request.services.background->find(owner_of(request), found.id);
    if (run) {
        run->cancel();
        for (int64_t i = 0; i < most_looks && !run->streamed(SIZE_MAX).done; ++i)
            co_await rt::Loop::current()->sleep_ms(look_ms);
        CO_TRY(found, co_await find(request));
    }
    auto sent = co_await reply_json(request, 200, object_of(found));
    co_return sent;
}

rt::Task<Status> list_input_items(Request& request) {
    const auto& query = request.http.head().query;
    CO_TRY(const int64_t limit, number(query, "limit", default_items, 1, most_items));
    const std::string order = net::query_value(query, "order"), after = net::query_value(query, "after");
    if (!order.empty() && order != "asc" && order != "desc")
        co_return Error(ErrorCode::bad_param, "`order` must be asc or desc").param("order");
    CO_TRY(const auto found, co_await find(request));
    CO_TRY(const auto chain, co_await request.services.responses->chain(owner_of(request), found.id, now_us(),
                                                                        request.services.max_json_body));
    auto items = all_items(chain);
    if (order != "asc") std::reverse(items.begin(), items.end());
    size_t from = 0;
    if (!after.empty()) {
        const auto at = std::find_if(items.begin(), items.end(), [&](const Listed& i) { return i.id == after; });
        if (at == items.end()) co_return Error(ErrorCode::bad_param, "`after` is none of its items").param("after");
        from = static_cast<size_t>(at - items.begin()) + 1;
    }
    auto sent = co_await reply_json(request, 200, page(items, from, static_cast<size_t>(limit)));
    co_return sent;
}

}  // namespace aig::api
