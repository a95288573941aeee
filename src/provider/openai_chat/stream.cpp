#include <deque>

#include "canon/openai/shape.h"
#include "canon/sse.h"
#include "provider/openai_chat/choices.h"
#include "provider/openai_chat/openai_chat.h"

namespace aig::provider::openai {
namespace {

using namespace canon;

std::string_view trim(std::string_view s) {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
    return s;
}

/// Ends like the tap does (docs/reference/openai-chat.md): [DONE], or a clean end after every finish reason and the
/// usage.
class StreamDecoder final : public Decoder {
  public:
    Status feed(std::string_view bytes, std::vector<Event>& out) override {
        docs_.clear();
        choices_.forget_views();
        if (over()) return {};
        TRYV(reader_.feed(bytes));
        SseEvent event;
        while (!over() && reader_.next(event)) TRYV(take(event, out));
        return {};
    }

    Status end(std::vector<Event>& out) override {
        docs_.clear();
        choices_.forget_views();
        SseEvent event;
        while (!over() && reader_.last(event))
            if (!take(event, out))
                return Error(ErrorCode::upstream_truncated, "the provider's stream broke off within an event");
        if (error()) return *error();
        if (terminal_) return {};
        if (choices_.all_finished() && choices_.usage_seen()) {
            terminal_ = true;
            return {};
        }
        if (!seen_data_) return Error(ErrorCode::upstream_empty, "the provider's stream had no events");
        return Error(ErrorCode::upstream_truncated, "the provider's stream ended without [DONE]");
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_ ? error_ : choices_.error(); }

  private:
    bool over() const { return terminal_ || error().has_value(); }

    Status take(const SseEvent& event, std::vector<Event>& out) {
        std::string_view data = trim(event.data);
        if (data.empty()) {
            data = trim(event.raw);
            if (!data.starts_with('{')) return {};
        } else if (data == "[DONE]") {
            return done(out);
        }
        seen_data_ = true;
        auto doc = JsonDoc::parse(data);
        if (!doc) return Error(ErrorCode::upstream_garbage, "an event of the provider's stream is not valid JSON");
        docs_.push_back(*std::move(doc));
        const JsonRef root = docs_.back().root();
        if (trim(event.data).empty() && !canon::openai::is_error(root))
            return Error(ErrorCode::upstream_garbage, "the provider sent JSON where an event stream was due");
        if (event.event == "error" && !canon::openai::is_error(root))
            return fail(canon::openai::in_band_error(root), out);
        return choices_.read(root, out);
    }

    Status done(std::vector<Event>& out) {
        terminal_ = true;
        if (!choices_.content())
            return fail(Error(ErrorCode::upstream_empty, "the provider's stream had no output"), out);
        return {};
    }

    Status fail(Error error, std::vector<Event>& out) {
        error_ = std::move(error);
        out.push_back(Event{.kind = Event::Kind::error});
        return {};
    }

    SseReader reader_;
    Choices choices_;
    std::deque<JsonDoc> docs_;
    std::optional<Error> error_;
    bool terminal_ = false, seen_data_ = false;
};
}  // namespace

std::unique_ptr<Decoder> stream_decoder() { return std::make_unique<StreamDecoder>(); }

}  // namespace aig::provider::openai
