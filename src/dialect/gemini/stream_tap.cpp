#include <algorithm>
#include <deque>

#include "canon/gemini/chunks.h"
#include "dialect/gemini/scan.h"
#include "dialect/gemini/tap.h"
#include "dialect/gemini/write.h"

namespace aig::dialect::google {
namespace {

using namespace canon;
using canon::gemini::Chunk;
using canon::gemini::ChunkReader;

constexpr size_t most_held = size_t{64} << 20;

/// A chunk of the tail, waiting for the receipt.
struct Held {
    std::string before, json, after;
    Scanned found;
    bool is_chunk = false;  ///< false: a comment
};

/// A stream has no end marker: the chunk with the last finish reason and what follows are kept back, and the clean end
/// of the body ends it.
class StreamTap final : public Relay {
  public:
    explicit StreamTap(const ReplyTerms& terms)
        : terms_(terms), model_json_(json_string(terms.public_model)), frame_(!terms.envelope || terms.envelope->sse) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        owned_.clear();
        pieces_.clear();
        if (facts_.error) return pieces_;
        TRYV(reader_.feed(bytes));
        Chunk chunk;
        // What came before a broken chunk in the same read still goes out: a failure is a fact, like one the provider
        // tells.
        while (!facts_.error && reader_.next(chunk))
            if (auto taken = take(chunk); !taken) facts_.error = std::move(taken).error();
        return pieces_;
    }

    Result<std::vector<std::string_view>> end() override {
        owned_.clear();
        pieces_.clear();
        Chunk chunk;
        while (!facts_.error && reader_.last(chunk))
            if (const auto taken = take(chunk); !taken)
                return Error(ErrorCode::upstream_truncated, "the provider's stream broke off within a chunk");
        if (facts_.error) return *facts_.error;
        if (!seen_) return Error(ErrorCode::upstream_empty, "the provider's stream had no chunks");
        if (!facts_.finished || !reader_.closed())
            return Error(ErrorCode::upstream_truncated, "the provider's stream ended without a finish reason");
        facts_.terminal = true;
        if (facts_.nothing())
            return Error(ErrorCode::upstream_empty, "the provider's stream had no output and a blank finish");
        facts_.content = true;
        return pieces_;
    }

    const Facts& facts() const override { return facts_; }

    std::string finish(const Bill& bill) override {
        // The cost goes into the last usage; where there is none, into the last chunk.
        const auto with = [&](auto wanted) {
            const auto at = std::find_if(held_.rbegin(), held_.rend(), wanted);
            return at == held_.rend() ? nullptr : &*at;
        };
        const Held* told = with([](const Held& h) { return h.is_chunk && h.found.usage.present(); });
        if (!told) told = with([](const Held& h) { return h.is_chunk; });
        std::string out;
        for (const Held& h : held_) {
            out += h.before;
            out += h.is_chunk ? patched(h.json, h.found, model_json_, &h == told ? &bill : nullptr, true) : h.json;
            out += h.after;
        }
        held_.clear();
        frame_.end(out);
        return out;
    }

    std::string fail(const Error& error) override {
        std::string out;
        frame_.chunk(error_object(error, terms_.request_id), out);
        if (!frame_.sse()) out += "\n]";
        return out;
    }

    std::string cut(const Bill& bill) override {
        auto open = scan_.open_candidates();
        if (open.empty()) open.push_back(0);
        std::string out, chunk;
        JsonWriter w(chunk);
        w.begin_object().key("candidates").begin_array();
        for (const int index : open) {
            w.begin_object().key("content").begin_object().key("parts").begin_array().end_array();
            w.field("role", "model")
                .end_object()
                .field("finishReason", "MAX_TOKENS")
                .field("index", index)
                .end_object();
        }
        w.end_array();
        std::string usage;
        append_usage(usage, bill);
        w.field_raw("usageMetadata", usage).field("modelVersion", terms_.public_model).end_object();
        frame_.chunk(chunk, out);
        frame_.end(out);
        return out;
    }

