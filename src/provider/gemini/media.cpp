// Images, sounds and documents: bytes inside the request (inlineData) or by URI (fileData). Base64 text passes unread.
#include <array>

#include <fmt/format.h>

#include "provider/gemini/encode.h"

namespace aig::provider::gemini {
namespace {

struct Extension {
    std::string_view name, type;
};
constexpr std::array<Extension, 16> extensions{{{".png", "image/png"},
                                                {".jpg", "image/jpeg"},
                                                {".jpeg", "image/jpeg"},
                                                {".webp", "image/webp"},
                                                {".gif", "image/gif"},
                                                {".heic", "image/heic"},
                                                {".heif", "image/heif"},
                                                {".pdf", "application/pdf"},
                                                {".txt", "text/plain"},
                                                {".md", "text/markdown"},
                                                {".html", "text/html"},
                                                {".csv", "text/csv"},
                                                {".json", "application/json"},
                                                {".mp4", "video/mp4"},
                                                {".mp3", "audio/mp3"},
                                                {".wav", "audio/wav"}}};

/// By the name's end; "" when it tells nothing.
std::string_view type_of(std::string_view name) {
    name = name.substr(0, name.find_first_of("?#"));
    for (const Extension& e : extensions)
        if (name.ends_with(e.name)) return e.type;
    return {};
}

std::string inline_data(std::string_view type, std::string_view data) {
    std::string out = "\"inlineData\":";
    JsonWriter(out).begin_object().field("mimeType", type).field("data", data).end_object();
    return out;
}

std::string by_uri(std::string_view type, std::string_view uri) {
    std::string out = "\"fileData\":";
    JsonWriter w(out);
    w.begin_object();
    if (!type.empty()) w.field("mimeType", type);
    w.field("fileUri", uri).end_object();
    return out;
}

bool is_uri(std::string_view url) {
    return url.starts_with("https://") || url.starts_with("http://") || url.starts_with("gs://");
}
Error bad_url(const std::string& where) {
    return Error(ErrorCode::bad_param, fmt::format("{}: must be an https URL or a data URL with base64", where))
        .param(where);
}

}  // namespace

Result<std::string> image_data(const canon::Image& image, const std::string& where) {
    if (!image.data.empty())
        return inline_data(image.media_type.empty() ? "image/png" : std::string_view(image.media_type), image.data);
    if (!is_uri(image.url)) return bad_url(where);
    return by_uri(image.media_type.empty() ? type_of(image.url) : std::string_view(image.media_type), image.url);
}

Result<std::string> audio_data(const canon::Audio& audio) {
    const bool whole = audio.format.find('/') != std::string::npos;
    return inline_data(whole ? audio.format : "audio/" + (audio.format.empty() ? "wav" : audio.format), audio.data);
}

Result<std::string> file_data(const canon::File& file, const Job& job, const std::string& where) {
    std::string_view type = file.media_type;
    if (type.empty()) type = type_of(file.name);
    if (!file.data.empty()) {
        if (!file.name.empty()) job.lose(where + ".filename");
        return inline_data(type.empty() ? "application/pdf" : type, file.data);
    }
    if (!file.url.empty()) {
        if (!is_uri(file.url)) return bad_url(where);
        return by_uri(type.empty() ? type_of(file.url) : type, file.url);
    }
    // Ids of files are their provider's.
    return refuse("a file by another provider's id", where);
}

}  // namespace aig::provider::gemini
