#include "base/json.h"
#include "dialect/errors.h"
#include "dialect/openai_chat/reply.h"
#include "dialect/openai_chat/vectors.h"
#include "dialect/openai_chat/write.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;

/// Vectors in the order of their input, in the form that was asked for.
class EmbeddingRenderer final : public Renderer {
  public:
    explicit EmbeddingRenderer(const ReplyTerms& terms) : terms_(terms), base64_(terms.envelope->base64) {}

    void event(const Event& e, std::string&) override {
        if (e.kind != Event::Kind::embedding) return;
        // A vector that cannot be brought into the form goes as it is: the caller gets what the provider said.
        auto vector = vector_as(e.raw, base64_);
        vectors_[e.index] = vector ? *std::move(vector) : std::string(e.raw);
    }

    std::string finish(const Bill& bill) override {
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("object", "list").key("data").begin_array();
        for (const auto& [index, json] : vectors_)
            w.begin_object()
                .field("object", "embedding")
                .field("index", index)
                .field_raw("embedding", json)
                .end_object();
        w.end_array().field("model", terms_.public_model);
        std::string usage;
        append_usage(usage, bill, true);
        w.field_raw("usage", usage).end_object();
        return out;
    }
    std::string cut(const Bill& bill) override { return finish(bill); }
    std::string fail(const Error& error) override { return in_band_error(error, terms_.surface, terms_.request_id); }

  private:
    const ReplyTerms terms_;
    const bool base64_;
    std::map<int, std::string> vectors_;
};
}  // namespace

std::unique_ptr<Renderer> embedding_renderer(const ReplyTerms& terms) {
    return std::make_unique<EmbeddingRenderer>(terms);
}

}  // namespace aig::dialect::openai
