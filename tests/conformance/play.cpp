#include <fmt/format.h>

#include "dialect/testing/receipts.h"
#include "gateway/detail/translation.h"
#include "matrix.h"
#include "sim/testing/asked.h"

namespace aig::matrix {
namespace {
using namespace canon;

std::string joined(const Losses& losses) {
    std::string s;
    for (const auto& l : losses) s.append(s.empty() ? "" : ", ").append(l);
    return s;
}
Operation operation_of(const Request& r) {
    return std::holds_alternative<Chat>(r) ? Operation::chat : Operation::embedding;
}
Request streamed(Request request, bool stream) {
    if (auto* chat = std::get_if<Chat>(&request)) {
        chat->stream = stream;
        chat->include_usage = stream;
    }
    return request;
}

/// The request in the caller's words.
struct Written {
    std::string body;
    Incoming in;
    Envelope envelope;
};

Result<std::vector<std::string_view>> fed(Relay& relay, std::string_view bytes, std::string& out) {
    TRY(const auto pieces, relay.feed(bytes));
    for (const auto p : pieces) out += p;
    TRY(const auto rest, relay.end());
    for (const auto p : rest) out += p;
    return std::vector<std::string_view>{};
}

void note(const Event& e, Heard& h) {
    h.choices = std::max(h.choices, e.choice + 1);
    switch (e.kind) {
        case Event::Kind::text:
            if (e.choice == 0) h.text += e.text;
            break;
        case Event::Kind::reasoning:
            h.reasoning += e.text;
            break;
        case Event::Kind::refusal:
            h.refusal += e.text;
            break;
        case Event::Kind::state:
            ++h.states;
            break;
        case Event::Kind::media:
            ++h.images;
            break;
        case Event::Kind::embedding:
            ++h.vectors;
            break;
        case Event::Kind::logprobs:
            h.logprobs = true;
            break;
        case Event::Kind::tool_begin:
            h.calls.push_back({std::string(e.id), std::string(e.name), ""});
            break;
        case Event::Kind::tool_arguments:
            if (!h.calls.empty())
                h.calls[std::min(h.calls.size() - 1, static_cast<size_t>(e.index))].arguments += e.text;
            break;
        case Event::Kind::finish:
            if (e.choice == 0) h.stop = e.stop;
            h.stop_sequence = e.text;
            break;
        case Event::Kind::usage:
            h.usage = e.usage;
            break;
        default:
            break;
    }
}

Result<Heard> read_as_caller(const North& north, Operation operation, bool stream, std::string_view bytes) {
    Heard heard;
    const auto decoder = north.own->decoder(operation, stream);
    std::vector<Event> events;
    TRYV(decoder->feed(bytes, events));
    for (const Event& e : events) note(e, heard);
    events.clear();
    TRYV(decoder->end(events));
    for (const Event& e : events) note(e, heard);
    if (decoder->error()) return *decoder->error();
    return heard;
}

class Play {
  public:
    Play(const North& north, const South& south, const Feature& feature)
        : north_(north), south_(south), feature_(feature), brain_(sim::testing::make_brain()) {}

    Cell run(bool stream) {
        stream_ = stream;
        Losses unsayable;
        // A model in the URL stands in the bodies of Google's batches too.
        const std::string model(north_.model_in_url ? south_.model : "m");
        auto spoken = north_.own->encode(streamed(feature_.request, stream), {model, 0, {}}, unsayable);
        if (!spoken || !unsayable.empty()) return {Outcome::absent, ""};
        body_ = std::move(spoken->body);
        in_ = {operation_of(feature_.request), body_};
        if (north_.model_in_url) {
            in_.model = "m";
            in_.stream = stream;
        }
        auto envelope = north_.dialect->peek(in_);
        if (!envelope) return {Outcome::failed, "peek: " + envelope.error().message()};
        envelope_ = *std::move(envelope);
        if (!lossless() && (envelope_.needs & south_.wire->lacks(in_.operation) & behaviour_features))
            return {Outcome::refused, ""};
        Cell cell;
        for (int i = 0; i < feature_.times; ++i) cell = ask();
        return cell;
    }

