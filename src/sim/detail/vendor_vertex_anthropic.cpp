// Claude on Vertex AI: Messages with its version in the body and the model in the path.
#include <fmt/format.h>

#include "sim/detail/wires.h"

namespace aig::sim {
namespace {

bool serves(const Request& request, Place& place) {
    constexpr std::string_view models = "/publishers/anthropic/models/";
    const std::string_view path = request.path;
    const size_t at = path.find(models), colon = path.rfind(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon < at) return false;
    const auto method = path.substr(colon + 1);
    place.model = path.substr(at + models.size(), colon - at - models.size());
    place.stream = method == "streamRawPredict";
    return place.stream || method == "rawPredict";
}

Checked admit(const Request& request, std::string_view wanted) {
    const auto token = bearer(request);
    if (token.empty() || (!wanted.empty() && token != wanted))
        return Refusal{401, "authentication_error", "Request had invalid authentication credentials.", "", ""};
    return {};
}

Checked read(JsonRef root, const Place& place, Ask& ask) {
    // The Ask's views point into the document that was read, so it stays until this thread's next call.
    static thread_local JsonDoc rewritten;
    if (root["anthropic_version"].text() != "vertex-2023-10-16")
        return Refusal{400, "invalid_request_error", "anthropic_version: Field required", "", ""};
    if (root["model"]) return Refusal{400, "invalid_request_error", "model: Extra inputs are not permitted", "", ""};
    if (root["stream"].boolean() != place.stream)
        return Refusal{400, "invalid_request_error", "stream: does not fit the method", "", ""};
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("model", place.model);
    for (const JsonRef m : root)
        if (m.key() != "anthropic_version" && m.key() != "anthropic_beta") w.field_raw(m.key(), m.raw());
    w.end_object();
    auto doc = JsonDoc::parse(body);
    if (!doc) return Refusal{400, "invalid_request_error", "The body is not an object", "", ""};
    rewritten = *std::move(doc);
    return read_anthropic_messages(rewritten.root(), ask);
}

}  // namespace

const Vendor& vertex_anthropic_vendor() {
    static const Vendor vendor = [] {
        Vendor v = anthropic_vendor();
        v.name = "vertex-anthropic";
        v.reply_id = {"msg_vrtx_01", 22};
        v.call_id = {"toolu_vrtx_01", 22};
        v.serves = serves;
        v.admit = admit;
        v.read = read;
        v.count = nullptr;
        v.models = nullptr;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
