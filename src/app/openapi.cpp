#include "app/openapi.h"

#include <yaml-cpp/yaml.h>

#include "base/embedded.h"
#include "base/json.h"

namespace aig::app {
namespace {

/// YAML's plain scalars keep their JSON types; quoted ones are strings.
void write_scalar(const YAML::Node& n, JsonWriter& w) {
    const std::string& s = n.Scalar();
    const bool plain = n.Tag() != "!";
    if (plain && (s == "true" || s == "false" || s == "null")) {
        w.raw(s);
        return;
    }
    if (plain && !s.empty() && (s[0] == '-' || (s[0] >= '0' && s[0] <= '9')))
        if (const auto doc = JsonDoc::parse(s); doc && doc->root().is_number()) {
            w.raw(s);
            return;
        }
    w.string(s);
}

void write_node(const YAML::Node& n, JsonWriter& w) {
    if (n.IsMap()) {
        w.begin_object();
        for (const auto& member : n) {
            w.key(member.first.Scalar());
            write_node(member.second, w);
        }
        w.end_object();
    } else if (n.IsSequence()) {
        w.begin_array();
        for (const auto& item : n) write_node(item, w);
        w.end_array();
    } else if (n.IsScalar()) {
        write_scalar(n, w);
    } else {
        w.null();
    }
}
}  // namespace

std::string openapi_json() {
    std::string out;
    JsonWriter w(out);
    try {
        write_node(YAML::Load(std::string(embedded_file("openapi/gateway.yaml"))), w);
    } catch (const YAML::Exception&) {
        return "{}";  // a test parses the embedded file, so this is never reached in a build that passed
    }
    return out;
}

}  // namespace aig::app
