#include <deque>

#include "canon/sse.h"
#include "dialect/anthropic/scan.h"
#include "dialect/anthropic/tap.h"
#include "dialect/anthropic/write.h"

namespace aig::dialect::anthropic {
namespace {

using namespace canon;

constexpr size_t most_held = size_t{64} << 20;

std::string_view trim(std::string_view s) {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
    return s;
}

/// What an event at the end of the stream needs to end with a blank line.
std::string_view missing_end(std::string_view raw) {
    if (raw.ends_with("\n\n") || raw.ends_with("\r\n\r\n") || raw.ends_with("\r\r")) return {};
    return raw.ends_with('\n') || raw.ends_with('\r') ? "\n" : "\n\n";
}

/// An event of the tail, waiting for the receipt. Places count from the text's first byte.
struct Held {
    std::string text;
    bool ending = false;  ///< a message_delta: the usage belongs here
    Span usage, cost;
    bool usage_empty = false;
    size_t insert = 0;
};

Span moved(Span s, size_t by) { return s.present() ? Span{s.begin + by, s.end + by} : s; }

/// A stream passes as it came, but for the model in message_start and the cost in the last message_delta. That event
/// and all behind it are kept until the receipt.
class StreamTap final : public Relay {
  public:
    explicit StreamTap(const ReplyTerms& terms) : terms_(terms), model_json_(json_string(terms.public_model)) {}

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

    Result<std::vector<std::string_view>> end() override {
        rebuilt_.clear();
        pieces_.clear();
        SseEvent event;
        while (!over() && reader_.last(event)) {
            // What is left lacks its blank line. A whole event is taken, a part of one means that the stream broke.
            if (!take(event) && !facts_.error)
                return Error(ErrorCode::upstream_truncated, "the provider's stream broke off within an event");
        }
        if (facts_.error) return *facts_.error;
        if (facts_.terminal) return pieces_;
        if (!seen_data_) return Error(ErrorCode::upstream_empty, "the provider's stream had no events");
        return Error(ErrorCode::upstream_truncated, "the provider's stream ended without message_stop");
    }

    const Facts& facts() const override { return facts_; }

    std::string finish(const Bill& bill) override {
        const size_t last = usage_place();
        std::string out;
        for (size_t i = 0; i < held_.size(); ++i)
            i == last ? append_billed(out, held_[i], bill) : void(out += held_[i].text);
        held_.clear();
        return out;
    }

    std::string fail(const Error& error) override { return error_event(error, terms_); }

    std::string cut(const Bill& bill) override {
        std::string out;
        if (!scan_.begun()) append_message_start(out, terms_);
        if (const auto open = scan_.open_block()) {
            std::string data;
            JsonWriter(data).begin_object().field("type", "content_block_stop").field("index", *open).end_object();
            append_event(out, "content_block_stop", data);
        }
        append_message_delta(out, "max_tokens", {}, {}, bill);
        return out += stop_event;
    }

  private:
    bool over() const { return facts_.terminal || facts_.error.has_value(); }

    Status take(const SseEvent& event) {
        const std::string_view data = trim(event.data);
        if (data.empty() || data == "[DONE]") return bare(event);
        seen_data_ = true;
        TRY(const Found found, scan_.event(event.data, facts_));
        if (!facts_.error && event.event == "error")
            facts_.error = Error(ErrorCode::upstream_error, "The provider's stream ended in an error.");
        if (facts_.error) return {};
        if (found.type == EventType::delta) holding_ = true;
        TRYV(forward(event, found));
        if (found.type == EventType::stop) conclude();
        return {};
    }

    /// No data: comments and the like go on. A line of JSON outside of the framing is how some servers report that they
    /// broke.
    Status bare(const SseEvent& event) {
        if (trim(event.raw).starts_with('{')) {
            seen_data_ = true;
            (void)scan_.event(trim(event.raw), facts_);
            if (facts_.error) return {};
            return Error(ErrorCode::upstream_garbage, "the provider sent JSON where an event stream was due");
        }
        return pass(std::string(event.raw), event.raw);
    }

    /// The end of an answer without output opens the gate; until then another target may be tried.
    void conclude() {
        if (!scan_.begun())
            facts_.error = Error(ErrorCode::upstream_garbage, "the provider's stream ends before it begins");
        else if (facts_.nothing())
            facts_.error = Error(ErrorCode::upstream_empty, "the provider's stream had no output and a blank finish");
        else
            facts_.terminal = facts_.content = true;
    }

