// A translated answer as a text_completion, streamed or whole. What a completion has no place for (reasoning, calls,
// media) is left out and listed; a refusal is text, so that nobody takes it for an empty answer.
#include <algorithm>
#include <map>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "dialect/errors.h"
#include "dialect/openai_chat/write.h"
#include "dialect/openai_completions/openai_completions.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;
using Kind = Event::Kind;

constexpr int most_choices = 128;

/// The prompt that `echo` repeats in front of every answer; "" when it was not asked for.
std::string echoed(std::string_view body) {
    const auto doc = JsonDoc::parse(body);
    if (!doc || !doc->root()["echo"].boolean()) return {};
    const JsonRef prompt = doc->root()["prompt"];
    const JsonRef text = prompt.is_array() && prompt.size() ? *prompt.begin() : prompt;
    return std::string(text.text());
}

size_t characters(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Log probabilities of the chat shape, an object a token, as the columns of this one.
class Columns {
  public:
    void add(std::string_view chat_logprobs) {
        const auto doc = JsonDoc::parse(chat_logprobs);
        if (!doc) return;
        for (const JsonRef t : doc->root()["content"]) token(t);
    }
    bool empty() const { return tokens_.empty(); }
    std::string json() const {
        return "{\"tokens\":[" + tokens_ + "],\"token_logprobs\":[" + values_ + "],\"top_logprobs\":[" + tops_ +
               "],\"text_offset\":[" + offsets_ + "]}";
    }
    /// The next columns go on behind these.
    void clear() {
        for (auto* column : {&tokens_, &values_, &tops_, &offsets_}) column->clear();
    }
    void start_at(size_t offset) { at_ = offset; }

  private:
    static void append(std::string& column, std::string_view json) {
        if (!column.empty()) column += ',';
        column += json;
    }
    void token(JsonRef t) {
        append(tokens_, t["token"].is_string() ? t["token"].raw() : "\"\"");
        append(values_, t["logprob"].is_number() ? t["logprob"].raw() : "null");
        append(offsets_, std::to_string(at_));
        at_ += characters(t["token"].text());
        std::string top;
        JsonWriter w(top);
        w.begin_object();
        for (const JsonRef o : t["top_logprobs"])
            if (o["token"].is_string() && o["logprob"].is_number()) w.field_raw(o["token"].text(), o["logprob"].raw());
        w.end_object();
        append(tops_, top);
    }
    std::string tokens_, values_, tops_, offsets_;
    size_t at_ = 0;
};

struct Choice {
    bool begun = false, finished = false;
    StopReason stop = StopReason::none;
    std::string text;  ///< gathered by the whole renderer only
    Columns odds;
};

std::string_view finish_word(StopReason stop) {
    const auto word = canon::openai::finish_reason(stop);
    return word == "tool_calls" ? "stop" : word;
}

/// What both forms share.
class Writer {
  public:
    explicit Writer(const ReplyTerms& terms)
        : terms_(terms), id_("cmpl-" + terms.request_id), echo_(echoed(terms.body)) {}

    Choice* choice(const Event& e) {
        if (e.choice < 0 || e.choice >= most_choices) return nullptr;
        Choice& c = choices_[e.choice];
        if (!c.begun) c.odds.start_at(characters(echo_));
        return &c;
    }
    std::map<int, Choice>& choices() { return choices_; }
    const std::string& echo() const { return echo_; }

    void head(JsonWriter& w) const {
        w.begin_object()
            .field("id", id_)
            .field("object", "text_completion")
            .field("created", terms_.created_s)
            .field("model", terms_.public_model);
    }
    static void write(JsonWriter& w, int index, std::string_view text, const Columns& odds, std::string_view finish) {
        w.begin_object().field("text", text).field("index", index);
        w.field_raw("logprobs", odds.empty() ? "null" : odds.json());
        finish.empty() ? w.field_null("finish_reason") : w.field("finish_reason", finish);
        w.end_object();
    }
    void lose(const Event& e) {
        const std::string_view name = e.kind == Kind::reasoning    ? "reasoning"
                                      : e.kind == Kind::tool_begin ? "tool_calls"
                                      : e.kind == Kind::media      ? "images"
                                      : e.kind == Kind::annotation ? "annotations"
                                      : e.kind == Kind::state      ? "reasoning state"
                                      : e.kind == Kind::block      ? e.name
                                                                   : "";
        if (!name.empty() && std::find(losses_.begin(), losses_.end(), name) == losses_.end() && losses_.size() < 16)
            losses_.emplace_back(name);
    }
    const Losses& losses() const { return losses_; }

  private:
    const ReplyTerms& terms_;
    const std::string id_, echo_;
    std::map<int, Choice> choices_;
    Losses losses_;
};

class BodyRenderer final : public Renderer {
  public:
    explicit BodyRenderer(const ReplyTerms& terms) : terms_(terms), out_(terms_) {}

    void event(const Event& e, std::string&) override {
        Choice* c = out_.choice(e);
        if (!c) return;
        switch (e.kind) {
            case Kind::text:
            case Kind::refusal:
                c->begun = true;
                c->text += e.text;
                break;
            case Kind::logprobs:
                c->begun = true;
                c->odds.add(e.raw);
                break;
            case Kind::finish:
                c->begun = true;
                if (!c->finished) c->stop = e.stop;
                c->finished = true;
                break;
            default:
                out_.lose(e);
        }
    }

    std::string finish(const Bill& bill) override { return body(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return body(bill, StopReason::length); }
    std::string fail(const Error& error) override { return in_band_error(error, terms_.surface, terms_.request_id); }
    Losses losses() const override { return out_.losses(); }

  private:
    std::string body(const Bill& bill, StopReason unfinished) {
        std::string out;
        JsonWriter w(out);
        out_.head(w);
        w.key("choices").begin_array();
        for (auto& [index, c] : out_.choices()) {
            if (!c.begun) continue;
            Writer::write(w, index, out_.echo() + c.text, c.odds, finish_word(c.finished ? c.stop : unfinished));
        }
        w.end_array();
        std::string usage;
        append_usage(usage, bill);
        w.field_raw("usage", usage).end_object();
        return out;
    }

    const ReplyTerms terms_;
    Writer out_;
};

/// Finish chunks wait for the receipt: some clients stop reading at them.
class StreamRenderer final : public Renderer {
  public:
    explicit StreamRenderer(const ReplyTerms& terms)
        : terms_(terms), wants_usage_(terms.envelope->wants_usage), out_(terms_) {}

    void event(const Event& e, std::string& out) override {
        Choice* c = out_.choice(e);
        if (!c) return;
        switch (e.kind) {
            case Kind::text:
            case Kind::refusal:
                if (!e.text.empty()) text(e.choice, *c, e.text, out);
                break;
            case Kind::logprobs:
                begin(e.choice, *c, out);
                c->odds.add(e.raw);
                chunk(e.choice, "", c->odds, {}, out);
                c->odds.clear();
                break;
            case Kind::finish:
                begin(e.choice, *c, out);
                if (!c->finished) c->stop = e.stop;
                c->finished = true;
                break;
            default:
                out_.lose(e);
        }
    }

    std::string finish(const Bill& bill) override { return tail(bill, StopReason::end); }
    std::string cut(const Bill& bill) override { return tail(bill, StopReason::length); }
    std::string fail(const Error& error) override {
        return "data: " + in_band_error(error, terms_.surface, terms_.request_id) + "\n\n";
    }
    Losses losses() const override { return out_.losses(); }

  private:
    void begin(int index, Choice& c, std::string& out) {
        if (!std::exchange(c.begun, true) && !out_.echo().empty()) chunk(index, out_.echo(), {}, {}, out);
    }
    void text(int index, Choice& c, std::string_view text, std::string& out) {
        begin(index, c, out);
        chunk(index, text, {}, {}, out);
    }
    void chunk(int index, std::string_view text, const Columns& odds, std::string_view finish, std::string& out) const {
        out += "data: ";
        JsonWriter w(out);
        out_.head(w);
        w.key("choices").begin_array();
        Writer::write(w, index, text, odds, finish);
        w.end_array();
        if (wants_usage_) w.field_null("usage");
        w.end_object();
        out += "\n\n";
    }

    std::string tail(const Bill& bill, StopReason unfinished) {
        std::string out;
        if (out_.choices().empty()) begin(0, out_.choices()[0], out);
        for (auto& [index, c] : out_.choices())
            if (c.begun) chunk(index, "", {}, finish_word(c.finished ? c.stop : unfinished), out);
        if (wants_usage_) {
            std::string usage;
            append_usage(usage, bill);
            out += "data: ";
            JsonWriter w(out);
            out_.head(w);
            w.key("choices").begin_array().end_array().field_raw("usage", usage).end_object();
            out += "\n\n";
        }
        return out += done_event;
    }

    const ReplyTerms terms_;
    const bool wants_usage_;
    Writer out_;
};
}  // namespace

std::unique_ptr<Renderer> OpenAiCompletions::renderer(const ReplyTerms& terms) const {
    if (terms.envelope && terms.envelope->stream) return std::make_unique<StreamRenderer>(terms);
    return std::make_unique<BodyRenderer>(terms);
}

}  // namespace aig::dialect::openai
