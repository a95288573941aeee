// Images and documents. Base64 text passes through unread; only plain-text files are decoded, because the wire wants
// their text.
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"
#include "provider/base64.h"

namespace aig::provider::anthropic {
namespace {

struct DataUrl {
    std::string_view media_type, data;
};
/// "data:image/png;base64,AAAA"; nothing for anything else.
std::optional<DataUrl> base64_url(std::string_view url) {
    if (!url.starts_with("data:")) return {};
    const size_t comma = url.find(',');
    if (comma == std::string_view::npos) return {};
    std::string_view head = url.substr(5, comma - 5);
    if (!head.ends_with(";base64")) return {};
    head = head.substr(0, head.find(';'));
    return DataUrl{head, url.substr(comma + 1)};
}

bool is_web_url(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }
Error bad(const std::string& where, std::string_view why) {
    return Error(ErrorCode::bad_param, fmt::format("{}: {}", where, why)).param(where);
}

/// "image/jpg" is common and refused by the API.
std::string_view image_type(std::string_view type) {
    static constexpr std::array<std::string_view, 4> known{"image/jpeg", "image/png", "image/gif", "image/webp"};
    if (type == "image/jpg") return "image/jpeg";
    for (const auto k : known)
        if (type == k) return k;
    return {};
}

std::string source_block(std::string_view type, std::string_view source, std::string_view members) {
    std::string out;
    JsonWriter(out).begin_object().field("type", type).field_raw("source", source).raw_members(members).end_object();
    return out;
}
std::string base64_source(std::string_view type, std::string_view data) {
    std::string out;
    out.reserve(data.size() + 80);
    JsonWriter(out).begin_object().field("type", "base64").field("media_type", type).field("data", data).end_object();
    return out;
}
std::string url_source(std::string_view url) {
    std::string out;
    JsonWriter(out).begin_object().field("type", "url").field("url", url).end_object();
    return out;
}
std::string mark_member(std::string_view mark) {
    return mark.empty() ? std::string() : fmt::format("\"cache_control\":{}", mark);
}

Result<std::string> base64_image(std::string_view type, std::string_view data, std::string_view mark,
                                 const std::string& where) {
    const auto known = image_type(type);
    if (known.empty()) return refuse(fmt::format("images of type '{}'", type), where);
    if (data.empty()) return bad(where, "the image has no data");
    return source_block("image", base64_source(known, data), mark_member(mark));
}

/// A file's type: what the caller said, else by its name, else by its first bytes.
std::string_view file_type(std::string_view type, std::string_view name, std::string_view data) {
    if (!type.empty() && type != "application/octet-stream") return type.substr(0, type.find(';'));
    if (name.ends_with(".pdf") || name.ends_with(".PDF") || data.starts_with("JVBERi")) return "application/pdf";
    if (name.ends_with(".txt") || name.ends_with(".md") || name.ends_with(".csv")) return "text/plain";
    return type;
}

std::string document_members(const canon::File& file, std::string_view mark) {
    std::string out;
    if (!file.name.empty()) out += "\"title\":" + json_string(file.name);
    if (!mark.empty()) out += (out.empty() ? "" : ",") + mark_member(mark);
    return out;
}

Result<std::string> document_source(std::string_view type, std::string_view data, const std::string& where) {
    if (type == "application/pdf") return base64_source(type, data);
    if (!type.starts_with("text/") && type != "application/json")
        return refuse(fmt::format("files of type '{}'", type), where);
    const auto text = base64_bytes(data);
    if (!text) return bad(where, "the file's data is not base64");
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("type", "text")
        .field("media_type", "text/plain")
        .field("data", *text)
        .end_object();
    return out;
}

}  // namespace

Result<std::string> image_block(const canon::Image& image, std::string_view mark, const Job& job,
                                const std::string& where) {
    // The wire has no detail levels; "auto" asks for nothing.
    if (!image.detail.empty() && image.detail != "auto") job.lose(where + ".image_url.detail");
    if (!image.data.empty() || image.url.empty()) return base64_image(image.media_type, image.data, mark, where);
    if (const auto inline_data = base64_url(image.url))
        return base64_image(inline_data->media_type, inline_data->data, mark, where);
    if (!is_web_url(image.url)) return bad(where, "an image URL must be https://... or data:image/...;base64,...");
    return source_block("image", url_source(image.url), mark_member(mark));
}

Result<std::string> document_block(const canon::File& file, std::string_view mark, const Job& job,
                                   const std::string& where) {
    // File ids belong to the provider they were uploaded to.
    if (!file.file_id.empty() && file.data.empty() && file.url.empty()) return refuse("file_id", where);
    std::string_view type = file.media_type, data = file.data;
    const auto inline_data = base64_url(data.empty() ? std::string_view(file.url) : data);
    if (inline_data) type = inline_data->media_type, data = inline_data->data;
    type = file_type(type, file.name, data);
    if (type.starts_with("image/") && !data.empty()) return base64_image(type, data, mark, where);
    std::string members = document_members(file, mark);
    if (const auto more = job.own_members(file.extras); !more.empty()) members += (members.empty() ? "" : ",") + more;
    if (!data.empty()) {
        TRY(const std::string source, document_source(type, data, where));
        return source_block("document", source, members);
    }
    if (!is_web_url(file.url)) return bad(where, "the file has no data");
    return source_block("document", url_source(file.url), members);
}

}  // namespace aig::provider::anthropic
