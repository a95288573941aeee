// The lossless request: the caller's bytes, with the patches of docs/reference/anthropic-messages.md and no others: the
// model's name, and thoughts that nobody signed. max_tokens is always the caller's own.
#include <string.h>

#include <algorithm>

#include "base/json.h"
#include "dialect/anthropic/anthropic.h"

namespace aig::dialect::anthropic {
using namespace canon;
namespace {

struct Cut {
    Span place;
    std::string text{};
};

/// `"signature":""` with any white space: nearly no request has it, and looking is cheaper than reading.
bool may_hold_unsigned(std::string_view body) {
    constexpr std::string_view name = "\"signature\"";
    while (!body.empty()) {
        const void* const at = memmem(body.data(), body.size(), name.data(), name.size());
        if (!at) return false;
        body.remove_prefix(static_cast<size_t>(static_cast<const char*>(at) - body.data()) + name.size());
        const size_t value = body.find_first_not_of(" \t\r\n:");
        if (value != std::string_view::npos && body.substr(value, 2) == "\"\"") return true;
    }
    return false;
}

bool is_unsigned(JsonRef block) {
    return block["type"].text() == "thinking" && block["signature"].is_string() && block["signature"].text().empty();
}

/// The blocks of one message that go, each with one comma.
void drop_unsigned(const JsonDoc& doc, JsonRef content, std::vector<Cut>& cuts) {
    std::vector<Span> all;
    std::vector<bool> goes;
    size_t kept_end = 0, kept_count = 0;  // how far the last block that stays reaches
    for (const JsonRef b : content) {
        const size_t at = doc.offset(b.raw());
        all.push_back({at, at + b.raw().size()});
        goes.push_back(is_unsigned(b));
        if (!goes.back()) kept_end = all.back().end, kept_count = all.size();
    }
    for (size_t i = 0; i < kept_count; ++i)
        if (goes[i]) cuts.push_back({{all[i].begin, all[i + 1].begin}});
    if (kept_count < all.size()) cuts.push_back({{kept_count ? kept_end : all.front().begin, all.back().end}});
}

/// Targets of other families sign nothing, and Anthropic refuses a thought with an empty signature; without the block
/// it takes the turn (docs: extended thinking, "Preserving thinking blocks").
Status cut_unsigned(std::string_view body, std::vector<Cut>& cuts) {
    TRY(const auto doc, JsonDoc::parse(body));
    for (const JsonRef m : doc.root()["messages"])
        if (m["content"].is_array()) drop_unsigned(doc, m["content"], cuts);
    return {};
}
}  // namespace

Result<Spliced> Messages::splice(std::string_view body, const Envelope& e, const Patch& patch) const {
    std::vector<Cut> cuts;
    if (may_hold_unsigned(body)) TRYV(cut_unsigned(body, cuts));
    if (patch.model != e.model) cuts.push_back({e.spans.model, json_string(patch.model)});
    std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.place.begin < b.place.begin; });

    Spliced out;
    size_t at = 0;
    for (Cut& cut : cuts) {
        if (cut.place.begin < at || cut.place.end > body.size()) return Error(ErrorCode::internal, "splices overlap");
        if (cut.place.begin > at) out.pieces.push_back(body.substr(at, cut.place.begin - at));
        if (!cut.text.empty()) out.pieces.push_back(out.owned.emplace_back(std::move(cut.text)));
        at = cut.place.end;
    }
    if (at < body.size()) out.pieces.push_back(body.substr(at));
    return out;
}

}  // namespace aig::dialect::anthropic