  private:
    bool lossless() const {
        return envelope_.family != Family::other && south_.wire->carries(envelope_.family, south_.quirks);
    }

    Result<Encoded> encoded(Losses& losses) {
        const WireTarget target{std::string(south_.model), 8'000, south_.quirks};
        if (!lossless()) {
            TRY(const auto request, north_.dialect->parse(in_));
            return south_.wire->encode(request, target, losses);
        }
        Patch patch;
        patch.model = south_.model;
        patch.ask_usage = stream_;
        TRY(const auto spliced, north_.dialect->splice(body_, envelope_, patch));
        Encoded out = south_.wire->head(in_.operation, target, stream_);
        for (const auto p : spliced.pieces) out.body += p;
        return out;
    }

    Cell ask() {
        Losses losses;
        auto sent = encoded(losses);
        if (!sent) {
            const bool named = sent.error().code() == ErrorCode::unsupported_feature;
            return {named ? Outcome::refused : Outcome::failed, sent.error().message()};
        }
        const auto reply = asked(*sent);
        if (reply.status != 200) return {Outcome::failed, fmt::format("{}: {}", reply.status, reply.body)};
        return heard(reply.body, std::move(losses));
    }

    sim::testing::HttpReply asked(const Encoded& sent) {
        const std::string target = std::string(south_.base) + sent.path;
        const size_t mark = std::min(target.find('?'), target.size());
        sim::Request request = sim::testing::post_request(target.substr(0, mark), sent.body);
        request.query = target.substr(std::min(mark + 1, target.size()));
        request.headers.emplace_back("x-goog-api-key", "k");
        sim::Call call;
        std::string bytes;
        for (const auto& step : brain_->answer(request, call).steps) bytes += step.bytes;
        return sim::testing::parse_reply(bytes);
    }

    Cell heard(const std::string& reply, Losses losses) {
        ReplyTerms terms{&envelope_, body_, "m", "req_1", 1'790'000'000, Surface::aigate, Tokenizer::openai};
        const auto relay = lossless() ? north_.dialect->tap(terms)
                                      : gateway::translate(south_.wire->decoder(in_.operation, envelope_.stream),
                                                           north_.dialect->renderer(terms));
        std::string out;
        if (auto passed = fed(*relay, reply, out); !passed) return {Outcome::failed, passed.error().message()};
        if (relay->facts().error) return {Outcome::failed, relay->facts().error->message()};
        if (!relay->facts().usage) return {Outcome::failed, "the reply's usage was not seen"};
        const Receipt receipt = ledger::ReceiptMint::test(1);
        out += relay->finish({*relay->facts().usage, receipt});
        for (auto& l : relay->losses()) losses.push_back(std::move(l));
        if (stream_ && north_.grammar)
            if (auto bad = north_.grammar(out, !lossless()); !bad.empty())
                return {Outcome::failed, "grammar: " + bad + "\n" + out};
        auto understood = read_as_caller(north_, in_.operation, stream_, out);
        if (!understood) return {Outcome::failed, understood.error().message() + "\n" + out};
        if (!losses.empty()) return {Outcome::lost, joined(losses)};
        auto bad = feature_.check(*understood);
        if (!bad.empty()) return {Outcome::failed, bad + "\n" + out};
        return {Outcome::kept, ""};
    }

    const North& north_;
    const South& south_;
    const Feature& feature_;
    std::shared_ptr<sim::Brain> brain_;
    bool stream_ = false;
    std::string body_;
    Incoming in_;
    Envelope envelope_;
};
}  // namespace

Cell play(const North& north, const South& south, const Feature& feature) {
    Play whole(north, south, feature);
    Cell cell = whole.run(false);
    if (!std::holds_alternative<Chat>(feature.request)) return cell;
    Play streaming(north, south, feature);
    Cell streamed_cell = streaming.run(true);
    if (streamed_cell.outcome == cell.outcome) return cell;
    if (cell.outcome == Outcome::failed) return cell;
    streamed_cell.note = "streamed: " + streamed_cell.note;
    streamed_cell.outcome = Outcome::failed;
    return streamed_cell;
}

}  // namespace aig::matrix
