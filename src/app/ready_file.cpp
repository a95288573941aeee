#include "app/ready_file.h"

#include <unistd.h>

#include "app/files.h"
#include "base/json.h"

namespace aig::app {
namespace {
void text_or_null(JsonWriter& w, std::string_view name, const std::optional<std::string>& text) {
    if (text)
        w.field(name, *text);
    else
        w.field_null(name);
}
}  // namespace

Status write_ready_file(const std::string& path, const ReadyFile& r) {
    if (path.empty()) return {};
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("url", r.url).field("admin_url", r.admin_url);
    text_or_null(w, "sim_url", r.sim_url);
    w.field("pid", static_cast<int64_t>(::getpid()));
    text_or_null(w, "admin_token", r.admin_token);
    if (r.keys.empty()) {
        w.field_null("keys");
    } else {
        w.key("keys").begin_object();
        for (const auto& [prefix, key] : r.keys) w.field(prefix, key);
        w.end_object();
    }
    w.end_object();
    return write_file(path, out + "\n", 0600);
}

}  // namespace aig::app
