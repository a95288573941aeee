// Snapshots: expect_golden("anthropic_tools", text) compares with tests/golden/snapshots/anthropic_tools.txt and shows
// the first line that differs. UPDATE_GOLDEN=1 writes the file instead; look at the diff before committing it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/json.h"

namespace aig::golden {

inline std::string path_of(std::string_view name) {
    return std::string(AIG_SOURCE_DIR) + "/tests/golden/snapshots/" + std::string(name) + ".txt";
}

inline void expect_golden(std::string_view name, const std::string& text) {
    const std::string path = path_of(name);
    if (const char* update = std::getenv("UPDATE_GOLDEN"); update && *update && *update != '0') {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    std::ifstream in(path, std::ios::binary);
    ASSERT_TRUE(in.good()) << path << " is missing; UPDATE_GOLDEN=1 makes it";
    std::ostringstream kept;
    kept << in.rdbuf();
    if (kept.str() == text) return;
    std::istringstream was(kept.str()), is(text);
    std::string a, b;
    for (int line = 1;; ++line) {
        const bool more_a = static_cast<bool>(std::getline(was, a)), more_b = static_cast<bool>(std::getline(is, b));
        if (more_a == more_b && more_a && a == b) continue;
        FAIL() << path << ":" << line << "\n  was: " << (more_a ? a : "(end)") << "\n  is:  " << (more_b ? b : "(end)");
    }
}

/// JSON indented by two, every scalar as its raw text, so that a snapshot shows what changed in one line.
inline void append_pretty(std::string& out, JsonRef value, int depth = 0) {
    if ((!value.is_object() && !value.is_array()) || value.size() == 0) {
        out += value.size() == 0 && value.is_object()  ? "{}"
               : value.size() == 0 && value.is_array() ? "[]"
                                                       : value.raw();
        return;
    }
    out += value.is_object() ? "{\n" : "[\n";
    bool first = true;
    for (const JsonRef v : value) {
        if (!first) out += ",\n";
        first = false;
        out.append(static_cast<size_t>(depth) * 2 + 2, ' ');
        if (value.is_object()) out += json_string(v.key()) + ": ";
        append_pretty(out, v, depth + 1);
    }
    out += '\n';
    out.append(static_cast<size_t>(depth) * 2, ' ');
    out += value.is_object() ? '}' : ']';
}
inline std::string pretty(std::string_view json) {
    auto doc = JsonDoc::parse(json);
    if (!doc) return "not JSON: " + std::string(json) + "\n";
    std::string out;
    append_pretty(out, doc->root());
    return out + "\n";
}

}  // namespace aig::golden
