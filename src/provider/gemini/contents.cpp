// Messages: system text hoisted or kept in place, calls paired with their results, parts written.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "provider/gemini/encode.h"

namespace aig::provider::gemini {
namespace {

using canon::Message;
using canon::Part;
using canon::Role;

/// What a function call carries that no Gemini model made, where its signature would have to stand: Google's own word
/// for histories that come from elsewhere (ai.google.dev/gemini-api/docs/thought-signatures, "FAQ", 2026-03). It is no
/// signature and claims to be none.
constexpr std::string_view unsigned_call = "skip_thought_signature_validator";

bool is_system(const Message& m) { return m.role == Role::system || m.role == Role::developer; }
bool blank(std::string_view s) { return s.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// Only what a model of this family gave goes back to one.
std::string_view signature(const canon::State& state) {
    return state.kind == canon::state_kind::thought ? std::string_view(state.data) : std::string_view{};
}

std::string text_part(std::string_view text, std::string_view signature, bool thought = false) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("text", text);
    if (thought) w.field("thought", true);
    if (!signature.empty()) w.field("thoughtSignature", signature);
    w.end_object();
    return out;
}

class Builder {
  public:
    explicit Builder(const Job& job) : job_(job) {}

    Result<Conversation> build() {
        const auto& messages = job_.chat.messages;
        size_t leading = 0;
        while (leading < messages.size() && is_system(messages[leading])) ++leading;
        // A conversation needs a turn: of nothing but system messages the last one is asked as the user's.
        const bool only_system = leading == messages.size() && leading > 0;
        for (at_ = 0; at_ < messages.size(); ++at_) {
            const Message& m = messages[at_];
            if (!m.name.empty() && m.role != Role::tool) job_.lose(where() + ".name");
            job_.lose_extras(m.extras, where());
            if (only_system && at_ + 1 == messages.size()) {
                job_.lose(where() + ".role");
                TRYV(parts(m, content("user", false).parts));
            } else if (at_ < leading) {
                TRYV(parts(m, done_.system));
            } else {
                TRYV(message(m));
            }
        }
        std::erase_if(done_.contents, [](const Content& c) { return c.parts.empty(); });
        if (done_.contents.empty())
            return Error(ErrorCode::bad_param, "messages: at least one message must have content").param("messages");
        return std::move(done_);
    }

  private:
    std::string where() const { return fmt::format("messages[{}]", at_); }
    std::string where(size_t part) const { return fmt::format("messages[{}].content[{}]", at_, part); }

    /// Neighbours of one kind are one turn: the results of parallel calls must come together.
    Content& content(std::string_view role, bool results) {
        auto& all = done_.contents;
        if (all.empty() || all.back().role != role || all.back().results != results) all.push_back({role, results, {}});
        return all.back();
    }

    Status message(const Message& m) {
        if (is_system(m)) {
            // Hoisting a later system message would rewrite the cached prefix with every turn: it stays in its place.
            job_.lose(where() + ".role");
            in_place_ = true;
            auto done = parts(m, content("user", false).parts);
            in_place_ = false;
            return done;
        }
        if (m.role == Role::assistant) {
            unsigned_ = job_.target.quirks.signed_calls;
            return parts(m, content("model", false).parts);
        }
        // Results first, in a turn of their own; what else the message holds follows.
        for (part_ = 0; part_ < m.parts.size(); ++part_)
            if (const auto* r = std::get_if<canon::ToolResult>(&m.parts[part_])) TRYV(result(*r, m.name));
        std::vector<std::string> rest = std::move(behind_results_);
        behind_results_.clear();
        TRYV(parts(m, rest));
        if (rest.empty()) return {};
        auto& into = content("user", false).parts;
        std::move(rest.begin(), rest.end(), std::back_inserter(into));
        return {};
    }

    Status parts(const Message& m, std::vector<std::string>& out) {
        for (part_ = 0; part_ < m.parts.size(); ++part_)
            TRYV(std::visit([&](const auto& value) { return this->one(value, out); }, m.parts[part_]));
        return {};
    }

    Status one(const canon::Text& t, std::vector<std::string>& out) {
        job_.lose_extras(t.extras, where(part_));
        if (t.state && signature(t.state).empty()) job_.lose(where() + ".reasoning");
        if (in_place_)
            out.push_back(text_part(fmt::format("<system>\n{}\n</system>", t.text), {}));
        else if (!t.text.empty() || !signature(t.state).empty())
            out.push_back(text_part(t.text, signature(t.state)));
        return {};
    }
    Status one(const canon::Refusal& r, std::vector<std::string>& out) {
        if (!blank(r.text)) out.push_back(text_part(r.text, {}));
        return {};
    }
    /// Thoughts without a signature of this family mean nothing to it, and those of other models least of all.
    Status one(const canon::Reasoning& r, std::vector<std::string>& out) {
        if (signature(r.state).empty())
            job_.lose(where() + ".reasoning");
        else
            out.push_back(text_part(r.text, signature(r.state), true));
        return {};
    }

