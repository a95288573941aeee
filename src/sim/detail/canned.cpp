#include "sim/detail/canned.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/json.h"

namespace aig::sim {

namespace {

Result<std::pair<std::string, Canned>> parse_line(std::string_view line) {
    TRY(const JsonDoc doc, JsonDoc::parse(line));
    const JsonRef root = doc.root();
    if (!root["model"].is_string()) return Error(ErrorCode::config_invalid, "a canned reply needs \"model\"");
    Canned c;
    c.reply.status = static_cast<int>(std::clamp<int64_t>(root["status"].integer().value_or(200), 100, 999));
    c.wait_ms = std::clamp<int64_t>(root["wait_ms"].integer().value_or(0), 0, 600'000);
    c.reply.streamed = root["events"].is_array();
    c.reply.set("content-type", c.reply.streamed ? "text/event-stream" : "application/json");
    for (JsonRef h : root["headers"]) c.reply.set(h.key(), std::string(h.text()));
    c.reply.body = root["body"].is_string() ? root["body"].text() : root["body"].raw();
    for (JsonRef e : root["events"]) c.reply.events.push_back({std::string(e.text()) + "\n\n", 0});
    return std::pair{std::string(root["model"].text()), std::move(c)};
}

}  // namespace

Result<CannedReplies> parse_canned(std::string_view text) {
    CannedReplies all;
    int64_t number = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        auto parsed = parse_line(line);
        if (!parsed)
            return Error(ErrorCode::config_invalid,
                         fmt::format("canned replies, line {}: {}", number, parsed.error().message()));
        all.insert_or_assign(std::move(parsed->first), std::move(parsed->second));
    }
    return all;
}

Result<CannedReplies> load_canned(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error(ErrorCode::config_invalid, fmt::format("cannot read the canned replies {}", file));
    std::ostringstream text;
    text << in.rdbuf();
    return parse_canned(text.str());
}

}  // namespace aig::sim
