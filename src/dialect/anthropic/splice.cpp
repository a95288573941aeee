// The lossless request: the caller's bytes, with the patches of docs/reference/anthropic-messages.md and no others.
// max_tokens is always the caller's own, so the model's name is the only one.
#include "base/json.h"
#include "dialect/anthropic/anthropic.h"

namespace aig::dialect::anthropic {
using namespace canon;

Result<Spliced> Messages::splice(std::string_view body, const Envelope& e, const Patch& patch) const {
    Spliced out;
    const Span model = e.spans.model;
    if (model.end > body.size()) return Error(ErrorCode::internal, "the model's place is not in the body");
    if (patch.model == e.model) {
        out.pieces.push_back(body);
        return out;
    }
    out.pieces.push_back(body.substr(0, model.begin));
    out.pieces.push_back(out.owned.emplace_back(json_string(patch.model)));
    out.pieces.push_back(body.substr(model.end));
    return out;
}

}  // namespace aig::dialect::anthropic
