#include <algorithm>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "dialect/errors.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_chat/scan.h"
#include "dialect/openai_chat/tap.h"
#include "dialect/openai_chat/write.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;

constexpr size_t most_body = size_t{64} << 20;

/// An unstreamed reply: kept whole until the receipt, then sent with model and cost patched.
class BodyTap final : public Relay {
  public:
    explicit BodyTap(const ReplyTerms& terms)
        : terms_(terms), embedding_(terms.envelope && terms.envelope->operation == Operation::embedding) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return std::vector<std::string_view>{};
    }

    Result<std::vector<std::string_view>> end() override {
        if (body_.find_first_not_of(" \t\r\n") == std::string::npos)
            return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        auto found = embedding_ ? scan_.embedding(body_, facts_) : scan_.chat(body_, facts_);
        if (!found)
            return cut_off() ? Error(ErrorCode::upstream_truncated, "the provider's reply broke off")
                             : std::move(found).error();
        if (facts_.error) return *facts_.error;
        found_ = **found;
        if (found_.no_choices)
            return Error(found_.has_choices || embedding_ ? ErrorCode::upstream_empty : ErrorCode::upstream_garbage,
                         "the provider's reply has no output");
        facts_.terminal = true;
        if (facts_.nothing())
            return Error(ErrorCode::upstream_empty, "the provider's reply has no output and a blank finish");
        facts_.content = true;
        return std::vector<std::string_view>{};
    }

    const Facts& facts() const override { return facts_; }

    std::string finish(const Bill& bill) override {
        Cuts cuts;
        cuts.reserve(2);
        for (const Span m : found_.models) cuts.emplace_back(m, json_string(terms_.public_model));
        add_usage(bill, cuts);
        std::sort(cuts.begin(), cuts.end(), [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
        std::string out;
        out.reserve(body_.size() + 256);
        size_t from = 0;
        for (const auto& [span, text] : cuts) {
            out.append(body_, from, span.begin - from).append(text);
            from = span.end;
        }
        out.append(body_, from);
        return out;
    }

    std::string fail(const Error& error) override { return in_band_error(error, terms_.surface, terms_.request_id); }
    std::string cut(const Bill& bill) override { return finish(bill); }

  private:
    using Cuts = std::vector<std::pair<Span, std::string>>;
    /// The cost goes into the provider's own usage; where it reported none that makes sense, ours stands in its place.
    void add_usage(const Bill& bill, Cuts& cuts) const {
        if (found_.usage.present() && !bill.usage.estimated) {
            if (found_.cost.present())
                cuts.emplace_back(found_.cost, cost_number(bill));
            else
                cuts.emplace_back(at(found_.usage.begin + 1),
                                  "\"cost\":" + cost_number(bill) + (found_.usage_empty ? "" : ","));
            return;
        }
        std::string usage;
        append_usage(usage, bill, embedding_);
        if (found_.usage.present())
            cuts.emplace_back(found_.usage, std::move(usage));
        else if (found_.null_usage.present())
            cuts.emplace_back(found_.null_usage, std::move(usage));
        else
            cuts.emplace_back(at(body_.find('{') + 1), "\"usage\":" + usage + ',');
    }
    static Span at(size_t position) { return {position, position}; }
    /// Begins like a reply, does not end like one.
    bool cut_off() const {
        return body_[body_.find_first_not_of(" \t\r\n")] == '{' && body_[body_.find_last_not_of(" \t\r\n")] != '}';
    }

    const ReplyTerms terms_;
    const bool embedding_;
    std::string body_;
    ReplyScan scan_;
    Scanned found_;
    Facts facts_;
};
}  // namespace

std::unique_ptr<Relay> body_tap(const ReplyTerms& terms) { return std::make_unique<BodyTap>(terms); }

std::unique_ptr<Relay> OpenAiChat::tap(const ReplyTerms& terms) const {
    return terms.envelope && terms.envelope->stream ? stream_tap(terms) : body_tap(terms);
}

}  // namespace aig::dialect::openai
