#include "base/json.h"
#include "dialect/errors.h"
#include "dialect/openai_chat/reply.h"
#include "dialect/openai_chat/write.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;
using Kind = Event::Kind;

/// A translated stream: role first, deltas, finish chunks, perhaps usage, [DONE]. Finish chunks wait for the receipt
/// too: some clients stop reading at them.
class StreamRenderer final : public Renderer {
  public:
    explicit StreamRenderer(const ReplyTerms& terms)
        : terms_(terms),
          state_(terms_),
          wants_usage_(terms.envelope->wants_usage),
          head_{state_.reply_id(), terms.created_s, terms.public_model} {
        // Everything of a chunk but its choice is the same each time.
        std::string chunk;
        append_chunk(chunk, head_, "\x01", wants_usage_ ? "null" : "");
        const size_t mark = chunk.find('\x01');
        before_ = chunk.substr(0, mark);
        after_ = chunk.substr(mark + 1);
    }

    void event(const Event& e, std::string& out) override {
        switch (e.kind) {
            case Kind::text:
                return delta(e, "content", out);
            case Kind::reasoning:
                return delta(e, "reasoning_content", out);
            case Kind::refusal:
                return delta(e, "refusal", out);
            case Kind::tool_begin:
            case Kind::tool_arguments:
                return tool(e, out);
            case Kind::state:
                return state(e, out);
            case Kind::annotation:
                return beside(e, "annotations", annotation(e.raw), out);
            case Kind::media:
                return media(e, out);
            case Kind::block:
                return state_.lose(e.name);
            case Kind::extra:
                return extra(e, out);
            case Kind::logprobs:
                return logprobs(e, out);
            case Kind::finish:
                return finish_choice(e, out);
            default:
                return;  // written by finish()
        }
    }

    std::string finish(const Bill& bill) override { return tail(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return tail(bill, StopReason::length); }
    std::string fail(const Error& error) override {
        return "data: " + in_band_error(error, terms_.surface, terms_.request_id) + "\n\n";
    }
    Losses losses() const override { return state_.losses(); }

  private:
    /// Writes one chunk with one choice; `members` writes the delta's inside.
    template <class Members>
    void chunk(int index, Members members, std::string& out, std::string_view logprobs_json = "null") {
        out += before_;
        JsonWriter w(out);
        w.begin_object().field("index", index).key("delta").begin_object();
        members(w);
        w.end_object().field_raw("logprobs", logprobs_json).field_null("finish_reason").end_object();
        out += after_;
    }

    void begin(int index, ChoiceState& c, std::string& out) {
        if (c.begun) return;
        c.begun = true;
        chunk(
            index, [](JsonWriter& w) { w.field("role", "assistant").field("content", "").field_null("refusal"); }, out);
    }

    void delta(const Event& e, std::string_view member, std::string& out) {
        ChoiceState* c = e.text.empty() ? nullptr : state_.choice(e);
        if (!c) return;
        begin(e.choice, *c, out);
        chunk(
            e.choice, [&](JsonWriter& w) { w.field(member, e.text); }, out);
    }

    void logprobs(const Event& e, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c) return;
        begin(e.choice, *c, out);
        chunk(
            e.choice, [](JsonWriter&) {}, out, flat(e.raw));
    }

    /// A list of one entry beside the content.
    void beside(const Event& e, std::string_view member, const std::string& entry, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c) return;
        begin(e.choice, *c, out);
        chunk(
            e.choice, [&](JsonWriter& w) { w.key(member).begin_array().raw(entry).end_array(); }, out);
    }

    void value(const Event& e, std::string_view member, const std::string& json, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c) return;
        begin(e.choice, *c, out);
        chunk(
            e.choice, [&](JsonWriter& w) { w.field_raw(member, json); }, out);
    }

    void state(const Event& e, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c) return;
        if (!is_native_signature(e)) return beside(e, "reasoning_details", reasoning_detail(e, c->details_made++), out);
        const CallState* call = ReplyState::call_of(*c, e.id);
        if (!call) return value(e, "extra_content", extra_content(e.text), out);
        tool_chunk(e.choice, static_cast<size_t>(call - c->calls.data()), out,
                   [&](JsonWriter& w) { w.field_raw("extra_content", extra_content(e.text)); });
    }

    void media(const Event& e, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c) return;
        if (e.name.starts_with("audio/")) return value(e, "audio", audio_value(e, state_.reply_id()), out);
        beside(e, "images", image_entry(e, c->images_made++), out);
    }

    void extra(const Event& e, std::string& out) {
        if (e.name == "audio" && e.choice >= 0) return value(e, "audio", flat(e.raw), out);
        if (!is_decoration(e.name)) state_.lose(e.name);
    }

    void tool(const Event& e, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c) return;
        begin(e.choice, *c, out);
        bool fresh = false;
        const size_t at = state_.call(*c, e, fresh);
        if (fresh) {
            const CallState& call = c->calls[at];
            tool_chunk(e.choice, at, out, [&](JsonWriter& w) {
                const std::string_view type = call.custom ? "custom" : "function";
                w.field("id", call.id).field("type", type).key(type).begin_object();
                w.field("name", call.name).field(call.custom ? "input" : "arguments", "").end_object();
            });
        }
        if (e.kind == Kind::tool_arguments && !e.text.empty()) arguments(e.choice, at, e.text, *c, out);
    }

    void arguments(int choice, size_t at, std::string_view text, ChoiceState& c, std::string& out) {
        c.calls[at].has_arguments = true;
        const bool custom = c.calls[at].custom;
        tool_chunk(choice, at, out, [&](JsonWriter& w) {
            w.key(custom ? "custom" : "function").begin_object();
            w.field(custom ? "input" : "arguments", text).end_object();
        });
    }

    template <class Members>
    void tool_chunk(int choice, size_t at, std::string& out, Members members) {
        chunk(
            choice,
            [&](JsonWriter& w) {
                w.key("tool_calls").begin_array().begin_object().field("index", static_cast<int64_t>(at));
                members(w);
                w.end_object().end_array();
            },
            out);
    }

    void finish_choice(const Event& e, std::string& out) {
        ChoiceState* c = state_.choice(e);
        if (!c || c->finished) return;
        begin(e.choice, *c, out);
        c->finished = true;
        c->stop = e.stop;
    }

    /// A call without arguments has the arguments {}: "" is not JSON.
    void close_calls(int index, ChoiceState& c, std::string& out) {
        for (size_t i = 0; i < c.calls.size(); ++i)
            if (!c.calls[i].has_arguments && !c.calls[i].custom) arguments(index, i, "{}", c, out);
    }

    std::string tail(const Bill& bill, StopReason unfinished) {
        std::string out;
        if (state_.choices().empty()) begin(0, state_.choices()[0], out);
        for (auto& [index, c] : state_.choices()) {
            if (!c.begun) continue;
            if (c.finished || unfinished != StopReason::length) close_calls(index, c, out);
            if (!c.finished) c.stop = unfinished;
            append_chunk(out, head_, ending_choice(index, c.finish_reason()), wants_usage_ ? "null" : "");
        }
        if (wants_usage_) {
            std::string usage;
            append_usage(usage, bill);
            append_chunk(out, head_, {}, usage);
        }
        return out += done_event;
    }

    const ReplyTerms terms_;
    ReplyState state_;
    const bool wants_usage_;
    const ChunkHead head_;
    std::string before_, after_;
};
}  // namespace

std::unique_ptr<Renderer> stream_renderer(const ReplyTerms& terms) { return std::make_unique<StreamRenderer>(terms); }

}  // namespace aig::dialect::openai
