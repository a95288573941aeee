// Recorded provider traffic for tests: one JSON object a line (README.md beside the files). The folder is
// AIG_RECORDINGS, or
// ../shared/recordings next to the source tree; where there is none, tests say so and skip.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "base/json.h"

namespace aig::recordings {

struct Recording {
    std::string id, provider, path, fidelity, request, response;
    int status = 0;
    bool stream = false, base64 = false;  ///< base64: the response is binary
    bool verbatim() const { return fidelity == "verbatim"; }
};

inline std::string folder() {
    if (const char* set = std::getenv("AIG_RECORDINGS")) return set;
    return std::string(AIG_SOURCE_DIR) + "/../shared/recordings";
}
inline std::string file(std::string_view name) { return folder() + "/" + std::string(name) + ".jsonl"; }
inline bool present(std::string_view name) { return std::ifstream(file(name)).good(); }

/// Calls `use` for each line's JSON. Returns how many there were.
template <class Use>
int each_line(std::string_view name, Use use) {
    std::ifstream in(file(name));
    std::string line;
    int count = 0;
    while (std::getline(in, line)) {
        if (line.empty()) continue;
        auto doc = JsonDoc::parse(line);
        if (!doc) {
            ADD_FAILURE() << name << ": a line is not JSON: " << doc.error().message();
            continue;
        }
        use(doc->root());
        ++count;
    }
    return count;
}

template <class Use>
int each(std::string_view name, Use use) {
    return each_line(name, [&](JsonRef r) {
        Recording it;
        it.id = r["id"].text();
        it.provider = r["provider"].text();
        it.path = r["path"].text();
        it.fidelity = r["fidelity"].text();
        it.request = r["request_body"].text();
        it.response = r["response_body"].text();
        it.status = static_cast<int>(r["status"].integer().value_or(0));
        it.stream = r["stream"].boolean();
        it.base64 = r["response_body_b64"].boolean();
        use(it);
    });
}

#define AIG_NEED_RECORDINGS(name)        \
    if (!aig::recordings::present(name)) \
    GTEST_SKIP() << "no recordings at " << aig::recordings::file(name) << " (set AIG_RECORDINGS)"

}  // namespace aig::recordings
