// Replies: a whole one is one object, a stream is the same object in pieces, a line each; the last has done: true and
// the counts. A line with `error` ends it.
#include <deque>

#include <fmt/format.h>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "canon/state.h"
#include "canon/usage_shapes.h"
#include "provider/ollama/ollama.h"

namespace aig::provider::ollama {
namespace {

using namespace canon;
using Kind = Event::Kind;
using Events = std::vector<Event>;

constexpr size_t most_body = 64u << 20, most_line = 16u << 20;
constexpr std::string_view white = " \t\r\n";

class Reply {
  public:
    Status read(JsonRef root, Events& out) {
        if (const JsonRef e = root["error"]; e && !e.is_null()) {
            error_ = canon::openai::in_band_error(root);
            out.push_back(Event{.kind = Kind::error});
            return {};
        }
        const JsonRef m = root["message"];
        if (!m.is_object()) return Error(ErrorCode::upstream_garbage, "the provider's reply is not a message");
        if (!std::exchange(started_, true)) out.push_back(Event{.kind = Kind::started, .name = root["model"].text()});
        say(Kind::reasoning, m["thinking"], out);
        say(Kind::text, m["content"], out);
        for (const JsonRef call : m["tool_calls"]) tool(call, root["created_at"].text(), out);
        if (root["done"].boolean()) finish(root, out);
        return {};
    }
    bool done() const { return done_; }
    const std::optional<Error>& error() const { return error_; }

  private:
    void say(Kind kind, JsonRef text, Events& out) {
        if (!text.text().empty()) out.push_back(Event{.kind = kind, .text = text.text()});
    }
    /// A call comes whole. Older servers give no ids: one is made of when and what was called.
    void tool(JsonRef call, std::string_view when, Events& out) {
        const JsonRef f = call["function"];
        std::string_view id = call["id"].text();
        if (id.empty())
            id = ids_.emplace_back(
                fmt::format("call_{:016x}", state_print(fmt::format("{} {} {}", when, calls_, f["name"].text()))));
        out.push_back(Event{.kind = Kind::tool_begin, .index = calls_, .id = id, .name = f["name"].text()});
        const JsonRef arguments = f["arguments"];
        const auto text = arguments.is_string() ? arguments.text() : arguments.raw();
        out.push_back(
            Event{.kind = Kind::tool_arguments, .index = calls_, .text = text.empty() ? std::string_view("{}") : text});
        ++calls_;
    }
    void finish(JsonRef root, Events& out) {
        done_ = true;
        const auto word = root["done_reason"].text();
        StopReason stop = canon::openai::stop_of(word.empty() ? "stop" : word);
        if (stop == StopReason::end && calls_) stop = StopReason::tool_calls;
        out.push_back(Event{.kind = Kind::finish, .raw = word, .stop = stop});
        if (const auto u = ollama_usage(root)) out.push_back(Event{.kind = Kind::usage, .usage = *u});
    }

    std::deque<std::string> ids_;
    std::optional<Error> error_;
    int calls_ = 0;
    bool started_ = false, done_ = false;
};

Result<JsonDoc> parsed(std::string_view text) {
    auto doc = JsonDoc::parse(text);
    if (doc && doc->root().is_object()) return doc;
    const bool broken = !doc && text.starts_with('{') && !text.ends_with('}');
    return Error(broken ? ErrorCode::upstream_truncated : ErrorCode::upstream_garbage,
                 "the provider's reply broke off or is not a JSON object");
}

class BodyDecoder : public Decoder {
  public:
    Status feed(std::string_view bytes, Events&) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return {};
    }
    Status end(Events& out) override {
        std::string_view text = body_;
        text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
        text = text.substr(0, text.find_last_not_of(white) + 1);
        if (text.empty()) return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        TRY(doc_, parsed(text));
        TRYV(read(doc_.root(), out));
        terminal_ = !error();
        return {};
    }
    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return reply_.error(); }

  protected:
    virtual Status read(JsonRef root, Events& out) { return reply_.read(root, out); }
    Reply reply_;

  private:
    std::string body_;
    JsonDoc doc_;
    bool terminal_ = false;
};

class EmbeddingDecoder final : public BodyDecoder {
    Status read(JsonRef root, Events& out) override {
        if (root["error"]) return reply_.read(root, out);
        int at = 0;
        for (const JsonRef v : root["embeddings"])
            out.push_back(Event{.kind = Kind::embedding, .index = at++, .raw = v.raw()});
        if (!at) return Error(ErrorCode::upstream_empty, "the provider's reply has no embeddings");
        Usage u;
        u[Component::input] = root["prompt_eval_count"].integer().value_or(-1);
        if (u.sane()) out.push_back(Event{.kind = Kind::usage, .usage = u});
        return {};
    }
};

class LineDecoder final : public Decoder {
  public:
    Status feed(std::string_view bytes, Events& out) override {
        docs_.clear();
        if (over()) return {};
        line_ += bytes;
        size_t from = 0;
        for (size_t end = line_.find('\n', searched_); !over() && end != std::string::npos;
             end = line_.find('\n', from)) {
            TRYV(one(std::string_view(line_).substr(from, end - from), out));
            from = end + 1;
        }
        line_.erase(0, from);
        searched_ = line_.size();
        if (line_.size() > most_line)
            return Error(ErrorCode::upstream_garbage, "a line of the provider's stream is longer than 16 MiB");
        return {};
    }
    Status end(Events& out) override {
        docs_.clear();
        if (!over()) TRYV(one(line_, out));
        if (over()) return {};
        return Error(begun_ ? ErrorCode::upstream_truncated : ErrorCode::upstream_empty,
                     begun_ ? "the provider's stream ended before done" : "the provider's stream is empty");
    }
    bool terminal() const override { return reply_.done(); }
    const std::optional<Error>& error() const override { return reply_.error(); }

  private:
    bool over() const { return reply_.done() || reply_.error(); }
    Status one(std::string_view line, Events& out) {
        line.remove_prefix(std::min(line.find_first_not_of(white), line.size()));
        line = line.substr(0, line.find_last_not_of(white) + 1);
        if (line.empty()) return {};
        TRY(auto doc, parsed(line));
        begun_ = true;
        return reply_.read(docs_.emplace_back(std::move(doc)).root(), out);
    }

    std::string line_;
    size_t searched_ = 0;
    Reply reply_;
    std::deque<JsonDoc> docs_;
    bool begun_ = false;
};

}  // namespace

std::unique_ptr<Decoder> decoder(Operation operation, bool stream) {
    if (operation == Operation::embedding) return std::make_unique<EmbeddingDecoder>();
    if (stream) return std::make_unique<LineDecoder>();
    return std::make_unique<BodyDecoder>();
}

}  // namespace aig::provider::ollama
