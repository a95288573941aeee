#include "app/config_substitute.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

namespace aig::app {
namespace {
using settings::Fault;
using settings::Node;
constexpr size_t longest = 64 << 10;

std::string without_line_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

/// One reference ("env:NAME") -> its value.
Result<std::string> look_up(const std::string& reference, const Sources& sources) {
    const auto wrong = [](std::string m) { return Error(ErrorCode::config_invalid, std::move(m)); };
    if (reference.starts_with("env:")) {
        const auto name = reference.substr(4);
        if (name.empty() || name.size() > 256) return wrong("${env:NAME} needs a name");
        auto value = sources.env(name);
        if (!value) return wrong(fmt::format("the environment variable {} is not set", name));
        if (value->empty()) return wrong(fmt::format("the environment variable {} is empty", name));
        if (value->size() > longest)
            return wrong(fmt::format("the environment variable {} is longer than 64 KiB", name));
        return *std::move(value);
    }
    if (reference.starts_with("file:")) {
        const auto path = reference.substr(5);
        if (path.empty() || path.size() > 4096) return wrong("${file:PATH} needs a path");
        auto content = sources.file(path);
        if (!content) return wrong(fmt::format("the file {}: {}", path, content.error().message()));
        auto value = without_line_end(*std::move(content));
        if (value.empty()) return wrong(fmt::format("the file {} is empty", path));
        return value;
    }
    return wrong(
        fmt::format("'${{{}}}' is neither ${{env:NAME}} nor ${{file:PATH}}; write $${{ for the characters themselves",
                    reference.substr(0, 60)));
}

Status expand(Node& node, const Sources& sources) {
    const std::string text = std::move(node.text);
    node.text.clear();
    for (size_t i = 0; i < text.size();) {
        if (text.compare(i, 3, "$${") == 0) {
            node.text += "${";
            i += 3;
            continue;
        }
        if (text.compare(i, 2, "${") != 0) {
            node.text += text[i++];
            continue;
        }
        const size_t end = text.find('}', i);
        if (end == std::string::npos) return Error(ErrorCode::config_invalid, "'${' without its '}'");
        TRY(const auto value, look_up(text.substr(i + 2, end - i - 2), sources));
        node.text += value;
        node.secret = true;
        i = end + 1;
    }
    return {};
}
}  // namespace

void substitute(Node& node, const std::string& path, const Sources& sources, std::vector<Fault>& faults) {
    if (node.kind == Node::Kind::scalar && node.text.find("${") != std::string::npos) {
        const auto written = node.text;
        if (const auto done = expand(node, sources); !done) {
            faults.push_back({path, done.error().message(), node.line});
            node.text = written;
        }
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
        const bool map = node.kind == Node::Kind::map;
        const auto step = map ? (path.empty() ? "" : ".") + node.keys[i] : fmt::format("[{}]", i);
        substitute(node.items[i], path + step, sources, faults);
    }
}

Sources process_sources() {
    return {[](const std::string& name) -> std::optional<std::string> {
                const char* v = std::getenv(name.c_str());
                return v ? std::optional<std::string>(v) : std::nullopt;
            },
            [](const std::string& path) -> Result<std::string> {
                std::ifstream in(path, std::ios::binary);
                if (!in) return Error(ErrorCode::config_invalid, "cannot be read");
                std::string content(longest + 1, '\0');
                in.read(content.data(), static_cast<std::streamsize>(content.size()));
                content.resize(static_cast<size_t>(in.gcount()));
                if (in.bad()) return Error(ErrorCode::config_invalid, "cannot be read");
                if (content.size() > longest) return Error(ErrorCode::config_invalid, "is larger than 64 KiB");
                return content;
            }};
}
}  // namespace aig::app
