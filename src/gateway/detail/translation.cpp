#include "gateway/detail/translation.h"

namespace aig::gateway {
namespace {
using canon::Event;

/// Output without text: OpenAI's audio and images, parts and blocks that a decoder hands on raw.
bool is_output(std::string_view extra) {
    return extra == "audio" || extra == "images" || extra == "content" || extra == "content_blocks";
}

class Translation final : public canon::Relay {
  public:
    Translation(std::unique_ptr<canon::Decoder> decoder, std::unique_ptr<canon::Renderer> renderer,
                std::unique_ptr<Sealing> sealing)
        : decoder_(std::move(decoder)), renderer_(std::move(renderer)), sealing_(std::move(sealing)) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        events_.clear();
        auto fed = decoder_->feed(bytes, events_);
        return pass_on(std::move(fed));
    }
    Result<std::vector<std::string_view>> end() override {
        events_.clear();
        auto ended = decoder_->end(events_);
        auto out = pass_on(std::move(ended));
        if (out && !facts_.error && facts_.nothing()) return failed(Error(ErrorCode::upstream_empty));
        return out;
    }
    const canon::Facts& facts() const override { return facts_; }
    std::string finish(const canon::Bill& bill) override { return renderer_->finish(bill); }
    std::string fail(const Error& error) override { return std::exchange(untold_, {}) + renderer_->fail(error); }
    std::string cut(const canon::Bill& bill) override { return renderer_->cut(bill); }
    std::string_view reply_object() const override { return renderer_->reply_object(); }
    canon::Losses losses() const override {
        canon::Losses all = renderer_->losses();
        if (sealing_) all.insert(all.end(), sealing_->losses().begin(), sealing_->losses().end());
        return all;
    }

  private:
    /// Events that came before a failure still count: they decide whether another target may be tried.
    Result<std::vector<std::string_view>> pass_on(Status decoded) {
        out_.clear();
        if (sealing_) sealing_->forget_views();
        for (Event& e : events_) {
            note(e);
            if (e.kind == Event::Kind::error || (sealing_ && !sealing_->take(e))) continue;
            renderer_->event(e, out_);
        }
        facts_.terminal = decoder_->terminal();
        if (!decoded) return failed(std::move(decoded).error());
        // A stream stops being read at its terminal marker, so the answer is judged here. Its end opens the gate, not
        // its finish: until then another target may be tried.
        if (facts_.terminal && !facts_.error) {
            if (facts_.nothing()) return failed(Error(ErrorCode::upstream_empty));
            facts_.content = true;
        }
        std::vector<std::string_view> pieces;
        if (!out_.empty()) pieces.push_back(out_);
        return pieces;
    }
    /// What was rendered in front of the failure, a stream's beginning perhaps, is told with it.
    Error failed(Error error) {
        untold_ = std::move(out_);
        return error;
    }
    void note(const Event& e) {
        facts_.content |= e.is_content() && e.kind != Event::Kind::finish;
        switch (e.kind) {
            case Event::Kind::text:
            case Event::Kind::reasoning:
            case Event::Kind::refusal:
            case Event::Kind::tool_arguments:
                facts_.delivered.add(e.text);
                facts_.empty_output &= e.text.empty();
                break;
            case Event::Kind::tool_begin:
                facts_.delivered.add(e.name);
                facts_.empty_output = false;
                break;
            case Event::Kind::embedding:
                facts_.empty_output = false;
                break;
            case Event::Kind::state:
                if (e.name == canon::state_kind::redacted) facts_.empty_output = false;
                break;
            case Event::Kind::media:
            case Event::Kind::block:
                facts_.empty_output = false;
                break;
            case Event::Kind::extra:
                if (is_output(e.name)) facts_.empty_output = false;
                break;
            case Event::Kind::finish:
                facts_.finished = true;
                if (e.choice == 0) facts_.stop = e.stop;
                break;
            case Event::Kind::usage:
                facts_.usage = e.usage;
                break;
            case Event::Kind::error:
                facts_.error = decoder_->error();
                break;
            default:
                break;
        }
    }

    std::unique_ptr<canon::Decoder> decoder_;
    std::unique_ptr<canon::Renderer> renderer_;
    std::unique_ptr<Sealing> sealing_;
    std::vector<Event> events_;
    std::string out_, untold_;
    canon::Facts facts_;
};
}  // namespace

std::unique_ptr<canon::Relay> translate(std::unique_ptr<canon::Decoder> decoder,
                                        std::unique_ptr<canon::Renderer> renderer, std::unique_ptr<Sealing> sealing) {
    return std::make_unique<Translation>(std::move(decoder), std::move(renderer), std::move(sealing));
}

}  // namespace aig::gateway
