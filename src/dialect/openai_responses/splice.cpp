// The lossless request: the caller's bytes, with the patches of docs/reference/openai-responses.md and no others.
#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;

struct Cut {
    Span at;
    std::string text;
};

std::vector<Cut> cuts_of(const Envelope& e, const Patch& patch) {
    std::vector<Cut> cuts;
    cuts.push_back({e.spans.model, json_string(patch.model)});
    for (const Span own : e.ours) cuts.push_back({own, "null"});
    if (patch.max_output && e.spans.max_tokens.present())
        cuts.push_back({e.spans.max_tokens, std::to_string(*patch.max_output)});
    else if (patch.max_output)
        cuts.push_back({{e.spans.insert, e.spans.insert}, fmt::format("\"max_output_tokens\":{},", *patch.max_output)});
    std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.at.begin < b.at.begin; });
    return cuts;
}
}  // namespace

Result<Spliced> OpenAiResponses::splice(std::string_view body, const Envelope& envelope, const Patch& patch) const {
    Spliced out;
    size_t from = 0;
    for (Cut& cut : cuts_of(envelope, patch)) {
        if (cut.at.begin < from || cut.at.end > body.size())
            return Error(ErrorCode::internal, "the request's places do not fit its body");
        out.pieces.push_back(body.substr(from, cut.at.begin - from));
        out.pieces.push_back(out.owned.emplace_back(std::move(cut.text)));
        from = cut.at.end;
    }
    out.pieces.push_back(body.substr(from));
    std::erase_if(out.pieces, [](std::string_view p) { return p.empty(); });
    return out;
}

}  // namespace aig::dialect::responses
