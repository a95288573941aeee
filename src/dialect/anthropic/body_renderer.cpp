#include "base/json.h"
#include "dialect/anthropic/blocks.h"
#include "dialect/anthropic/write.h"
#include "dialect/errors.h"

namespace aig::dialect::anthropic {
namespace {

using namespace canon;

/// A translated whole reply: gathered, and written with the receipt.
class BodyRenderer final : public Renderer {
  public:
    explicit BodyRenderer(const ReplyTerms& terms) : terms_(terms), blocks_(terms_) {}

    void event(const Event& e, std::string&) override { blocks_.event(e); }
    std::string finish(const Bill& bill) override { return body(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return body(bill, StopReason::length); }
    std::string fail(const Error& error) override { return in_band_anthropic_error(error, terms_.request_id); }
    Losses losses() const override { return blocks_.losses(); }

  private:
    std::string body(const Bill& bill, StopReason unfinished) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("id", message_id(terms_)).field("type", "message").field("role", "assistant");
        w.field("model", terms_.public_model).key("content").begin_array();
        for (const Block& b : blocks_.list()) block(w, b);
        w.end_array().field("stop_reason", blocks_.stop_reason(unfinished));
        const auto& sequence = blocks_.stop_sequence();
        sequence.empty() ? w.field_null("stop_sequence") : w.field("stop_sequence", sequence);
        w.raw_members(blocks_.ending_members());
        std::string usage;
        append_usage(usage, bill);
        w.field_raw("usage", usage).end_object();
        return out;
    }

    static void block(JsonWriter& w, const Block& b) {
        switch (b.kind) {
            case BlockKind::text:
                w.begin_object().field("type", "text").field("text", b.text);
                if (!b.citations.empty()) w.key("citations").begin_array().raw_members(b.citations).end_array();
                w.end_object();
                return;
            case BlockKind::thinking:
                w.begin_object().field("type", "thinking").field("thinking", b.text);
                w.field("signature", b.signature).end_object();
                return;
            case BlockKind::redacted:
                w.begin_object().field("type", "redacted_thinking").field("data", b.text).end_object();
                return;
            case BlockKind::tool:
                w.begin_object().field("type", "tool_use").field("id", b.id).field("name", b.name);
                w.field_raw("input", input_object(b)).end_object();
                return;
            case BlockKind::raw:
                w.raw(b.text);
        }
    }

    const ReplyTerms terms_;
    ReplyBlocks blocks_;
};
}  // namespace

std::unique_ptr<Renderer> body_renderer(const ReplyTerms& terms) { return std::make_unique<BodyRenderer>(terms); }

}  // namespace aig::dialect::anthropic
