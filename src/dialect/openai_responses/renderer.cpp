#include "base/json.h"
#include "canon/openai_responses/shape.h"
#include "dialect/openai_responses/composer.h"
#include "dialect/openai_responses/frame.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;

ToolNames names_in(std::string_view body) {
    const auto doc = JsonDoc::parse(body);
    return doc ? ToolNames(doc->root()["tools"]) : ToolNames();
}

/// A translated reply. Of a stream everything but the end of what is still open goes out at once; the rest, and a whole
/// reply, waits for the receipt.
class ResponseRenderer final : public Renderer {
  public:
    explicit ResponseRenderer(const ReplyTerms& terms)
        : streams_(terms.envelope && terms.envelope->stream),
          frame_(terms),
          composer_(id_stem(frame_.id()), names_in(terms.body), streams_) {}

    void event(const Event& e, std::string& out) override {
        begin(out);
        composer_.add(e, out);
    }

    std::string finish(const Bill& bill) override { return tail(bill, composer_.stop()); }
    std::string cut(const Bill& bill) override { return tail(bill, StopReason::length); }

    std::string fail(const Error& error) override {
        std::string out;
        begin(out);
        composer_.events().error(out, error);
        Standing s;
        s.status = "failed";
        s.error = &error;
        const std::string output = composer_.output();
        s.output = output;
        const std::string object = frame_.object(s);
        composer_.events().response(out, "response.failed", object);
        return streams_ ? out : object;
    }

    std::string_view reply_object() const override { return object_; }
    Losses losses() const override { return composer_.losses(); }

  private:
    void begin(std::string& out) {
        if (std::exchange(begun_, true) || !streams_) return;
        const std::string object = frame_.object({});
        composer_.events().response(out, "response.created", object);
        composer_.events().response(out, "response.in_progress", object);
    }

    std::string tail(const Bill& bill, StopReason stop) {
        std::string out;
        begin(out);
        const auto words = canon::openai_responses::end_words(stop);
        composer_.close(words.incomplete_reason == "max_output_tokens", out);
        const std::string output = composer_.output(), usage = usage_object(bill), text = composer_.output_text();
        Standing s{words.status, words.incomplete_reason, nullptr, output, usage, &text};
        object_ = frame_.object(s);
        composer_.events().response(out, words.status == "completed" ? "response.completed" : "response.incomplete",
                                    object_);
        return streams_ ? out : object_;
    }

    const bool streams_;
    const Frame frame_;
    Composer composer_;
    std::string object_;
    bool begun_ = false;
};
}  // namespace

std::unique_ptr<Renderer> OpenAiResponses::renderer(const ReplyTerms& terms) const {
    return std::make_unique<ResponseRenderer>(terms);
}

}  // namespace aig::dialect::responses
