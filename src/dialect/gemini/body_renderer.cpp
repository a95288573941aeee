#include "dialect/gemini/reply.h"
#include "dialect/gemini/write.h"

namespace aig::dialect::google {
namespace {

using namespace canon;
using Kind = Event::Kind;

/// A translated whole reply: gathered, and written with the receipt.
class BodyRenderer final : public Renderer {
  public:
    explicit BodyRenderer(const ReplyTerms& terms) : terms_(terms) {}

    void event(const Event& e, std::string&) override {
        if (state_.gather(e)) return;
        const bool said = e.kind == Kind::text || e.kind == Kind::reasoning || e.kind == Kind::refusal ||
                          e.kind == Kind::media || e.kind == Kind::state;
        Candidate* c = said ? state_.candidate(e) : nullptr;
        if (!c || (e.text.empty() && (e.kind != Kind::media || e.id.empty()))) return;
        c->begun = true;
        c->refused |= e.kind == Kind::refusal;
        auto& parts = parts_[e.choice];
        if (e.kind == Kind::media)
            parts.push_back({media_part(e, {}), {}, {}, false});
        else if (e.kind == Kind::state)
            sign(parts, e.text);
        else
            say(*c, parts, e);
    }

    std::string finish(const Bill& bill) override { return body(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return body(bill, StopReason::length); }
    std::string fail(const Error& error) override { return error_object(error, terms_.request_id); }
    Losses losses() const override { return state_.losses(); }

  private:
    struct Piece {
        std::string media;  ///< a whole part, or "" for text
        std::string text, signature;
        bool thought = false;
    };

    static void say(Candidate& c, std::vector<Piece>& parts, const Event& e) {
        const bool thought = e.kind == Kind::reasoning;
        if (!thought) c.text += e.text;
        const bool goes_on = !parts.empty() && parts.back().media.empty() && parts.back().thought == thought &&
                             parts.back().signature.empty();
        if (!goes_on) parts.push_back({{}, {}, {}, thought});
        parts.back().text += e.text;
    }

    /// On the part just given; one that has its signature already, and no part at all, get another part.
    static void sign(std::vector<Piece>& parts, std::string_view signature) {
        if (parts.empty() || !parts.back().signature.empty())
            parts.push_back({{}, {}, {}, parts.empty() || parts.back().thought});
        parts.back().signature = signature;
    }

    static void write(JsonWriter& w, const Piece& p) {
        if (p.media.empty())
            w.raw(text_part(p.text, p.signature, p.thought));
        else if (p.signature.empty())
            w.raw(p.media);
        else
            w.raw(p.media.substr(0, p.media.size() - 1) + ",\"thoughtSignature\":" + json_string(p.signature) + "}");
    }

    std::string body(const Bill& bill, StopReason unfinished) {
        auto& all = state_.candidates();
        std::string out, usage;
        JsonWriter w(out);
        w.begin_object().key("candidates").begin_array();
        for (auto& [index, c] : all) {
            w.begin_object().key("content").begin_object().key("parts").begin_array();
            for (const Piece& p : parts_[index]) write(w, p);
            for (const Call& call : c.calls) w.raw(call_part(call));
            w.end_array().field("role", "model").end_object();
            write_ending(w, c, unfinished);
            w.field("index", index).end_object();
        }
        append_usage(usage, bill);
        w.end_array().field_raw("usageMetadata", usage);
        w.field("modelVersion", terms_.public_model).field("responseId", terms_.request_id).end_object();
        return out;
    }

    const ReplyTerms terms_;
    ReplyState state_;
    std::map<int, std::vector<Piece>> parts_;
};
}  // namespace

std::unique_ptr<Renderer> body_renderer(const ReplyTerms& terms) { return std::make_unique<BodyRenderer>(terms); }

}  // namespace aig::dialect::google
