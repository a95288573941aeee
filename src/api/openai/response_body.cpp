#include "api/openai/response_body.h"

#include <algorithm>

#include "api/openai/compaction.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::api {
namespace {

std::string_view inside(std::string_view array) {
    return array.size() < 2 ? std::string_view() : array.substr(1, array.size() - 2);
}

bool blank(std::string_view s) { return s.find_first_not_of(" \t\r\n") == std::string_view::npos; }

void append(std::string& list, std::string_view items) {
    if (blank(items)) return;
    list.append(list.empty() ? "" : ",").append(items);
}

std::string user_message(std::string_view text) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "message").field("role", "user").key("content").begin_array();
    w.begin_object().field("type", "input_text").field("text", text).end_object().end_array().end_object();
    return out;
}

/// `text` with the value replaced; a member that is not there is put first.
std::string with_member(std::string_view text, const JsonDoc& doc, std::string_view name, std::string_view value) {
    std::string out(text);
    const JsonRef old = doc.root()[name];
    if (old) {
        out.replace(doc.offset(old.raw()), old.raw().size(), value);
        return out;
    }
    const size_t at = doc.offset(doc.root().raw()) + 1;
    const bool empty = doc.root().size() == 0;
    out.insert(at, json_string(name) + ":" + std::string(value) + (empty ? "" : ","));
    return out;
}
}  // namespace

Result<ResponseBody> ResponseBody::read(std::string_view body) {
    TRY(auto doc, JsonDoc::parse(body));
    if (!doc.root().is_object()) return Error(ErrorCode::bad_json, "The body is JSON, but not an object.");
    return ResponseBody(std::move(doc));
}

std::vector<std::string> ResponseBody::references() const {
    std::vector<std::string> ids;
    const JsonRef input = root()["input"];
    if (!input.is_array()) return ids;
    for (const JsonRef item : input) {
        size_t place = 0;
        const auto id = item["id"].text();
        if (item["type"].text() == "item_reference" && !dialect::responses::response_of_item(id, place).empty())
            ids.emplace_back(id);
    }
    return ids;
}

bool ResponseBody::has_compactions() const {
    for (const JsonRef item : root()["input"])
        if (is_own_compaction(item)) return true;
    return false;
}

Status ResponseBody::open_compactions(AccountId account, const store::Sealer& sealer) {
    for (const JsonRef item : root()["input"]) {
        if (!is_own_compaction(item)) continue;
        TRY(opened_[item.raw()], open_compaction(item, account, sealer));
    }
    return {};
}

std::string ResponseBody::own_items() const {
    const JsonRef input = root()["input"];
    if (input.is_string()) return user_message(input.text());
    std::string out;
    if (!input.is_array()) return out;
    for (const JsonRef item : input) {
        std::string_view raw = item.raw();
        if (item["type"].text() == "item_reference")
            for (const auto& [id, found] : resolved_)
                if (id == item["id"].text()) raw = found;
        if (const auto it = opened_.find(raw); it != opened_.end()) raw = it->second;
        append(out, raw);
    }
    return out;
}

std::string ResponseBody::own_input() const { return '[' + own_items() + ']'; }

std::string ResponseBody::items(std::string_view before) const {
    std::string items(blank(before) ? std::string_view() : before);
    append(items, own_items());
    return items;
}

std::string ResponseBody::expanded(std::string_view before) const {
    return with_member(root().raw(), *JsonDoc::parse(root().raw()), "input", '[' + items(before) + ']');
}

std::string ResponseBody::without_input() const {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const JsonRef m : root())
        if (m.key() != "input") w.field_raw(m.key(), m.raw());
    w.end_object();
    return out;
}

std::string ResponseBody::streamed(std::string_view body) {
    const auto doc = JsonDoc::parse(body);
    return doc ? with_member(body, *doc, "stream", "true") : std::string(body);
}

std::string output_items(const records::StoredResponse& response) {
    const auto doc = JsonDoc::parse(response.object);
    return doc && doc->root()["output"].is_array() ? std::string(inside(doc->root()["output"].raw())) : std::string();
}

std::string output_item(const records::StoredResponse& response, std::string_view item_id) {
    const auto doc = JsonDoc::parse(response.object);
    if (doc)
        for (const JsonRef item : doc->root()["output"])
            if (item["id"].text() == item_id) return std::string(item.raw());
    return {};
}

std::string conversation(const std::vector<records::StoredResponse>& chain) {
    std::string out;
    for (const auto& response : chain) {
        append(out, inside(response.input));
        append(out, output_items(response));
    }
    return out;
}

}  // namespace aig::api