    Status media(std::string data, const canon::State& state, std::vector<std::string>& out) {
        std::string part;
        JsonWriter w(part);
        w.begin_object().raw_members(data);
        if (const auto s = signature(state); !s.empty()) w.field("thoughtSignature", s);
        w.end_object();
        out.push_back(std::move(part));
        return {};
    }
    Status one(const canon::Image& image, std::vector<std::string>& out) {
        job_.lose_extras(image.extras, where(part_));
        if (!image.detail.empty() && image.detail != "auto") job_.lose(where(part_) + ".detail");
        TRY(std::string data, image_data(image, where(part_)));
        return media(std::move(data), image.state, out);
    }
    Status one(const canon::Audio& audio, std::vector<std::string>& out) {
        job_.lose_extras(audio.extras, where(part_));
        TRY(std::string data, audio_data(audio));
        return media(std::move(data), {}, out);
    }
    Status one(const canon::File& file, std::vector<std::string>& out) {
        job_.lose_extras(file.extras, where(part_));
        TRY(std::string data, file_data(file, job_, where(part_)));
        return media(std::move(data), {}, out);
    }
    Status one(const canon::Other& other, std::vector<std::string>& out) {
        if (!job_.same_origin()) return refuse(fmt::format("content part '{}'", other.type), where(part_));
        out.push_back(other.json);
        return {};
    }
    Status one(const canon::ToolResult&, std::vector<std::string>&) { return {}; }  // written by result()

    Status one(const canon::ToolCall& call, std::vector<std::string>& out) {
        if (call.custom) return refuse("custom tools", where() + ".tool_calls");
        job_.lose_extras(call.extras, where() + ".tool_calls");
        names_[call.id] = call.name;
        if (call.state && signature(call.state).empty()) job_.lose(where() + ".reasoning");
        std::string part;
        JsonWriter w(part);
        w.begin_object().key("functionCall").begin_object();
        if (!call.id.empty()) w.field("id", call.id);
        w.field("name", call.name).field_raw("args", arguments(call.arguments_json)).end_object();
        // Of parallel calls only the first has a signature.
        std::string_view sign = signature(call.state);
        if (sign.empty() && unsigned_) sign = unsigned_call;
        unsigned_ = false;
        if (!sign.empty()) w.field("thoughtSignature", sign);
        w.end_object();
        out.push_back(std::move(part));
        return {};
    }

    /// The wire wants an object where other wires carry any text. Models do write broken arguments, and a conversation
    /// that holds one must be able to go on.
    std::string arguments(const std::string& json) const {
        if (blank(json)) return "{}";
        auto doc = JsonDoc::parse(json);
        if (doc && doc->root().is_object()) return std::string(doc->root().raw());
        job_.lose(where() + ".tool_calls.arguments");
        std::string out;
        JsonWriter(out).begin_object().field("invalid_json", json).end_object();
        return out;
    }

    /// The text of a result; media follow behind the results.
    Result<std::string> result_text(const canon::ToolResult& r) {
        std::string text;
        for (const Part& p : r.parts) {
            if (const auto* t = std::get_if<canon::Text>(&p)) {
                text += t->text;
                continue;
            }
            TRYV(std::visit([&](const auto& value) { return this->one(value, behind_results_); }, p));
        }
        return text;
    }

    Status result(const canon::ToolResult& r, const std::string& name) {
        job_.lose_extras(r.extras, where(part_));
        TRY(const std::string text, result_text(r));
        const auto known = names_.find(r.call_id);
        std::string part;
        JsonWriter w(part);
        w.begin_object().key("functionResponse").begin_object();
        if (!r.call_id.empty()) w.field("id", r.call_id);
        w.field("name", known != names_.end() ? known->second : !name.empty() ? name : r.call_id);
        w.field_raw("response", response(text, r.is_error)).end_object().end_object();
        content("user", true).parts.push_back(std::move(part));
        return {};
    }

    /// "Use the output key for the function's output and the error key for what went wrong" (FunctionResponse, 2026).
    static std::string response(const std::string& text, bool is_error) {
        auto doc = JsonDoc::parse(text);
        const bool object = doc && doc->root().is_object();
        if (object && !is_error) return std::string(doc->root().raw());
        std::string out;
        JsonWriter w(out);
        w.begin_object().key(is_error ? "error" : "output");
        object ? w.raw(doc->root().raw()) : w.string(text);
        w.end_object();
        return out;
    }

    const Job& job_;
    Conversation done_;
    std::map<std::string, std::string, std::less<>> names_;  ///< of calls by their ids
    std::vector<std::string> behind_results_;
    size_t at_ = 0, part_ = 0;
    bool in_place_ = false;
    bool unsigned_ = false;  ///< the next call of this turn needs a signature and may have none
};

}  // namespace

Result<Conversation> conversation(const Job& job) { return Builder(job).build(); }

}  // namespace aig::provider::gemini
