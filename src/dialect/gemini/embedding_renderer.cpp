#include <map>

#include "dialect/gemini/reply.h"
#include "dialect/gemini/write.h"
#include "dialect/openai_chat/vectors.h"

namespace aig::dialect::google {
namespace {

using namespace canon;

/// Vectors in the order of their input: `embedding` for embedContent, `embeddings` for batchEmbedContents.
class EmbeddingRenderer final : public Renderer {
  public:
    explicit EmbeddingRenderer(const ReplyTerms& terms) : terms_(terms) {
        const auto doc = JsonDoc::parse(terms.body);
        batch_ = doc && doc->root()["requests"].is_array();
    }

    void event(const Event& e, std::string&) override {
        if (e.kind != Event::Kind::embedding) return;
        // Numbers are the only form here. A vector that cannot be read goes as it is.
        auto numbers = openai::vector_as(e.raw, false);
        vectors_[e.index] = numbers ? *std::move(numbers) : std::string(e.raw);
    }

    std::string finish(const Bill& bill) override {
        std::string out, usage;
        JsonWriter w(out);
        w.begin_object().key(batch_ ? "embeddings" : "embedding");
        if (batch_) w.begin_array();
        for (const auto& [index, json] : vectors_) {
            w.begin_object().field_raw("values", json).end_object();
            if (!batch_) break;
        }
        if (batch_) w.end_array();
        JsonWriter u(usage);
        u.begin_object().field("promptTokenCount", bill.usage.input_total());
        u.field("totalTokenCount", bill.usage.input_total()).field_raw("cost", cost_number(bill));
        if (bill.usage.estimated) u.field("estimated", true);
        u.end_object();
        w.field_raw("usageMetadata", usage).end_object();
        return out;
    }
    std::string cut(const Bill& bill) override { return finish(bill); }
    std::string fail(const Error& error) override { return error_object(error, terms_.request_id); }

  private:
    const ReplyTerms terms_;
    bool batch_ = false;
    std::map<int, std::string> vectors_;
};
}  // namespace

std::unique_ptr<Renderer> embedding_renderer(const ReplyTerms& terms) {
    return std::make_unique<EmbeddingRenderer>(terms);
}

}  // namespace aig::dialect::google
