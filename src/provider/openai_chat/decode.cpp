#include "canon/openai/shape.h"
#include "provider/openai_chat/choices.h"
#include "provider/openai_chat/openai_chat.h"

namespace aig::provider::openai {
namespace {

using namespace canon;

constexpr size_t most_body = size_t{64} << 20;
constexpr std::string_view white = " \t\r\n";

/// Gathers an unstreamed body; end() reads it.
class BodyDecoder : public Decoder {
  public:
    Status feed(std::string_view bytes, std::vector<Event>&) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return {};
    }

    Status end(std::vector<Event>& out) override {
        const size_t first = body_.find_first_not_of(white);
        if (first == std::string::npos) return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        auto doc = JsonDoc::parse(body_);
        if (!doc) {
            if (body_[first] == '{' && body_[body_.find_last_not_of(white)] != '}')
                return Error(ErrorCode::upstream_truncated, "the provider's reply broke off");
            return Error(ErrorCode::upstream_garbage, "the provider's reply is not valid JSON");
        }
        doc_.emplace(*std::move(doc));
        TRYV(read(doc_->root(), out));
        if (error()) return *error();
        terminal_ = true;
        return {};
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return choices_.error(); }

  protected:
    virtual Status read(JsonRef root, std::vector<Event>& out) {
        TRYV(choices_.read(root, out));
        if (error()) return {};
        const JsonRef list = root["choices"];
        if (!list.is_array()) return Error(ErrorCode::upstream_garbage, "the provider's reply has no choices");
        if (!list.size()) return Error(ErrorCode::upstream_empty, "the provider's reply has no output");
        return {};
    }

    Choices choices_;
    std::string body_;
    std::optional<JsonDoc> doc_;
    bool terminal_ = false;
};

class EmbeddingDecoder final : public BodyDecoder {
    Status read(JsonRef root, std::vector<Event>& out) override {
        if (!root.is_object() || canon::openai::is_error(root)) return choices_.read(root, out);
        out.push_back(Event{.kind = Event::Kind::started, .name = root["model"].text()});
        int at = 0;
        for (const JsonRef item : root["data"]) {
            const JsonRef vector = item["embedding"];
            if (!vector.is_array() && !vector.is_string())
                return Error(ErrorCode::upstream_garbage, "an embedding is neither numbers nor base64");
            out.push_back(Event{.kind = Event::Kind::embedding,
                                .index = static_cast<int>(item["index"].integer().value_or(at)),
                                .raw = vector.raw()});
            ++at;
        }
        if (!at) return Error(ErrorCode::upstream_empty, "the provider's reply has no embeddings");
        if (const auto u = canon::openai::usage_of(root["usage"]))
            out.push_back(Event{.kind = Event::Kind::usage, .usage = *u});
        return {};
    }
};
}  // namespace

std::unique_ptr<Decoder> body_decoder() { return std::make_unique<BodyDecoder>(); }
std::unique_ptr<Decoder> embedding_decoder() { return std::make_unique<EmbeddingDecoder>(); }

}  // namespace aig::provider::openai
