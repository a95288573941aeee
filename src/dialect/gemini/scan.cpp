#include "dialect/gemini/scan.h"

#include <algorithm>

#include "canon/gemini/shape.h"
#include "canon/state.h"
#include "dialect/gemini/write.h"

namespace aig::dialect::google {
using namespace canon;
namespace {

constexpr size_t most_states = 4'096;

Error garbage(std::string_view why) {
    return Error(ErrorCode::upstream_garbage, "The provider's reply is not understandable: " + std::string(why));
}

void remember(JsonRef text, Facts& facts) {
    if (!text.text().empty() && facts.states.size() < most_states) facts.states.push_back(state_print(text.text()));
}
void output(std::string_view text, Facts& facts) {
    if (text.empty()) return;
    facts.delivered.add(text);
    facts.content = true;
    facts.empty_output = false;
}

}  // namespace

void ReplyScan::part(JsonRef p, Facts& facts) {
    for (const JsonRef m : p) {
        if (m.key() == "text") {
            output(m.text(), facts);
        } else if (m.key() == "thoughtSignature") {
            remember(m, facts);
        } else if (m.key() == "functionCall" && m.is_object()) {
            called_ = true;
            remember(m["id"], facts);
            output(m["name"].text(), facts);
            output(m["args"].raw(), facts);
            output(m["partialArgs"].raw(), facts);
        } else if (m.is_object()) {
            // Images, code and its results. Their bytes are no text: what they cost is in the reported usage.
            facts.content = true;
            facts.empty_output = false;
        }
    }
}

Status ReplyScan::candidate(JsonRef c, int place, Facts& facts) {
    if (!c.is_object()) return garbage("a candidate is not an object");
    const int64_t index = c["index"].integer().value_or(place);
    if (index < 0 || index >= most_candidates) return garbage("a candidate has no proper index");
    begun_.set(static_cast<size_t>(index));
    for (const JsonRef p : c["content"]["parts"])
        if (p.is_object()) part(p, facts);
    const StopReason stop = canon::gemini::stop_of(c["finishReason"]);
    if (stop == StopReason::none) return {};
    if (index == 0) facts.stop = stop == StopReason::end && called_ ? StopReason::tool_calls : stop;
    ended_.set(static_cast<size_t>(index));
    facts.finished = true;
    return {};
}

void ReplyScan::places(JsonRef root, Scanned& found) {
    const auto span = [&](JsonRef v) {
        const size_t at = doc_.offset(v.raw());
        return Span{at, at + v.raw().size()};
    };
    found.inside = doc_.offset(root.raw()) + 1;
    for (const JsonRef m : root) {
        if (m.key() == "modelVersion" && m.is_string()) found.model = span(m);
        if (m.key() != "usageMetadata" || !m.is_object()) continue;
        found.usage = span(m);
        found.usage_empty = m.size() == 0;
        if (const JsonRef cost = m["cost"]) found.cost = span(cost);
    }
}

Result<Scanned> ReplyScan::chunk(std::string_view json, Facts& facts) {
    if (!doc_.assign(json)) return garbage("not valid JSON");
    const JsonRef root = doc_.root();
    if (!root.is_object()) return garbage("not a JSON object");
    Scanned found;
    if (root["error"].is_object()) {
        facts.error = canon::gemini::in_band_error(root["error"]);
        return found;
    }
    int place = 0;
    for (const JsonRef c : root["candidates"]) TRYV(candidate(c, place++, facts));
    found.candidates = place > 0;
    found.is_reply = root["candidates"] || root["promptFeedback"];
    if (!canon::gemini::block_reason(root).empty()) {
        blocked_ = facts.finished = facts.content = true;
        facts.empty_output = false;
        facts.stop = StopReason::refusal;
    }
    // The counts are cumulative, and the last report counts; one that makes no sense does not unsay it.
    if (auto told = gemini_usage(root["usageMetadata"])) facts.usage = *told;
    places(root, found);
    return found;
}

std::vector<int> ReplyScan::open_candidates() const {
    std::vector<int> open;
    for (size_t i = 0; i < begun_.size(); ++i)
        if (begun_[i] && !ended_[i]) open.push_back(static_cast<int>(i));
    return open;
}

namespace {
struct Cut {
    size_t begin, end;
    std::string text;
};

void add_cost(const Scanned& found, const Bill& bill, bool add_usage, std::vector<Cut>& cuts) {
    std::string usage;
    if (found.usage.present() && !bill.usage.estimated) {
        if (found.cost.present())
            cuts.push_back({found.cost.begin, found.cost.end, cost_number(bill)});
        else
            cuts.push_back({found.usage.begin + 1, found.usage.begin + 1,
                            "\"cost\":" + cost_number(bill) + (found.usage_empty ? "" : ",")});
        return;
    }
    append_usage(usage, bill);
    // What the provider reported makes no sense: the usage that was billed stands in its place.
    if (found.usage.present())
        cuts.push_back({found.usage.begin, found.usage.end, std::move(usage)});
    else if (add_usage)
        cuts.push_back({found.inside, found.inside, "\"usageMetadata\":" + usage + ","});
}
}  // namespace

std::string patched(std::string_view json, const Scanned& found, std::string_view model_json, const Bill* bill,
                    bool add_usage) {
    std::vector<Cut> cuts;
    if (found.model.present()) cuts.push_back({found.model.begin, found.model.end, std::string(model_json)});
    if (bill) add_cost(found, *bill, add_usage, cuts);
    std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.begin < b.begin; });
    std::string out;
    out.reserve(json.size() + 256);
    size_t from = 0;
    for (const Cut& cut : cuts) {
        out.append(json.substr(from, cut.begin - from)).append(cut.text);
        from = cut.end;
    }
    out.append(json.substr(from));
    return out;
}

}  // namespace aig::dialect::google
