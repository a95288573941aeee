// What OpenAI's shape carries beside text and tool calls: OpenRouter's reasoning_details, Gemini's signatures, images,
// annotations.
#include <algorithm>

#include "canon/request.h"
#include "provider/openai_chat/choices.h"

namespace aig::provider::openai {
using namespace canon;
using Kind = Event::Kind;

namespace {
constexpr size_t most_details = 4'096;

/// The member of a detail that comes in pieces.
std::string_view text_member(JsonRef d) {
    for (const std::string_view name : {"text", "summary"})
        if (d[name].is_string()) return name;
    return {};
}
}  // namespace

/// Pieces of one entry follow each other, with its type and index; a signature comes last, without a text ("Reasoning
/// tokens", openrouter.ai/docs, 2026). Sealed entries are whole.
void Choices::reasoning_details(Choice& choice, JsonRef list) {
    for (const JsonRef d : list) {
        if (!d.is_object() || choice.details.size() >= most_details) continue;
        const auto type = d["type"].text();
        const int64_t index = d["index"].integer().value_or(-1);
        const bool more = !choice.details.empty() && type != "reasoning.encrypted" &&
                          choice.details.back().type == type && choice.details.back().index == index;
        if (!more) choice.details.push_back({index, std::string(type), {}, {}, {}, std::string(d.raw())});
        Detail& detail = choice.details.back();
        if (more) detail.whole.clear();
        const auto member = text_member(d);
        if (!member.empty()) detail.text_member = member;
        detail.text += d[member].text();
        for (const JsonRef m : d) {
            if (m.key() == member || m.is_null()) continue;
            const auto known = std::find_if(detail.members.begin(), detail.members.end(),
                                            [&](const auto& k) { return k.first == m.key(); });
            if (known == detail.members.end())
                detail.members.emplace_back(m.key(), m.raw());
            else
                known->second = m.raw();
        }
    }
}

void Choices::give_details(int index, std::vector<Event>& out) {
    auto& details = choices_[static_cast<size_t>(index)].details;
    for (Detail& d : details) {
        if (d.whole.empty()) {
            JsonWriter w(d.whole);
            w.begin_object();
            for (const auto& [name, json] : d.members) w.field_raw(name, json);
            if (!d.text_member.empty()) w.field(d.text_member, d.text);
            w.end_object();
        }
        out.push_back(
            Event{.kind = Kind::state, .choice = index, .text = own(std::move(d.whole)), .name = state_kind::details});
    }
    details.clear();
}

/// extra_content.google.thought_signature of a message or a tool call ("Thought signatures", ai.google.dev, 2025-11).
void Choices::signature(int index, JsonRef holder, std::string_view call, std::vector<Event>& out) {
    const auto text = holder["extra_content"]["google"]["thought_signature"].text();
    if (text.empty()) return;
    out.push_back(Event{.kind = Kind::state, .choice = index, .text = text, .id = call, .name = state_kind::thought});
}

/// {"type":"url_citation","url_citation":{...}} -> {"type":"url_citation",...}
void Choices::annotations(int index, JsonRef list, std::vector<Event>& out) {
    for (const JsonRef a : list) {
        const auto type = a["type"].text();
        if (type.empty()) continue;
        std::string json;
        const JsonRef inner = a[type];
        if (inner.is_object()) {
            JsonWriter w(json);
            w.begin_object().field("type", type);
            for (const JsonRef m : inner)
                if (m.key() != "type") w.field_raw(m.key(), m.raw());
            w.end_object();
        } else {
            json = a.raw();
        }
        out.push_back(Event{.kind = Kind::annotation, .choice = index, .raw = own(std::move(json))});
    }
}

/// [{"type":"image_url","image_url":{"url":"data:image/png;base64,..."}}]
void Choices::images(int index, JsonRef list, std::vector<Event>& out) {
    for (const JsonRef i : list) {
        const auto url = i["image_url"].is_string() ? i["image_url"].text() : i["image_url"]["url"].text();
        if (url.empty()) continue;
        Event e{.kind = Kind::media, .choice = index};
        const size_t comma = url.find(";base64,");
        if (url.starts_with("data:") && comma != std::string_view::npos) {
            e.name = url.substr(5, comma - 5);
            e.text = url.substr(comma + 8);
        } else {
            e.name = "image/*";
            e.id = url;
        }
        emit(out, e);
    }
}

}  // namespace aig::provider::openai
