#include "api/aigate_one/price.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "base/money.h"

namespace aig::api {
namespace {
Error wrong(std::string what) { return Error(ErrorCode::config_invalid, "simple prices: " + std::move(what)); }

bool is_price(std::string_view text) {
    const auto nanos = parse_decimal(text, 9, "");
    return nanos && *nanos >= 0;
}

Status check_clips(JsonRef video) {
    if (!video.is_object()) return wrong("'video' must be an object");
    for (const auto model : video)
        for (const auto resolution : model)
            for (const auto price : resolution) {
                const auto seconds = price.key();
                int64_t n = 0;
                const auto [end, bad] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), n);
                if (bad != std::errc{} || end != seconds.data() + seconds.size() || n < 1 || !price.is_number() ||
                    !is_price(price.raw()))
                    return wrong(fmt::format("video {} {} '{}' must be seconds and a number of dollars", model.key(),
                                             resolution.key(), seconds));
            }
    return {};
}
}  // namespace

Status check_simple_prices(std::string_view json) {
    const auto doc = JsonDoc::parse(json);
    if (!doc) return wrong("the file is not JSON: " + doc.error().message());
    const auto root = doc->root();
    if (!root.is_object()) return wrong("the file must hold an object");
    for (const std::string_view name : {"text", "image", "sound", "voice"}) {
        const auto row = root[name];
        if (!row["cost"].is_string() || !is_price(row["cost"].text()) || !row["unit"].is_string())
            return wrong(fmt::format("'{}' must have a cost, as decimal text, and a unit", name));
    }
    return check_clips(root["video"]);
}

rt::Task<Status> simple_prices(Request& request) {
    std::string body = request.services.simple_prices_json;
    auto sent = co_await reply_json(request, 200, std::move(body));
    co_return sent;
}

}  // namespace aig::api
