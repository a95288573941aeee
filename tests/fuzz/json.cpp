// JSON reading: our parser must take and refuse exactly what simdjson's does, read the same strings, keep each value's
// bytes, and read again what our writer makes of a string.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <simdjson.h>

#include "base/json.h"

namespace {
using namespace aig;

void check_string(std::string_view text, simdjson::dom::element theirs) {
    std::string_view same;
    if (theirs.get(same) || same != text) std::abort();
    const auto written = JsonDoc::parse(json_string(text));
    if (!written || written->root().text() != text) std::abort();
}

/// Members and elements in order, names included.
void compare(JsonRef v, simdjson::dom::element theirs) {
    if (v.is_string()) return check_string(v.text(), theirs);
    auto at = v.begin();
    if (v.is_array())
        for (const auto element : simdjson::dom::array(theirs)) {
            compare(*at, element);
            ++at;
        }
    if (v.is_object())
        for (const auto [name, element] : simdjson::dom::object(theirs)) {
            if ((*at).key() != name) std::abort();
            compare(*at, element);
            ++at;
        }
    if (at != v.end()) std::abort();
}

/// Every value's raw text is itself a document, of the same kind.
void check(JsonRef v, size_t& left) {
    if (left-- == 0) return;
    const auto again = JsonDoc::parse(v.raw());
    if (!again || again->root().kind() != v.kind() || again->root().text() != v.text()) std::abort();
    if (!v.is_array() && !v.is_object()) return;
    for (const JsonRef child : v) check(child, left);
}

/// What the two may differ in: our bounds on depth and on a number's length, and a number's range, which is none of
/// ours.
bool beyond_comparison(simdjson::error_code e) { return e == simdjson::DEPTH_ERROR || e == simdjson::NUMBER_ERROR; }
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto ours = JsonDoc::parse(text);
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    const auto theirs = parser.parse(simdjson::padded_string(text)).get(element);
    if (ours) {
        size_t left = 200;
        check(ours->root(), left);
        if (theirs && !beyond_comparison(theirs)) std::abort();
        if (!theirs) compare(ours->root(), element);
    } else if (!theirs && text.size() < 256) {
        std::abort();
    }
    return 0;
}
