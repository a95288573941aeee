// The lossless request: the caller's bytes. The model stands in the URL; what the body says of it is set to null, and a
// maximum that the wallet sets goes into generationConfig. No other patch.
#include <fmt/format.h>

#include "dialect/gemini/check.h"
#include "dialect/gemini/gemini.h"

namespace aig::dialect::google {
namespace {

using namespace canon;

struct Cut {
    size_t begin = 0, end = 0;
    std::string text;
};

/// Only calls of poor wallets come here, so that the body is read once more.
Result<Cut> limit_output(std::string_view body, int64_t most) {
    TRY(const auto doc, JsonDoc::parse(body));
    const JsonRef config = member(doc.root(), "generationConfig"), there = member(config, "maxOutputTokens");
    const auto place = [&](JsonRef v) { return doc.offset(v.raw()); };
    if (there) return Cut{place(there), place(there) + there.raw().size(), fmt::format("{}", most)};
    const std::string limit = fmt::format("\"maxOutputTokens\":{}", most);
    if (config.is_object()) {
        const size_t inside = place(config) + 1;
        return Cut{inside, inside, config.size() ? limit + "," : limit};
    }
    if (config) return Cut{place(config), place(config) + config.raw().size(), "{" + limit + "}"};
    const size_t inside = place(doc.root()) + 1;
    return Cut{inside, inside, "\"generationConfig\":{" + limit + "},"};
}

}  // namespace

Result<Spliced> Gemini::splice(std::string_view body, const Envelope& e, const Patch& patch) const {
    std::vector<Cut> cuts;
    if (patch.max_output && !e.max_output) {
        TRY(Cut cut, limit_output(body, *patch.max_output));
        cuts.push_back(std::move(cut));
    }
    if (e.spans.model.present()) cuts.push_back({e.spans.model.begin, e.spans.model.end, "null"});
    if (cuts.size() == 2 && cuts[1].begin < cuts[0].begin) std::swap(cuts[0], cuts[1]);

    Spliced out;
    size_t at = 0;
    for (Cut& cut : cuts) {
        if (cut.begin < at || cut.end > body.size()) return Error(ErrorCode::internal, "splices overlap");
        if (cut.begin > at) out.pieces.push_back(body.substr(at, cut.begin - at));
        out.pieces.push_back(out.owned.emplace_back(std::move(cut.text)));
        at = cut.end;
    }
    if (at < body.size()) out.pieces.push_back(body.substr(at));
    return out;
}

}  // namespace aig::dialect::google
