#include <deque>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "canon/sse.h"
#include "dialect/errors.h"
#include "dialect/openai_chat/scan.h"
#include "dialect/openai_chat/tap.h"
#include "dialect/openai_chat/write.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;

constexpr size_t most_held = size_t{64} << 20;

std::string_view trim(std::string_view s) {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
    return s;
}

/// An event of the tail, waiting for the receipt.
struct Held {
    std::string text;
    Span usage, cost;
    bool usage_empty = false;
};

class StreamTap final : public Relay {
  public:
    explicit StreamTap(const ReplyTerms& terms)
        : wants_usage_(terms.envelope && terms.envelope->wants_usage),
          completion_(terms.envelope && terms.envelope->operation == Operation::completion),
          terms_(terms),
          model_json_(json_string(terms.public_model)) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        rebuilt_.clear();
        pieces_.clear();
        if (over()) return pieces_;
        TRYV(reader_.feed(bytes));
        SseEvent event;
        // What came before a broken event in the same read still goes out: a failure is a fact, like one the provider
        // tells.
        while (!over() && reader_.next(event))
            if (auto taken = take(event); !taken) facts_.error = std::move(taken).error();
        return pieces_;
    }

    /// "da", "data", "data:": a line that was to say something and says nothing.
    static bool begun_field(const SseEvent& event) {
        const auto at = event.raw.find_first_not_of("\r\n");
        return event.data.empty() && at != std::string_view::npos && event.raw[at] != ':';
    }

    Result<std::vector<std::string_view>> end() override {
        rebuilt_.clear();
        pieces_.clear();
        SseEvent event;
        while (!over() && reader_.last(event)) {
            // What is left lacks its blank line. A whole event is taken, a part of one means that the stream broke.
            const std::string_view missing = missing_end(event.raw);
            if (const auto s = take(event); !s || begun_field(event))
                return Error(ErrorCode::upstream_truncated, "the provider's stream broke off within an event");
            if (holding_ && !held_.empty())
                held_.back().text += missing;
            else if (!pieces_.empty())
                pieces_.push_back(missing);
        }
        if (facts_.error) return *facts_.error;
        if (facts_.terminal) return pieces_;
        if (scan_.all_finished() && facts_.usage) {
            conclude();  // Cerebras and Perplexity end so: nothing can be missing any more
            if (facts_.error) return *facts_.error;
            return pieces_;
        }
        if (!seen_data_) return Error(ErrorCode::upstream_empty, "the provider's stream had no events");
        return Error(ErrorCode::upstream_truncated, "the provider's stream ended without [DONE]");
    }

    const Facts& facts() const override { return facts_; }

    std::string finish(const Bill& bill) override {
        std::string out;
        bool usage_told = false;
        for (const Held& h : held_) {
            append_held(out, h, bill);
            usage_told |= h.usage.present();
        }
        held_.clear();
        if (wants_usage_ && !usage_told) append_usage_chunk(out, bill);
        return out += done_.empty() ? done_event : std::string_view(done_);
    }

    std::string fail(const Error& error) override {
        return "data: " + in_band_error(error, terms_.surface, terms_.request_id) + "\n\n";
    }

    std::string cut(const Bill& bill) override {
        std::string out, choices;
        auto open = scan_.open_choices();
        if (open.empty() && !facts_.finished) open.push_back(0);
        for (const int index : open) append_chunk(out, head(), ending_choice(index, "length", completion_), {});
        if (wants_usage_) append_usage_chunk(out, bill);
        return out += done_event;
    }

  private:
    bool over() const { return facts_.terminal || facts_.error.has_value(); }
    /// What an event at the end of the stream needs to end with a blank line.
    static std::string_view missing_end(std::string_view raw) {
        if (raw.ends_with("\n\n") || raw.ends_with("\r\n\r\n") || raw.ends_with("\r\r")) return {};
        return raw.ends_with('\n') || raw.ends_with('\r') ? "\n" : "\n\n";
    }
    ChunkHead head() const {
        return {scan_.id().empty() ? (completion_ ? "cmpl-" : "chatcmpl-") + terms_.request_id : scan_.id(),
                scan_.created() ? scan_.created() : terms_.created_s, terms_.public_model, completion_};
    }

    Status take(const SseEvent& event) {
        // An empty data field is a kind of keep-alive: browsers do not dispatch it either.
        const std::string_view data = trim(event.data);
        if (data.empty()) return bare(event);
        if (data == "[DONE]") return done(event);
        seen_data_ = true;
        TRY(const Scanned* const found, scan_.chat(event.data, facts_));
        if (!facts_.error && event.event == "error")
            facts_.error = Error(ErrorCode::upstream_error, "The provider's stream ended in an error.");
        if (facts_.error) return {};
        return chunk(event, *found);
    }

    /// No data: comments and the like go on. A line of JSON outside of the framing is how some servers report that they
    /// broke.
    Status bare(const SseEvent& event) {
        if (trim(event.raw).starts_with('{')) {
            seen_data_ = true;
            const auto doc = JsonDoc::parse(trim(event.raw));
            if (doc && canon::openai::is_error(doc->root()))
                facts_.error = canon::openai::in_band_error(doc->root());
            else
                return Error(ErrorCode::upstream_garbage, "the provider sent JSON where an event stream was due");
            return {};
        }
        if (holding_) return hold(std::string(event.raw), {});
        add(event.raw);
        return {};
    }

    Status done(const SseEvent& event) {
        done_ = event.raw;
        done_ += missing_end(event.raw);
        conclude();
        return {};
    }

    /// The end of an answer without output opens the gate; until then another target may be tried.
    void conclude() {
        facts_.terminal = true;
        if (facts_.nothing())
            facts_.error = Error(ErrorCode::upstream_empty, "the provider's stream had no output and a blank finish");
        else
            facts_.content = true;
    }

    Status chunk(const SseEvent& event, const Scanned& found) {
        const bool usage_only = found.usage.present() && found.no_choices;
        if (usage_only || (facts_.usage && scan_.all_finished())) holding_ = true;
        if (usage_only && !wants_usage_) return {};
        // A data field of one line lies within the event's bytes, and is patched there.
        const bool inside =
            event.data.data() >= event.raw.data() && event.data.data() <= event.raw.data() + event.raw.size();
        if (!inside) {
            Scanned moved = found;
            std::string text = "data: " + std::string(event.data);
            for (char& c : text)
                if (c == '\n') c = ' ';
            return forward(rebuilt_.emplace_back(text + "\n\n"), 6, moved);
        }
        return forward(event.raw, static_cast<size_t>(event.data.data() - event.raw.data()), found);
    }

    /// `raw` with its model values replaced, now or into the tail. Positions in `found` count from raw[base].
    Status forward(std::string_view raw, size_t base, const Scanned& found) {
        if (holding_) return hold_patched(raw, base, found);
        size_t at = 0;
        for (const Span m : found.models) {
            const size_t begin = base + m.begin, end = base + m.end;
            if (raw.substr(begin, end - begin) == model_json_) continue;
            add(raw.substr(at, begin - at));
            add(model_json_);
            at = end;
        }
        add(raw.substr(at));
        return {};
    }

    Status hold_patched(std::string_view raw, size_t base, const Scanned& found) {
        Held h;
        size_t at = 0;
        // Where a position of raw comes to lie after the replacements before it.
        const auto moved = [&](Span s) {
            if (!s.present()) return s;
            size_t shift = 0, unshift = 0;
            for (const Span m : found.models)
                if (m.begin < s.begin) {
                    shift += model_json_.size();
                    unshift += m.end - m.begin;
                }
            return Span{base + s.begin + shift - unshift, base + s.end + shift - unshift};
        };
        for (const Span m : found.models) {
            h.text += raw.substr(at, base + m.begin - at);
            h.text += model_json_;
            at = base + m.end;
        }
        h.text += raw.substr(at);
        h.usage = moved(found.usage);
        h.cost = moved(found.cost);
        h.usage_empty = found.usage_empty;
        return hold(std::move(h.text), h);
    }

    Status hold(std::string text, Held places) {
        held_bytes_ += text.size();
        if (held_bytes_ > most_held)
            return Error(ErrorCode::upstream_garbage, "the provider sent more than 64 MiB behind its final usage");
        places.text = std::move(text);
        held_.push_back(std::move(places));
        return {};
    }

    static void append_held(std::string& out, const Held& h, const Bill& bill) {
        const std::string_view text = h.text;
        if (!h.usage.present()) {
            out += text;
        } else if (bill.usage.estimated) {
            // What the provider reported makes no sense: the usage that was billed stands in its place.
            out.append(text.substr(0, h.usage.begin));
            append_usage(out, bill);
            out.append(text.substr(h.usage.end));
        } else if (h.cost.present()) {
            out.append(text.substr(0, h.cost.begin)).append(cost_number(bill)).append(text.substr(h.cost.end));
        } else {
            const size_t inside = h.usage.begin + 1;
            out.append(text.substr(0, inside))
                .append("\"cost\":")
                .append(cost_number(bill))
                .append(h.usage_empty ? "" : ",")
                .append(text.substr(inside));
        }
    }

    void append_usage_chunk(std::string& out, const Bill& bill) const {
        std::string usage;
        append_usage(usage, bill);
        append_chunk(out, head(), {}, usage);
    }

    /// Neighbours in one buffer become one piece.
    void add(std::string_view piece) {
        if (piece.empty()) return;
        if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == piece.data())
            pieces_.back() = {pieces_.back().data(), pieces_.back().size() + piece.size()};
        else
            pieces_.push_back(piece);
    }

    const bool wants_usage_, completion_;
    const ReplyTerms terms_;
    const std::string model_json_;
    SseReader reader_;
    ReplyScan scan_;
    Facts facts_;
    bool seen_data_ = false, holding_ = false;
    std::vector<std::string_view> pieces_;
    std::deque<std::string> rebuilt_;
    std::vector<Held> held_;
    size_t held_bytes_ = 0;
    std::string done_;
};
}  // namespace

std::unique_ptr<Relay> stream_tap(const ReplyTerms& terms) { return std::make_unique<StreamTap>(terms); }

}  // namespace aig::dialect::openai
