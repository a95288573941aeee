#include "api/gemini/models.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace aig::api {
namespace {

constexpr size_t default_page = 50, largest_page = 1'000;

struct Row {
    std::string name;  ///< without "models/"
    catalogue::ModelPtr model;
};

void write_model(JsonWriter& w, const Row& row) {
    const auto& m = *row.model;
    w.begin_object().field("name", "models/" + row.name).field("version", "001");
    w.field("displayName", m.name.empty() ? m.id : m.name).field("description", m.name.empty() ? m.id : m.name);
    if (m.context) w.field("inputTokenLimit", m.context);
    if (m.max_output) w.field("outputTokenLimit", m.max_output);
    w.key("supportedGenerationMethods").begin_array();
    if (m.modality == "embedding")
        w.string("embedContent").string("batchEmbedContents");
    else
        w.string("generateContent").string("streamGenerateContent").string("countTokens");
    w.end_array().end_object();
}

/// Each model, and those whose bare name is theirs alone under that name too: clients look for ids that begin with
/// "gemini-".
std::vector<Row> rows(const Request& request, const catalogue::Snapshot& snapshot) {
    std::vector<Row> out;
    for (const auto& [id, m] : snapshot.models) {
        if (!m->listed || !m->callable || (request.principal && !request.principal->allows(id))) continue;
        out.push_back({id, m});
        const auto slash = id.rfind('/');
        if (slash == std::string::npos) continue;
        const auto bare = snapshot.resolve(std::string_view(id).substr(slash + 1));
        if (bare && (*bare)->id == id) out.push_back({id.substr(slash + 1), m});
    }
    return out;
}

Result<size_t> number_at(std::string_view query, std::string_view name, size_t unset, size_t most) {
    const auto text = net::query_value(query, name);
    if (text.empty()) return unset;
    size_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc{} || end != text.data() + text.size())
        return Error(ErrorCode::bad_param, std::string(name) + " must be a whole number").param(std::string(name));
    return std::min(n, most);
}

}  // namespace

rt::Task<Status> list_gemini_models(Request& request) {
    const auto snapshot = request.services.catalogue->get();
    const auto query = request.http.head().query;
    CO_TRY(const size_t size, number_at(query, "pageSize", default_page, largest_page));
    CO_TRY(const size_t from, number_at(query, "pageToken", 0, SIZE_MAX));
    const auto all = rows(request, *snapshot);
    const size_t begin = std::min(from, all.size());
    const size_t end = std::min(begin + (size ? size : default_page), all.size());
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("models").begin_array();
    for (size_t i = begin; i < end; ++i) write_model(w, all[i]);
    w.end_array();
    if (end < all.size()) w.field("nextPageToken", std::to_string(end));
    w.end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

rt::Task<Status> get_gemini_model(Request& request) {
    const auto snapshot = request.services.catalogue->get();
    CO_TRY(const auto model, snapshot->resolve(request.arg));
    if (request.principal && !request.principal->allows(model->id))
        co_return Error(ErrorCode::model_not_found, "this key may not use '" + model->id + "'");
    std::string out;
    JsonWriter w(out);
    write_model(w, {request.arg, model});
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
