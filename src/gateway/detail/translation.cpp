#include "gateway/detail/translation.h"

namespace aig::gateway {
namespace {
using canon::Event;

class Translation final : public canon::Relay {
  public:
    Translation(std::unique_ptr<canon::Decoder> decoder, std::unique_ptr<canon::Renderer> renderer)
        : decoder_(std::move(decoder)), renderer_(std::move(renderer)) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        events_.clear();
        auto fed = decoder_->feed(bytes, events_);
        return pass_on(std::move(fed));
    }
    Result<std::vector<std::string_view>> end() override {
        events_.clear();
        auto ended = decoder_->end(events_);
        auto out = pass_on(std::move(ended));
        if (out && !facts_.error && facts_.empty_output && !facts_.finished) return Error(ErrorCode::upstream_empty);
        return out;
    }
    const canon::Facts& facts() const override { return facts_; }
    std::string finish(const canon::Bill& bill) override { return renderer_->finish(bill); }
    std::string fail(const Error& error) override { return renderer_->fail(error); }
    std::string cut(const canon::Bill& bill) override { return renderer_->cut(bill); }

  private:
    /// Events that came before a failure still count: they decide whether another target may be tried.
    Result<std::vector<std::string_view>> pass_on(Status decoded) {
        out_.clear();
        for (const Event& e : events_) {
            note(e);
            if (e.kind != Event::Kind::error) renderer_->event(e, out_);
        }
        facts_.terminal = decoder_->terminal();
        if (!decoded) return std::move(decoded).error();
        std::vector<std::string_view> pieces;
        if (!out_.empty()) pieces.push_back(out_);
        return pieces;
    }
    void note(const Event& e) {
        facts_.content |= e.is_content();
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
    std::vector<Event> events_;
    std::string out_;
    canon::Facts facts_;
};
}  // namespace

std::unique_ptr<canon::Relay> translate(std::unique_ptr<canon::Decoder> decoder,
                                        std::unique_ptr<canon::Renderer> renderer) {
    return std::make_unique<Translation>(std::move(decoder), std::move(renderer));
}

}  // namespace aig::gateway
