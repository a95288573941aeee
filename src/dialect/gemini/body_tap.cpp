#include "dialect/gemini/gemini.h"
#include "dialect/gemini/scan.h"
#include "dialect/gemini/tap.h"
#include "dialect/gemini/write.h"

namespace aig::dialect::google {
namespace {

using namespace canon;

constexpr size_t most_body = size_t{64} << 20;
constexpr std::string_view white = " \t\r\n";

/// An unstreamed reply: kept whole until the receipt, then sent with model and cost patched.
class BodyTap final : public Relay {
  public:
    explicit BodyTap(const ReplyTerms& terms) : terms_(terms) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return std::vector<std::string_view>{};
    }

    Result<std::vector<std::string_view>> end() override {
        const size_t first = body_.find_first_not_of(white);
        if (first == std::string::npos) return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        auto found = scan_.chunk(body_, facts_);
        if (!found)
            return body_[first] == '{' && body_[body_.find_last_not_of(white)] != '}'
                       ? Error(ErrorCode::upstream_truncated, "the provider's reply broke off")
                       : std::move(found).error();
        if (facts_.error) return *facts_.error;
        found_ = *found;
        if (!found_.is_reply) return Error(ErrorCode::upstream_garbage, "the provider's reply has no candidates");
        if (!found_.candidates && !facts_.finished)
            return Error(ErrorCode::upstream_empty, "the provider's reply has no output");
        facts_.terminal = true;
        if (facts_.nothing())
            return Error(ErrorCode::upstream_empty, "the provider's reply has no output and a blank finish");
        facts_.content = true;
        return std::vector<std::string_view>{};
    }

    const Facts& facts() const override { return facts_; }
    std::string finish(const Bill& bill) override {
        return patched(body_, found_, json_string(terms_.public_model), &bill, true);
    }
    std::string cut(const Bill& bill) override { return finish(bill); }
    std::string fail(const Error& error) override { return error_object(error, terms_.request_id); }

  private:
    const ReplyTerms terms_;
    std::string body_;
    ReplyScan scan_;
    Scanned found_;
    Facts facts_;
};
}  // namespace

std::unique_ptr<Relay> body_tap(const ReplyTerms& terms) { return std::make_unique<BodyTap>(terms); }

std::unique_ptr<Relay> Gemini::tap(const ReplyTerms& terms) const {
    return terms.envelope && terms.envelope->stream ? stream_tap(terms) : body_tap(terms);
}

}  // namespace aig::dialect::google
