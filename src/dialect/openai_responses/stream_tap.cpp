#include <deque>

#include "base/json.h"
#include "canon/openai_responses/shape.h"
#include "canon/sse.h"
#include "dialect/openai_responses/events.h"
#include "dialect/openai_responses/scan.h"
#include "dialect/openai_responses/tap.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;

std::string_view trim(std::string_view s) {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
    return s;
}

/// The terminal event, waiting for the receipt. Places count from `base` on.
struct Terminal {
    std::string text;
    size_t base = 0;
    ResponsePlaces places;
};

class StreamTap final : public Relay {
  public:
    explicit StreamTap(const ReplyTerms& terms) : scan_(terms) {}

    Result<std::vector<std::string_view>> feed(std::string_view bytes) override {
        clear();
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
        clear();
        SseEvent event;
        while (!over() && reader_.last(event)) {
            // What is left lacks its blank line. A terminal event is taken all the same, a part of one means that the
            // stream broke.
            const auto at = event.raw.find_first_not_of("\r\n");
            const bool begun = event.data.empty() && at != std::string_view::npos && event.raw[at] != ':';
            if (const auto taken = take(event); !taken || begun)
                return Error(ErrorCode::upstream_truncated, "the provider's stream broke off within an event");
            if (facts_.terminal)
                terminal_.text += event.raw.ends_with('\n') ? "\n" : "\n\n";
            else if (!pieces_.empty())
                pieces_.push_back("\n\n");
        }
        if (facts_.error) return *facts_.error;
        if (facts_.terminal) return pieces_;
        if (!seen_data_) return Error(ErrorCode::upstream_empty, "the provider's stream had no events");
        return Error(ErrorCode::upstream_truncated, "the provider's stream ended without its last event");
    }

    const Facts& facts() const override { return facts_; }

    std::string finish(const Bill& bill) override {
        const std::string_view text(terminal_.text);
        const Span object = terminal_.places.object;
        const std::string whole = patched(text.substr(terminal_.base), terminal_.places, &bill);
        // The object begins where it began, and ends as far from the end as it did.
        const size_t behind = text.size() - terminal_.base - object.end;
        object_ = whole.substr(object.begin, whole.size() - behind - object.begin);
        if (scan_.output_withheld()) fill_output();
        return std::string(text.substr(0, terminal_.base)) + whole;
    }

    std::string fail(const Error& error) override {
        std::string out;
        EventWriter events(false, scan_.next_number());
        begin(events, out);
        events.error(out, error);
        Standing s;
        s.status = "failed";
        s.error = &error;
        const std::string output = done_output();
        s.output = output;
        events.response(out, "response.failed", scan_.frame().object(s));
        return out;
    }

    std::string cut(const Bill& bill) override {
        std::string out;
        EventWriter events(false, scan_.next_number());
        begin(events, out);
        for (auto& [index, item] : scan_.open_items()) close(events, static_cast<size_t>(index), item, out);
        const std::string output = whole_output(), usage = usage_object(bill);
        Standing s{"incomplete", "max_output_tokens", nullptr, output, usage, nullptr};
        object_ = scan_.frame().object(s);
        events.response(out, "response.incomplete", object_);
        return out;
    }

    std::string_view reply_object() const override { return object_; }

  private:
    bool over() const { return facts_.terminal || facts_.error.has_value(); }
    void clear() {
        rebuilt_.clear();
        pieces_.clear();
    }

    void begin(EventWriter& events, std::string& out) const {
        if (scan_.begun()) return;
        const std::string object = scan_.frame().object({});
        events.response(out, "response.created", object);
        events.response(out, "response.in_progress", object);
    }

    /// The stored answer has its items, whether or not the last event repeated them.
    void fill_output() {
        const auto doc = JsonDoc::parse(object_);
        const JsonRef output = doc ? doc->root()["output"] : JsonRef();
        const std::string items = '[' + done_output() + ']';
        if (output)
            object_.replace(doc->offset(output.raw()), output.raw().size(), items);
        else
            object_.insert(1, "\"output\":" + items + ',');
    }

