// The lossless request: the caller's bytes, with the patches of docs/reference/openai-chat.md and no others.
#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;

struct Cut {
    size_t begin, end;
    std::string text;
};

bool only_space(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
}

bool only_colon(std::string_view s) {
    const size_t colon = s.find(':');
    return colon != std::string_view::npos && only_space(s.substr(0, colon)) && only_space(s.substr(colon + 1));
}

void ask_for_usage(std::string_view body, const Envelope& e, std::vector<Cut>& cuts) {
    const Span options = e.spans.stream_options, include = e.spans.include_usage;
    if (include.present()) {
        if (body.substr(include.begin, include.end - include.begin) != "true")
            cuts.push_back({include.begin, include.end, "true"});
    } else if (!options.present()) {
        cuts.push_back({e.spans.insert, e.spans.insert, R"("stream_options":{"include_usage":true},)"});
    } else if (body[options.begin] != '{') {
        cuts.push_back({options.begin, options.end, R"({"include_usage":true})"});
    } else {
        const bool empty = only_space(body.substr(options.begin + 1, options.end - options.begin - 2));
        cuts.push_back(
            {options.begin + 1, options.begin + 1, empty ? R"("include_usage":true)" : R"("include_usage":true,)"});
    }
}

/// For providers that refuse the member: name, value and one comma go.
void drop_stream_options(std::string_view body, const Envelope& e, std::vector<Cut>& cuts) {
    const Span value = e.spans.stream_options;
    if (!value.present()) return;
    constexpr std::string_view name = "\"stream_options\"";
    const size_t begin = body.rfind(name, value.begin);
    const size_t end = body.find_first_not_of(" \t\r\n", value.end);
    const size_t before = begin == std::string_view::npos ? begin : body.find_last_not_of(" \t\r\n", begin - 1);
    if (begin == std::string_view::npos ||
        !only_colon(body.substr(begin + name.size(), value.begin - begin - name.size())))
        cuts.push_back({value.begin, value.end, "null"});  // a name written with escapes: as unset as it gets
    else if (body[end] == ',')
        cuts.push_back({begin, end + 1, ""});
    else
        cuts.push_back({body[before] == ',' ? before : begin, value.end, ""});
}

void limit_output(const Envelope& e, const Patch& patch, std::vector<Cut>& cuts) {
    if (!patch.max_output || e.max_output) return;
    const bool completion = patch.max_output_member == "max_completion_tokens";
    const Span there = completion ? e.spans.max_completion_tokens : e.spans.max_tokens;
    if (there.present())  // "max_tokens": null
        cuts.push_back({there.begin, there.end, fmt::format("{}", *patch.max_output)});
    else
        cuts.push_back(
            {e.spans.insert, e.spans.insert,
             fmt::format("\"{}\":{},", completion ? "max_completion_tokens" : "max_tokens", *patch.max_output)});
}
}  // namespace

Result<Spliced> OpenAiChat::splice(std::string_view body, const Envelope& e, const Patch& patch) const {
    std::vector<Cut> cuts;
    cuts.reserve(3);
    if (e.operation != Operation::embedding) {
        limit_output(e, patch, cuts);
        if (patch.drop_stream_options)
            drop_stream_options(body, e, cuts);
        else if (e.stream && patch.ask_usage)
            ask_for_usage(body, e, cuts);
    }
    if (patch.model != e.model) cuts.push_back({e.spans.model.begin, e.spans.model.end, json_string(patch.model)});
    std::stable_sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.begin < b.begin; });

    Spliced out;
    out.pieces.reserve(2 * cuts.size() + 1);
    size_t at = 0;
    for (Cut& cut : cuts) {
        if (cut.begin < at || cut.end > body.size()) return Error(ErrorCode::internal, "splices overlap");
        if (cut.begin > at) out.pieces.push_back(body.substr(at, cut.begin - at));
        if (!cut.text.empty()) out.pieces.push_back(out.owned.emplace_back(std::move(cut.text)));
        at = cut.end;
    }
    if (at < body.size()) out.pieces.push_back(body.substr(at));
    return out;
}

}  // namespace aig::dialect::openai
