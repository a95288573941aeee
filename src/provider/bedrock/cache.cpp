#include "base/json.h"
#include "provider/bedrock/encode.h"

namespace aig::provider::bedrock {
namespace {

bool marked(const canon::Extras& extras) { return !find_extra(extras, "cache_control").empty(); }

size_t marks_of(const std::vector<canon::Part>& parts) {
    size_t n = 0;
    for (const auto& p : parts) {
        if (const auto* r = std::get_if<canon::ToolResult>(&p)) n += marks_of(r->parts);
        std::visit(
            [&](const auto& value) {
                if constexpr (requires { value.extras; }) n += marked(value.extras);
            },
            p);
    }
    return n;
}

}  // namespace

size_t cache_marks(const canon::Chat& chat) {
    size_t n = 0;
    for (const auto& t : chat.tools) n += marked(t.extras);
    for (const auto& m : chat.messages) n += marked(m.extras) + marks_of(m.parts);
    return n;
}

std::string CachePoints::block(std::string_view mark) {
    if (mark.empty()) return {};
    if (skip_ > 0) {
        --skip_;
        job_.lose("cache_control");
        return {};
    }
    const auto doc = JsonDoc::parse(mark);
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("cachePoint").begin_object().field("type", "default");
    if (doc && doc->root()["ttl"].text() == "1h") w.field("ttl", "1h");
    w.end_object().end_object();
    return out;
}

}  // namespace aig::provider::bedrock