    static void close(EventWriter& events, size_t index, const OutputItem& item, std::string& out) {
        for (size_t part = 0; part < item.parts.size(); ++part)
            if (item.parts[part].open) events.part_done(out, index, item, part);
        const bool call = item.kind == OutputItem::Kind::function_call || item.kind == OutputItem::Kind::custom_call;
        if (call) events.call_done(out, index, item);
        events.item_done(out, index, item, "incomplete");
    }

    std::string done_output() const {
        std::string out;
        for (const auto& [index, raw] : scan_.done_items()) out.append(out.empty() ? "" : ",").append(on_one_line(raw));
        return out;
    }

    /// Finished items as they came, open ones as far as they came, in their order.
    std::string whole_output() {
        std::map<int64_t, std::string> all = scan_.done_items();
        for (const auto& [index, item] : scan_.open_items()) {
            std::string json;
            JsonWriter w(json);
            write_item(w, item, "incomplete");
            all.emplace(index, std::move(json));
        }
        std::string out;
        for (const auto& [index, raw] : all) out.append(out.empty() ? "" : ",").append(on_one_line(raw));
        return out;
    }

    Status take(const SseEvent& event) {
        const std::string_view data = trim(event.data);
        if (data.empty()) return bare(event);
        // Some end with it; the terminal event came before.
        if (data == "[DONE]") return {};
        seen_data_ = true;
        TRY(const Seen* const seen, scan_.event(event.data, event.event, facts_));
        if (facts_.error) return {};
        return seen->terminal ? hold(event, *seen) : forward(event, *seen);
    }

    /// No data: comments and the like go on. A line of JSON outside of the framing is how some servers report that they
    /// broke.
    Status bare(const SseEvent& event) {
        if (!trim(event.raw).starts_with('{')) {
            add(event.raw);
            return {};
        }
        seen_data_ = true;
        const auto doc = JsonDoc::parse(trim(event.raw));
        if (!doc || !canon::openai_responses::is_failed(doc->root()))
            return Error(ErrorCode::upstream_garbage, "the provider sent JSON where an event stream was due");
        facts_.error = canon::openai_responses::in_band_error(doc->root());
        return {};
    }

    /// A data field of one line lies within the event's bytes and is patched there; one of several lines is written
    /// anew.
    std::string_view bytes_of(const SseEvent& event, size_t& base) {
        const bool inside = event.data.data() >= event.raw.data() &&
                            event.data.data() + event.data.size() <= event.raw.data() + event.raw.size();
        if (inside) {
            base = static_cast<size_t>(event.data.data() - event.raw.data());
            return event.raw;
        }
        std::string text = event.event.empty() ? "data: " : "event: " + std::string(event.event) + "\ndata: ";
        base = text.size();
        text += on_one_line(event.data);
        return rebuilt_.emplace_back(text + "\n\n");
    }

    Status hold(const SseEvent& event, const Seen& seen) {
        if (facts_.nothing()) {
            facts_.error = Error(ErrorCode::upstream_empty, "the provider's stream had no output and a blank finish");
            return {};
        }
        facts_.content = true;
        terminal_.text = bytes_of(event, terminal_.base);
        terminal_.places = seen.places;
        return {};
    }

    Status forward(const SseEvent& event, const Seen& seen) {
        size_t base = 0;
        const std::string_view raw = bytes_of(event, base);
        if (!seen.has_response) {
            add(raw);
            return {};
        }
        add(raw.substr(0, base));
        add(rebuilt_.emplace_back(patched(raw.substr(base), seen.places, nullptr)));
        return {};
    }

    /// Neighbours in one buffer become one piece.
    void add(std::string_view piece) {
        if (piece.empty()) return;
        if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == piece.data())
            pieces_.back() = {pieces_.back().data(), pieces_.back().size() + piece.size()};
        else
            pieces_.push_back(piece);
    }

    ReplyScan scan_;
    SseReader reader_;
    Facts facts_;
    bool seen_data_ = false;
    std::vector<std::string_view> pieces_;
    std::deque<std::string> rebuilt_;
    Terminal terminal_;
    std::string object_;
};
}  // namespace

std::unique_ptr<Relay> stream_tap(const ReplyTerms& terms) { return std::make_unique<StreamTap>(terms); }

}  // namespace aig::dialect::responses