  private:
    Status take(const Chunk& chunk) {
        if (chunk.json.empty()) return comment(chunk.raw);
        seen_ = true;
        std::string_view json = chunk.json;
        if (json.starts_with('[')) json = json.substr(1, json.rfind(']') - 1);  // an error as the other form has it
        TRY(Scanned found, scan_.chunk(json, facts_));
        if (facts_.error) return {};
        holding_ |= scan_.all_finished();
        return holding_ ? hold(chunk, json, found) : forward(chunk, json, found);
    }

    /// Comments keep connections open; an array has no place for them.
    Status comment(std::string_view raw) {
        if (!frame_.sse() || reader_.is_array()) return {};
        if (!holding_) return add(raw), Status();
        held_.push_back({std::string(raw), {}, {}, {}, false});
        return room(raw.size());
    }

    /// An event whose data lies in one piece within it goes on as it came; anything else is framed anew.
    bool verbatim(const Chunk& chunk) const {
        const char* begin = chunk.raw.data();
        return frame_.sse() && !reader_.is_array() && chunk.json.data() > begin &&
               chunk.json.data() + chunk.json.size() <= begin + chunk.raw.size() && ends_whole(chunk.raw);
    }
    static bool ends_whole(std::string_view raw) {
        return raw.ends_with("\n\n") || raw.ends_with("\r\n\r\n") || raw.ends_with("\r\r");
    }

    Status forward(const Chunk& chunk, std::string_view json, const Scanned& found) {
        const bool as_it_came = verbatim(chunk);
        const std::string_view before = as_it_came ? before_json(chunk) : frame_.before_next();
        add(before);
        if (found.model.present()) {
            add_text(json.substr(0, found.model.begin));
            add(model_json_);
            add_text(json.substr(found.model.end));
        } else {
            add_text(json);
        }
        add(as_it_came ? after_json(chunk) : frame_.sse() ? "\r\n\r\n" : "");
        return {};
    }

    static std::string_view before_json(const Chunk& c) {
        return c.raw.substr(0, static_cast<size_t>(c.json.data() - c.raw.data()));
    }
    static std::string_view after_json(const Chunk& c) {
        return c.raw.substr(static_cast<size_t>(c.json.data() - c.raw.data()) + c.json.size());
    }

    Status hold(const Chunk& chunk, std::string_view json, const Scanned& found) {
        const bool as_it_came = verbatim(chunk);
        Held h;
        h.before = as_it_came ? before_json(chunk) : frame_.before_next();
        h.json = flat(json);
        h.after = as_it_came ? after_json(chunk) : frame_.sse() ? "\r\n\r\n" : "";
        h.found = found;
        h.is_chunk = true;
        held_.push_back(std::move(h));
        return room(chunk.raw.size());
    }

    Status room(size_t bytes) {
        held_bytes_ += bytes;
        if (held_bytes_ <= most_held) return {};
        return Error(ErrorCode::upstream_garbage, "the provider sent more than 64 MiB behind its last finish reason");
    }

    /// Line ends between the tokens of a chunk would end the event's line; within strings JSON has none. Only chunks of
    /// an array, or of several data lines, have any.
    std::string flat(std::string_view json) const {
        std::string out(json);
        if (frame_.sse())
            std::replace_if(
                out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
        return out;
    }
    void add_text(std::string_view json) {
        if (frame_.sse() && json.find_first_of("\r\n") != std::string_view::npos)
            add(owned_.emplace_back(flat(json)));
        else
            add(json);
    }
    /// Neighbours in one buffer become one piece.
    void add(std::string_view piece) {
        if (piece.empty()) return;
        if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == piece.data())
            pieces_.back() = {pieces_.back().data(), pieces_.back().size() + piece.size()};
        else
            pieces_.push_back(piece);
    }

    const ReplyTerms terms_;
    const std::string model_json_;
    Framer frame_;
    ChunkReader reader_;
    ReplyScan scan_;
    Facts facts_;
    bool seen_ = false, holding_ = false;
    std::vector<std::string_view> pieces_;
    std::deque<std::string> owned_;
    std::deque<Held> held_;
    size_t held_bytes_ = 0;
};
}  // namespace

std::unique_ptr<Relay> stream_tap(const ReplyTerms& terms) { return std::make_unique<StreamTap>(terms); }

}  // namespace aig::dialect::google
