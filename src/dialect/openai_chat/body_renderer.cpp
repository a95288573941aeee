#include "base/json.h"
#include "dialect/errors.h"
#include "dialect/openai_chat/reply.h"
#include "dialect/openai_chat/write.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;
using Kind = Event::Kind;

/// A translated whole reply: gathered, and written with the receipt.
class BodyRenderer final : public Renderer {
  public:
    explicit BodyRenderer(const ReplyTerms& terms) : terms_(terms), state_(terms_) {}

    void event(const Event& e, std::string&) override {
        if (e.kind == Kind::block || (e.kind == Kind::extra && !(e.name == "audio" && e.choice >= 0))) {
            if (e.kind == Kind::block || !is_decoration(e.name)) state_.lose(e.name);
            return;
        }
        ChoiceState* c = is_said(e.kind) ? state_.choice(e) : nullptr;
        if (!c) return;
        c->begun = true;
        switch (e.kind) {
            case Kind::text:
                c->has_text = true;
                c->text += e.text;
                break;
            case Kind::reasoning:
                c->reasoning += e.text;
                break;
            case Kind::refusal:
                c->refusal += e.text;
                break;
            case Kind::logprobs:
                c->logprobs = e.raw;
                break;
            case Kind::state:
                state(*c, e);
                break;
            case Kind::annotation:
                append(c->annotations, annotation(e.raw));
                break;
            case Kind::media:
                media(*c, e);
                break;
            case Kind::extra:
                c->audio = e.raw;
                break;
            case Kind::finish:
                if (!c->finished) c->stop = e.stop;
                c->finished = true;
                break;
            default:
                tool(*c, e);
        }
    }

    std::string finish(const Bill& bill) override { return body(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return body(bill, StopReason::length); }
    std::string fail(const Error& error) override { return in_band_error(error, terms_.surface, terms_.request_id); }
    Losses losses() const override { return state_.losses(); }

  private:
    static bool is_said(Kind kind) {
        switch (kind) {
            case Kind::text:
            case Kind::reasoning:
            case Kind::refusal:
            case Kind::tool_begin:
            case Kind::tool_arguments:
            case Kind::logprobs:
            case Kind::state:
            case Kind::annotation:
            case Kind::media:
            case Kind::extra:
            case Kind::finish:
                return true;
            default:
                return false;
        }
    }

    static void append(std::string& list, const std::string& entry) {
        if (!list.empty()) list += ',';
        list += entry;
    }

    static void state(ChoiceState& c, const Event& e) {
        if (!is_native_signature(e)) return append(c.details, reasoning_detail(e, c.details_made++));
        CallState* call = ReplyState::call_of(c, e.id);
        (call ? call->signature : c.signature) = e.text;
    }

    void media(ChoiceState& c, const Event& e) {
        if (e.name.starts_with("audio/"))
            c.audio = audio_value(e, state_.reply_id());
        else
            append(c.images, image_entry(e, c.images_made++));
    }

    void tool(ChoiceState& c, const Event& e) {
        bool fresh = false;
        CallState& call = c.calls[state_.call(c, e, fresh)];
        if (e.kind == Kind::tool_arguments) call.arguments += e.text;
    }

    std::string body(const Bill& bill, StopReason unfinished) {
        if (state_.choices().empty()) state_.choices()[0].begun = true;
        size_t said = 640;  // names, usage, and what else every reply has
        for (const auto& [index, c] : state_.choices()) said += c.text.size() + c.reasoning.size();
        std::string out;
        out.reserve(said);
        JsonWriter w(out);
        w.begin_object()
            .field("id", state_.reply_id())
            .field("object", "chat.completion")
            .field("created", terms_.created_s)
            .field("model", terms_.public_model);
        w.key("choices").begin_array();
        for (auto& [index, c] : state_.choices()) {
            if (!c.begun) continue;
            if (!c.finished) c.stop = unfinished;
            choice(w, index, c);
        }
        w.end_array().key("usage");
        append_usage(out, bill);
        w.end_object();
        return out;
    }

    static void choice(JsonWriter& w, int index, const ChoiceState& c) {
        w.begin_object().field("index", index).key("message").begin_object().field("role", "assistant");
        // No text beside tool calls, a refusal or reasoning alone is null, as OpenAI has it.
        c.has_text ? w.field("content", c.text) : w.field_null("content");
        c.refusal.empty() ? w.field_null("refusal") : w.field("refusal", c.refusal);
        if (!c.reasoning.empty()) w.field("reasoning_content", c.reasoning);
        const auto list = [&](std::string_view name, const std::string& entries) {
            if (!entries.empty()) w.key(name).begin_array().raw_members(entries).end_array();
        };
        list("reasoning_details", c.details);
        list("annotations", c.annotations);
        list("images", c.images);
        if (!c.audio.empty()) w.field_raw("audio", c.audio);
        if (!c.signature.empty()) w.field_raw("extra_content", extra_content(c.signature));
        if (!c.calls.empty()) tool_calls(w, c.calls);
        w.end_object();
        w.field_raw("logprobs", c.logprobs.empty() ? "null" : std::string_view(c.logprobs))
            .field("finish_reason", c.finish_reason())
            .end_object();
    }

    static void tool_calls(JsonWriter& w, const std::vector<CallState>& calls) {
        w.key("tool_calls").begin_array();
        for (const CallState& call : calls) {
            const std::string_view type = call.custom ? "custom" : "function";
            const bool empty = call.arguments.empty() && !call.custom;
            w.begin_object().field("id", call.id).field("type", type).key(type).begin_object();
            w.field("name", call.name)
                .field(call.custom ? "input" : "arguments", empty ? "{}" : std::string_view(call.arguments))
                .end_object();
            if (!call.signature.empty()) w.field_raw("extra_content", extra_content(call.signature));
            w.end_object();
        }
        w.end_array();
    }

    const ReplyTerms terms_;
    ReplyState state_;
};
}  // namespace

std::unique_ptr<Renderer> body_renderer(const ReplyTerms& terms) { return std::make_unique<BodyRenderer>(terms); }

}  // namespace aig::dialect::openai
