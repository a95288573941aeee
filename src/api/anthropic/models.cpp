#include "api/anthropic/models.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/time.h"

namespace aig::api {
namespace {

constexpr size_t default_page = 20, largest_page = 1'000;

void write_model(JsonWriter& w, const catalogue::Model& m) {
    w.begin_object().field("type", "model").field("id", m.id).field("display_name", m.name.empty() ? m.id : m.name);
    w.field("created_at", iso_utc(m.created_s * 1'000'000).substr(0, 19) + 'Z');
    m.context ? w.field("max_input_tokens", m.context) : w.field_null("max_input_tokens");
    m.max_output ? w.field("max_tokens", m.max_output) : w.field_null("max_tokens");
    w.end_object();
}

using Models = std::vector<catalogue::ModelPtr>;

Models newest_first(const Request& request, const catalogue::Snapshot& snapshot) {
    Models all;
    for (const auto& [id, m] : snapshot.models)
        if (m->listed && m->modality == "text" && (!request.principal || request.principal->allows(m->id)))
            all.push_back(m);
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->created_s > b->created_s; });
    return all;
}

Result<size_t> page_size(std::string_view query) {
    const auto text = net::query_value(query, "limit");
    if (text.empty()) return default_page;
    size_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc{} || end != text.data() + text.size() || n < 1 || n > largest_page)
        return Error(ErrorCode::bad_param, "limit must be between 1 and 1000").param("limit");
    return n;
}

/// Where the model stands that a page begins or ends at; `none` when the query names no model.
Result<size_t> place_of(const Models& all, std::string_view query, std::string_view name, size_t none) {
    const auto id = net::query_value(query, name);
    if (id.empty()) return none;
    const auto at = std::find_if(all.begin(), all.end(), [&](const auto& m) { return m->id == id; });
    if (at == all.end())
        return Error(ErrorCode::bad_param, std::string(name) + " names no model of the list").param(std::string(name));
    return static_cast<size_t>(at - all.begin());
}

struct Page {
    size_t begin = 0, end = 0;
    bool more = false;  ///< in the direction of the walk
};

Result<Page> page_of(const Models& all, std::string_view query) {
    TRY(const size_t size, page_size(query));
    TRY(const size_t after, place_of(all, query, "after_id", all.size()));
    TRY(const size_t before, place_of(all, query, "before_id", all.size()));
    if (before < all.size()) return Page{before > size ? before - size : 0, before, before > size};
    const size_t begin = after < all.size() ? after + 1 : 0;
    const size_t end = std::min(begin + size, all.size());
    return Page{begin, end, end < all.size()};
}
}  // namespace

rt::Task<Status> list_anthropic_models(Request& request) {
    const auto snapshot = request.services.catalogue->get();
    const Models all = newest_first(request, *snapshot);
    CO_TRY(const Page page, page_of(all, request.http.head().query));
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("data").begin_array();
    for (size_t i = page.begin; i < page.end; ++i) write_model(w, *all[i]);
    w.end_array().field("has_more", page.more);
    const bool empty = page.begin == page.end;
    empty ? w.field_null("first_id") : w.field("first_id", all[page.begin]->id);
    empty ? w.field_null("last_id") : w.field("last_id", all[page.end - 1]->id);
    w.end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

rt::Task<Status> get_anthropic_model(Request& request, catalogue::ModelPtr model) {
    std::string out;
    JsonWriter w(out);
    write_model(w, *model);
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
