#include "dialect/gemini/parse.h"
#include "dialect/body_doc.h"

#include <algorithm>
#include <array>

#include "dialect/gemini/check.h"
#include "dialect/gemini/gemini.h"

namespace aig::dialect::google {
using namespace canon;
namespace {

constexpr std::array<std::string_view, 6> known_top{"model", "contents",   "systemInstruction",
                                                    "tools", "toolConfig", "generationConfig"};

std::string str(JsonRef v) { return std::string(v.text()); }
std::string raw(JsonRef v) { return given(v) ? std::string(v.raw()) : std::string{}; }

Result<Chat> parse_chat(JsonRef root) {
    // What it names lies with Google, and an answer without it would be another answer.
    if (given(member(root, "cachedContent")))
        return Error(ErrorCode::unsupported_feature, "`cachedContent` cannot be sent to this model's provider.")
            .param("cachedContent");
    Chat c;
    c.origin = origin_name;
    if (const JsonRef system = member(root, "systemInstruction"); system.is_object())
        c.messages.push_back(Contents::system(system));
    Contents contents;
    for (const JsonRef content : elements(member(root, "contents"))) c.messages.push_back(contents.message(content));
    parse_generation(member(root, "generationConfig"), c);
    parse_tools(root, c);
    for (const JsonRef m : root) {
        const bool known = std::any_of(known_top.begin(), known_top.end(),
                                       [&](std::string_view name) { return canon::gemini::same_name(m.key(), name); });
        if (!known && given(m)) c.extras.emplace_back(m.key(), m.raw());
    }
    return c;
}

/// One embedding request of a list, or the only one.
struct Asked {
    std::string text, task, title;
    std::optional<int64_t> dimensions;
};

Result<Asked> parse_embed(JsonRef r) {
    Asked a;
    for (const JsonRef p : elements(r["content"]["parts"])) {
        if (!p["text"].is_string())
            return Error(ErrorCode::unsupported_feature, "`content.parts`: only text can be embedded here.")
                .param("content.parts");
        a.text += p["text"].text();
    }
    a.task = str(member(r, "taskType"));
    a.title = raw(r["title"]);
    if (const JsonRef d = member(r, "outputDimensionality")) a.dimensions = whole_number(d);
    return a;
}

}  // namespace

std::vector<JsonRef> elements(JsonRef list) {
    std::vector<JsonRef> out;
    if (list.is_object()) out.push_back(list);
    if (list.is_array())
        for (const JsonRef v : list) out.push_back(v);
    return out;
}

State state_of(JsonRef signature) {
    const auto data = signature.text();
    if (data.empty()) return {};
    return {std::string(data.starts_with(capsule_prefix) ? state_kind::capsule : state_kind::thought),
            std::string(data)};
}

Result<Embedding> parse_embedding(JsonRef root) {
    Embedding e;
    e.origin = origin_name;
    const JsonRef requests = root["requests"];
    e.single = !given(requests);
    std::vector<JsonRef> all = e.single ? std::vector<JsonRef>{root} : elements(requests);
    std::string title;
    for (size_t i = 0; i < all.size(); ++i) {
        TRY(Asked a, parse_embed(all[i]));
        if (i && (a.task != e.task_type || a.dimensions != e.dimensions || a.title != title))
            return Error(ErrorCode::unsupported_feature,
                         "`requests`: all must have the same taskType, title and outputDimensionality here.")
                .param("requests");
        e.texts.push_back(std::move(a.text));
        e.task_type = std::move(a.task);
        e.dimensions = a.dimensions;
        title = std::move(a.title);
    }
    if (!title.empty()) e.extras.emplace_back("title", title);
    return e;
}

Result<Request> Gemini::parse(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    if (in.operation == Operation::embedding) {
        TRY(Embedding e, parse_embedding(body.root()));
        e.model = in.model;
        return e;
    }
    TRY(Chat c, parse_chat(body.root()));
    c.model = in.model;
    c.stream = in.stream.value_or(false);
    c.include_usage = true;
    return c;
}

}  // namespace aig::dialect::google
