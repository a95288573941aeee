#include "dialect/openai_responses/openai_responses.h"
#include "dialect/openai_responses/scan.h"
#include "dialect/openai_responses/tap.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;

constexpr size_t most_body = size_t{64} << 20;

/// A whole lossless reply: gathered, judged at its end, patched with the receipt.
class BodyTap final : public Relay {
  public:
    explicit BodyTap(const ReplyTerms& terms) : scan_(terms) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return std::vector<std::string_view>{};
    }

    Result<std::vector<std::string_view>> end() override {
        const size_t first = body_.find_first_not_of(" \t\r\n");
        if (first == std::string::npos) return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        auto seen = scan_.body(body_, facts_);
        if (!seen)
            return body_[first] == '{' && body_[body_.find_last_not_of(" \t\r\n")] != '}'
                       ? Error(ErrorCode::upstream_truncated, "the provider's reply broke off")
                       : std::move(seen).error();
        if (facts_.error) return *facts_.error;
        places_ = (*seen)->places;
        if (facts_.nothing())
            return Error(ErrorCode::upstream_empty, "the provider's reply has no output and a blank finish");
        facts_.content = true;
        return std::vector<std::string_view>{};
    }

    const Facts& facts() const override { return facts_; }
    std::string finish(const Bill& bill) override { return object_ = patched(body_, places_, &bill); }
    std::string cut(const Bill& bill) override { return finish(bill); }
    std::string fail(const Error& error) override {
        Standing s;
        s.status = "failed";
        s.error = &error;
        return scan_.frame().object(s);
    }
    std::string_view reply_object() const override { return object_; }

  private:
    ReplyScan scan_;
    std::string body_, object_;
    ResponsePlaces places_;
    Facts facts_;
};
}  // namespace

std::unique_ptr<Relay> body_tap(const ReplyTerms& terms) { return std::make_unique<BodyTap>(terms); }

std::unique_ptr<Relay> OpenAiResponses::tap(const ReplyTerms& terms) const {
    return terms.envelope && terms.envelope->stream ? stream_tap(terms) : body_tap(terms);
}

}  // namespace aig::dialect::responses
