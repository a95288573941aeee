#include "dialect/gemini/reply.h"
#include "dialect/gemini/write.h"

namespace aig::dialect::google {
namespace {

using namespace canon;
using Kind = Event::Kind;

constexpr size_t most_cited = size_t{4} << 20;

/// A translated stream: parts as they come, then for each candidate its calls and its finish reason, the usage in the
/// last chunk. Finishes wait for the receipt too: clients stop reading at them.
class StreamRenderer final : public Renderer {
  public:
    explicit StreamRenderer(const ReplyTerms& terms) : terms_(terms), frame_(terms.envelope->sse) {}

    void event(const Event& e, std::string& out) override {
        if (state_.gather(e)) return;
        switch (e.kind) {
            case Kind::text:
            case Kind::reasoning:
            case Kind::refusal:
                return text(e, out);
            case Kind::media:
                return media(e, out);
            case Kind::state:
                return state(e, out);
            default:
                return;  // no place in this dialect, or written by finish()
        }
    }

    std::string finish(const Bill& bill) override { return tail(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return tail(bill, StopReason::length); }
    std::string fail(const Error& error) override {
        std::string out;
        frame_.chunk(error_object(error, terms_.request_id), out);
        if (!frame_.sse()) out += "\n]";
        return out;
    }
    Losses losses() const override { return state_.losses(); }

  private:
    void text(const Event& e, std::string& out) {
        Candidate* c = e.text.empty() ? nullptr : state_.candidate(e);
        if (!c) return;
        c->refused |= e.kind == Kind::refusal;
        c->thinking = e.kind == Kind::reasoning;
        if (!c->thinking && c->text.size() < most_cited) c->text += e.text;
        part(e.choice, *c, text_part(e.text, {}, c->thinking), out);
    }

    void media(const Event& e, std::string& out) {
        Candidate* c = state_.candidate(e);
        if (!c || (e.text.empty() && e.id.empty())) return;
        c->thinking = false;
        part(e.choice, *c, media_part(e, {}), out);
    }

    /// The part that a signature belongs to is out already: it follows on an empty one, as Google's own streams have
    /// it.
    void state(const Event& e, std::string& out) {
        Candidate* c = e.text.empty() ? nullptr : state_.candidate(e);
        if (!c) return;
        part(e.choice, *c, text_part({}, e.text, c->thinking || !c->said), out);
    }

    void part(int index, Candidate& c, const std::string& part, std::string& out) {
        c.begun = c.said = true;
        std::string chunk;
        JsonWriter w(chunk);
        begin(w, index, part);
        w.end_object().end_array();
        end(w);
        frame_.chunk(chunk, out);
    }

    static void begin(JsonWriter& w, int index, std::string_view parts) {
        w.begin_object().key("candidates").begin_array().begin_object().key("content").begin_object();
        w.key("parts").begin_array().raw_members(parts).end_array().field("role", "model").end_object();
        w.field("index", index);
    }
    void end(JsonWriter& w) const {
        w.field("modelVersion", terms_.public_model).field("responseId", terms_.request_id).end_object();
    }

    std::string tail(const Bill& bill, StopReason unfinished) {
        auto& all = state_.candidates();
        std::string out;
        for (auto it = all.begin(); it != all.end(); ++it) {
            std::string parts, chunk;
            for (const Call& call : it->second.calls) parts.append(parts.empty() ? "" : ",").append(call_part(call));
            JsonWriter w(chunk);
            begin(w, it->first, parts);
            write_ending(w, it->second, unfinished);
            w.end_object().end_array();
            if (std::next(it) == all.end()) {
                std::string usage;
                append_usage(usage, bill);
                w.field_raw("usageMetadata", usage);
            }
            end(w);
            frame_.chunk(chunk, out);
        }
        frame_.end(out);
        return out;
    }

    const ReplyTerms terms_;
    ReplyState state_;
    Framer frame_;
};
}  // namespace

std::unique_ptr<Renderer> stream_renderer(const ReplyTerms& terms) { return std::make_unique<StreamRenderer>(terms); }

}  // namespace aig::dialect::google
