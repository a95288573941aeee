// The three decoders: a stream in either of its forms, a whole reply, embeddings.
#include "provider/gemini/decode.h"
#include "canon/gemini/chunks.h"

namespace aig::provider::gemini {
namespace {

constexpr size_t most_body = size_t{64} << 20;
constexpr std::string_view white = " \t\r\n";

/// What all have in common: a failure inside of a reply that began with status 200.
class Base : public canon::Decoder {
  public:
    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  protected:
    bool failed(JsonRef root, Events& out) {
        if (!root["error"].is_object()) return false;
        error_ = canon::gemini::in_band_error(root["error"]);
        out.push_back(canon::Event{.kind = canon::Event::Kind::error});
        return true;
    }
    std::optional<Error> error_;
    bool terminal_ = false;
};

/// There is no end marker: a stream ends where the body ends cleanly, behind a finish reason.
class StreamDecoder final : public Base {
  public:
    Status feed(std::string_view bytes, Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (error_) return {};
        TRYV(reader_.feed(bytes));
        canon::gemini::Chunk chunk;
        while (!error_ && reader_.next(chunk)) TRYV(one(chunk, out));
        return {};
    }

    Status end(Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (error_ || terminal_) return {};
        canon::gemini::Chunk chunk;
        while (!error_ && reader_.last(chunk)) TRYV(one(chunk, out, true));
        if (error_) return {};
        if (reader_.empty()) return Error(ErrorCode::upstream_empty, "the provider's stream is empty");
        if (!reply_.begun())
            return Error(reader_.closed() ? ErrorCode::upstream_empty : ErrorCode::upstream_truncated,
                         "the provider's stream had no chunks");
        if (!reply_.finished() || !reader_.closed())
            return Error(ErrorCode::upstream_truncated, "the provider's stream ended before its finish reason");
        TRYV(reply_.end(out));
        terminal_ = true;
        return {};
    }

  private:
    Status one(const canon::gemini::Chunk& chunk, Events& out, bool last = false) {
        if (chunk.json.empty()) return {};
        auto parsed = JsonDoc::parse(chunk.json);
        if (!parsed)
            return Error(last ? ErrorCode::upstream_truncated : ErrorCode::upstream_garbage,
                         "a chunk of the provider's stream is not valid JSON");
        JsonRef root = docs_.emplace_back(std::move(*parsed)).root();
        if (root.is_array() && root.size() == 1) root = *root.begin();  // an error as the other form has it
        return failed(root, out) ? Status() : reply_.chunk(root, out);
    }

    canon::gemini::ChunkReader reader_;
    Reply reply_;
    std::deque<JsonDoc> docs_;  ///< what the views of the last call's events point into
};

/// Collected, parsed once at the end.
class WholeDecoder : public Base {
  public:
    Status feed(std::string_view bytes, Events&) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return {};
    }

    Status end(Events& out) override {
        const size_t first = body_.find_first_not_of(white);
        if (first == std::string::npos) return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        auto parsed = JsonDoc::parse(body_);
        if (!parsed)
            return body_[first] == '{' ? Error(ErrorCode::upstream_truncated, "the provider's reply broke off")
                                       : Error(ErrorCode::upstream_garbage, "the provider's reply is not JSON");
        doc_.emplace(std::move(*parsed));
        JsonRef root = doc_->root();
        if (root.is_array() && root.size() == 1) root = *root.begin();
        if (failed(root, out)) return {};
        TRYV(read(root, out));
        terminal_ = true;
        return {};
    }

  protected:
    virtual Status read(JsonRef root, Events& out) {
        if (root.is_object() && !root["candidates"] && !root["promptFeedback"])
            return Error(ErrorCode::upstream_garbage, "the provider's reply has no candidates");
        TRYV(reply_.chunk(root, out));
        if (!root["candidates"].size() && !reply_.finished())
            return Error(ErrorCode::upstream_empty, "the provider's reply has no output");
        return reply_.end(out);
    }

    std::string body_;
    std::optional<JsonDoc> doc_;
    Reply reply_;
};

/// {embeddings:[{values}]}, {embedding:{values}}, and Vertex's {predictions:[{embeddings:{values, statistics}}]}.
class EmbeddingDecoder final : public WholeDecoder {
    Status read(JsonRef root, Events& out) override {
        out.push_back(canon::Event{.kind = canon::Event::Kind::started});
        if (root["embedding"]) TRYV(vector(root["embedding"]["values"], out));
        for (const JsonRef e : root["embeddings"]) TRYV(vector(e["values"], out));
        int64_t counted = 0;
        for (const JsonRef p : root["predictions"]) {
            TRYV(vector(p["embeddings"]["values"], out));
            counted += p["embeddings"]["statistics"]["token_count"].integer().value_or(0);
        }
        if (!vectors_) return Error(ErrorCode::upstream_empty, "the provider's reply has no embeddings");
        usage(root, counted, out);
        return {};
    }

    Status vector(JsonRef values, Events& out) {
        if (!values.is_array() || !values.size())
            return Error(ErrorCode::upstream_garbage, "an embedding of the provider has no values");
        canon::Event e{.kind = canon::Event::Kind::embedding};
        e.index = vectors_++;
        e.raw = values.raw();
        out.push_back(e);
        return {};
    }

    static void usage(JsonRef root, int64_t counted, Events& out) {
        auto told = canon::gemini_usage(root["usageMetadata"]);
        if (!told && counted > 0) {
            told.emplace();
            (*told)[canon::Component::input] = counted;
        }
        if (!told || !told->sane()) return;
        canon::Event e{.kind = canon::Event::Kind::usage};
        e.usage = *told;
        out.push_back(e);
    }

    int vectors_ = 0;
};

}  // namespace

std::unique_ptr<canon::Decoder> stream_decoder() { return std::make_unique<StreamDecoder>(); }
std::unique_ptr<canon::Decoder> whole_decoder() { return std::make_unique<WholeDecoder>(); }
std::unique_ptr<canon::Decoder> embedding_decoder() { return std::make_unique<EmbeddingDecoder>(); }

}  // namespace aig::provider::gemini
