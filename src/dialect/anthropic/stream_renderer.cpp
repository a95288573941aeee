#include "base/json.h"
#include "dialect/anthropic/blocks.h"
#include "dialect/anthropic/write.h"

namespace aig::dialect::anthropic {
namespace {

using namespace canon;

/// A translated stream: message_start, blocks one after another, message_delta with the usage, message_stop. The first
/// block of the list is the one that is being written; those behind it wait.
class StreamRenderer final : public Renderer {
  public:
    explicit StreamRenderer(const ReplyTerms& terms) : terms_(terms), blocks_(terms_) {}

    void event(const Event& e, std::string& out) override {
        blocks_.event(e);
        write(out, false);
    }

    std::string finish(const Bill& bill) override { return tail(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return tail(bill, StopReason::length); }
    std::string fail(const Error& error) override { return error_event(error, terms_); }
    Losses losses() const override { return blocks_.losses(); }

  private:
    /// All that can go out now. `over`: nothing more will come.
    void write(std::string& out, bool over) {
        auto& list = blocks_.list();
        while (!list.empty()) {
            Block& b = list.front();
            // Of a call that others already wait behind, arguments still go out as they come.
            begin(b, out);
            more(b, over, out);
            if (!over && !b.finished(list.size() == 1)) return;
            end(b, out);
            blocks_.pop_front();
            ++index_;
        }
    }

    /// One event of a block; `members` writes what follows type and index.
    template <class Members>
    void block_event(std::string_view type, Members members, std::string& out) {
        out.append("event: ").append(type).append("\ndata: ");
        JsonWriter w(out);
        w.begin_object().field("type", type).field("index", index_);
        members(w);
        w.end_object();
        out += "\n\n";
    }

    void delta(std::string_view type, std::string_view member, std::string_view text, std::string& out) {
        block_event(
            "content_block_delta",
            [&](JsonWriter& w) { w.key("delta").begin_object().field("type", type).field(member, text).end_object(); },
            out);
    }

    void begin(Block& b, std::string& out) {
        if (b.begun) return;
        start(out);
        b.begun = true;
        block_event(
            "content_block_start", [&](JsonWriter& w) { content_block(w.key("content_block"), b); }, out);
    }

    static void content_block(JsonWriter& w, const Block& b) {
        switch (b.kind) {
            case BlockKind::text:
                w.begin_object().field("type", "text").field("text", "").end_object();
                return;
            case BlockKind::thinking:
                w.begin_object().field("type", "thinking").field("thinking", "").field("signature", "").end_object();
                return;
            case BlockKind::redacted:
                w.begin_object().field("type", "redacted_thinking").field("data", b.text).end_object();
                return;
            case BlockKind::tool:
                w.begin_object().field("type", "tool_use").field("id", b.id).field("name", b.name);
                w.key("input").begin_object().end_object().end_object();
                return;
            case BlockKind::raw:
                w.raw(b.text);
        }
    }

    /// What has come for the block since the last time.
    void more(Block& b, bool over, std::string& out) {
        if (b.kind == BlockKind::redacted || b.kind == BlockKind::raw) return;
        if (b.custom) {  // free text becomes an object when it is whole
            if (!over) return;
            b.text = input_object(b);
            b.has_arguments = true;
        }
        if (!b.text.empty()) {
            if (b.kind == BlockKind::text) delta("text_delta", "text", b.text, out);
            if (b.kind == BlockKind::thinking) delta("thinking_delta", "thinking", b.text, out);
            if (b.kind == BlockKind::tool) delta("input_json_delta", "partial_json", b.text, out);
        }
        b.text.clear();
        citations(b, out);
    }

    void citations(Block& b, std::string& out) {
        if (b.citations.empty()) return;
        if (const auto doc = JsonDoc::parse('[' + b.citations + ']'))
            for (const JsonRef c : doc->root())
                block_event(
                    "content_block_delta",
                    [&](JsonWriter& w) {
                        w.key("delta").begin_object().field("type", "citations_delta");
                        w.field_raw("citation", c.raw()).end_object();
                    },
                    out);
        b.citations.clear();
    }

    void end(Block& b, std::string& out) {
        // A call without arguments has the input {}: "" is not JSON.
        if (b.kind == BlockKind::tool && !b.has_arguments) delta("input_json_delta", "partial_json", "{}", out);
        if (!b.signature.empty()) delta("signature_delta", "signature", b.signature, out);
        block_event(
            "content_block_stop", [](JsonWriter&) {}, out);
    }

    void start(std::string& out) {
        if (started_) return;
        started_ = true;
        append_message_start(out, terms_);
    }

    std::string tail(const Bill& bill, StopReason unfinished) {
        std::string out;
        start(out);
        write(out, true);
        const bool cut = unfinished == StopReason::length;
        append_message_delta(out, cut ? "max_tokens" : blocks_.stop_reason(unfinished),
                             cut ? std::string_view() : std::string_view(blocks_.stop_sequence()),
                             blocks_.ending_members(), bill);
        return out += stop_event;
    }

    const ReplyTerms terms_;
    ReplyBlocks blocks_;
    bool started_ = false;
    int64_t index_ = 0;
};
}  // namespace

std::unique_ptr<Renderer> stream_renderer(const ReplyTerms& terms) { return std::make_unique<StreamRenderer>(terms); }

}  // namespace aig::dialect::anthropic
