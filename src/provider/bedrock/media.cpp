// Images and documents: bytes as base64, or a place in S3; Converse fetches nothing from the web.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/bedrock/encode.h"

namespace aig::provider::bedrock {
namespace {

struct Format {
    std::string_view media_type, word;
};
constexpr std::array<Format, 5> images{{{"image/png", "png"},
                                        {"image/jpeg", "jpeg"},
                                        {"image/jpg", "jpeg"},
                                        {"image/gif", "gif"},
                                        {"image/webp", "webp"}}};
constexpr std::array<Format, 9> documents{
    {{"application/pdf", "pdf"},
     {"text/csv", "csv"},
     {"application/msword", "doc"},
     {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
     {"application/vnd.ms-excel", "xls"},
     {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
     {"text/html", "html"},
     {"text/markdown", "md"},
     {"text/plain", "txt"}}};

template <size_t N>
std::string_view word_of(const std::array<Format, N>& formats, std::string_view type) {
    type = type.substr(0, type.find(';'));
    for (const Format& f : formats)
        if (f.media_type == type) return f.word;
    return {};
}

/// The format by the name's ending, else by the first bytes of the base64 text.
std::string_view document_word(const canon::File& file, std::string_view type, std::string_view data) {
    if (const auto word = word_of(documents, type); !word.empty()) return word;
    for (const Format& f : documents)
        if (file.name.ends_with("." + std::string(f.word))) return f.word;
    if (data.starts_with("JVBERi")) return "pdf";
    return type == "application/json" || type.starts_with("text/") ? std::string_view("txt") : std::string_view();
}

/// "Alphanumeric characters, whitespace (no more than one in a row), hyphens, parentheses, square brackets"
/// (DocumentBlock, API reference 2026).
std::string document_name(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, name.rfind('.'))) {
        const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        std::string_view("-()[]").find(c) != std::string_view::npos;
        if (!ok && (out.empty() || out.back() == ' ')) continue;
        out += ok ? c : ' ';
    }
    while (out.ends_with(' ')) out.pop_back();
    return out.empty() ? "document" : out.substr(0, 200);
}

struct DataUrl {
    std::string_view media_type, data;
};
std::optional<DataUrl> base64_url(std::string_view url) {
    const size_t comma = url.find(',');
    if (!url.starts_with("data:") || comma == std::string_view::npos) return {};
    const std::string_view head = url.substr(5, comma - 5);
    if (!head.ends_with(";base64")) return {};
    return DataUrl{head.substr(0, head.find(';')), url.substr(comma + 1)};
}

void write_source(JsonWriter& w, std::string_view data, std::string_view url) {
    w.key("source").begin_object();
    if (!data.empty())
        w.field("bytes", data);
    else
        w.key("s3Location").begin_object().field("uri", url).end_object();
    w.end_object();
}

/// By its ending: an S3 object has no media type of its own here.
std::string_view s3_word(std::string_view url) {
    const auto ending = url.substr(std::min(url.rfind('.') + 1, url.size()));
    return ending == "jpg" ? "jpeg" : ending;
}

}  // namespace

Result<std::string> image_block(const canon::Image& image, const Job& job, const std::string& where) {
    if (!image.detail.empty() && image.detail != "auto") job.lose(where + ".image_url.detail");
    std::string_view type = image.media_type, data = image.data;
    if (const auto inlined = base64_url(image.url)) type = inlined->media_type, data = inlined->data;
    const bool s3 = data.empty() && image.url.starts_with("s3://");
    if (data.empty() && !s3) return refuse("images by URL (send the bytes)", where);
    const auto word = s3 ? s3_word(image.url) : word_of(images, type);
    if (word.empty()) return refuse(fmt::format("images of type '{}'", type), where);
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("image").begin_object().field("format", word);
    write_source(w, data, image.url);
    w.end_object().end_object();
    return out;
}

Result<std::string> document_block(const canon::File& file, const Job& job, const std::string& where) {
    std::string_view type = file.media_type, data = file.data;
    if (const auto inlined = base64_url(data.empty() ? std::string_view(file.url) : data))
        type = inlined->media_type, data = inlined->data;
    if (const auto image = word_of(images, type); !image.empty() && !data.empty())
        return image_block({"", std::string(type), std::string(data), "", {}}, job, where);
    const bool s3 = data.empty() && file.url.starts_with("s3://");
    if (data.empty() && !s3) return refuse(file.file_id.empty() ? "files by URL (send the bytes)" : "file_id", where);
    const auto word = s3 ? s3_word(file.url) : document_word(file, type, data);
    if (word.empty()) return refuse(fmt::format("files of type '{}'", type), where);
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("document").begin_object().field("format", word).field("name", document_name(file.name));
    write_source(w, data, file.url);
    w.end_object().end_object();
    return out;
}

}  // namespace aig::provider::bedrock