    Status forward(const SseEvent& event, const Found& found) {
        // A data field of one line lies within the event's bytes, and is patched there.
        const bool inside =
            event.data.data() >= event.raw.data() && event.data.data() <= event.raw.data() + event.raw.size();
        std::string_view raw = event.raw;
        size_t base = 0;
        if (inside) {
            base = static_cast<size_t>(event.data.data() - raw.data());
            if (const auto end = missing_end(raw); !end.empty())
                raw = rebuilt_.emplace_back(std::string(raw) + std::string(end));
        } else {
            raw = rebuild(event, base);
        }
        return holding_ ? hold(raw, base, found) : send(raw, base, found);
    }

    /// Several data lines mean their joined text; on one line it can be patched.
    std::string_view rebuild(const SseEvent& event, size_t& base) {
        std::string text;
        if (!event.event.empty()) text.append("event: ").append(event.event).append("\n");
        text += "data: ";
        base = text.size();
        text += event.data;
        for (size_t i = base; i < text.size(); ++i)
            if (text[i] == '\n') text[i] = ' ';
        return rebuilt_.emplace_back(text + "\n\n");
    }

    Status send(std::string_view raw, size_t base, const Found& found) {
        if (const Span m = found.model; m.present() && raw.substr(base + m.begin, m.end - m.begin) != model_json_) {
            add(raw.substr(0, base + m.begin));
            add(model_json_);
            raw = raw.substr(base + m.end);
        }
        add(raw);
        return {};
    }

    Status hold(std::string_view raw, size_t base, const Found& found) {
        Held h;
        h.text = raw;
        h.ending = found.type == EventType::delta;
        h.usage = moved(found.usage.present() ? found.usage : found.null_usage, base);
        h.cost = moved(found.cost, base);
        h.usage_empty = found.usage_empty;
        h.insert = base + found.insert;
        if (found.null_usage.present() && !found.usage.present()) h.cost = {};
        return keep(std::move(h));
    }

    Status keep(Held h) {
        held_bytes_ += h.text.size();
        if (held_bytes_ > most_held)
            return Error(ErrorCode::upstream_garbage, "the provider sent more than 64 MiB behind its final usage");
        held_.push_back(std::move(h));
        return {};
    }

    Status pass(std::string text, std::string_view raw) {
        if (holding_) {
            Held h;
            h.text = std::move(text);
            return keep(std::move(h));
        }
        add(raw);
        return {};
    }

    /// The last message_delta that has usage, else the last one at all.
    size_t usage_place() const {
        size_t place = held_.size();
        for (size_t i = 0; i < held_.size(); ++i)
            if (held_[i].ending && (place == held_.size() || held_[i].usage.present() || !held_[place].usage.present()))
                place = i;
        return place;
    }

    static void append_billed(std::string& out, const Held& h, const Bill& bill) {
        const std::string_view text = h.text;
        const bool replaces = bill.usage.estimated || text.substr(h.usage.begin, 1) != "{";
        if (!h.usage.present()) {
            out.append(text.substr(0, h.insert)).append("\"usage\":");
            append_usage(out, bill);
            out.append(",").append(text.substr(h.insert));
        } else if (replaces) {
            // What the provider reported makes no sense: the usage that was billed stands in its place.
            out.append(text.substr(0, h.usage.begin));
            append_usage(out, bill);
            out.append(text.substr(h.usage.end));
        } else if (h.cost.present()) {
            out.append(text.substr(0, h.cost.begin)).append(cost_number(bill)).append(text.substr(h.cost.end));
        } else {
            const size_t inside = h.usage.begin + 1;
            out.append(text.substr(0, inside)).append("\"cost\":").append(cost_number(bill));
            out.append(h.usage_empty ? "" : ",").append(text.substr(inside));
        }
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
    SseReader reader_;
    ReplyScan scan_;
    Facts facts_;
    bool seen_data_ = false, holding_ = false;
    std::vector<std::string_view> pieces_;
    std::deque<std::string> rebuilt_;
    std::vector<Held> held_;
    size_t held_bytes_ = 0;
};
}  // namespace

std::unique_ptr<Relay> stream_tap(const ReplyTerms& terms) { return std::make_unique<StreamTap>(terms); }

}  // namespace aig::dialect::anthropic
