// Every recorded reply in Anthropic's shape: the grammar accepts it; through the tap nothing but the written splices
// differs, tap and decoder count alike, and neither depends on how the bytes were cut; rendered anew it is legal, says
// the same and costs the same, streamed and whole.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "canon/anthropic/shape.h"
#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "dialect/testing/receipts.h"
#include "messages.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;
using recordings::is_message;
using recordings::Recording;

namespace {

/// Events behind message_stop: a proxy's [DONE], and two replies that a recorder put together.
const std::set<std::string> goes_on_behind_the_end = {"3cb7210e504be9a9", "af0400e6c5c86286"};
/// Ends its turn with calls in it (its provider ran them itself): whoever is told of a call is told to answer it.
const std::set<std::string> ends_with_calls = {"44fe9ccf3680e7e9"};

/// Up to the end that counts.
std::string up_to_the_end(const Recording& r) {
    if (!goes_on_behind_the_end.contains(r.id)) return r.response;
    const size_t stop = r.response.find("message_stop\"");
    return r.response.substr(0, r.response.find("\n\n", stop) + 2);
}

constexpr std::string_view public_model = "public/\"model\"";
constexpr int64_t cost = 123'456'789;

// ---- the tap
// ---------------------------------------------------------------------------------------------------------

struct Tapped {
    std::string bytes;
    std::optional<ErrorCode> failure;
    Facts facts;
};

Tapped run_tap(const Recording& r, const std::vector<size_t>& cuts) {
    Envelope envelope;
    envelope.stream = r.stream;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto tap = dialect::anthropic_messages().tap(terms);
    Tapped out;
    const auto gather = [&](const Result<std::vector<std::string_view>>& pieces) {
        if (!pieces)
            out.failure = pieces.error().code();
        else
            for (const auto p : *pieces) out.bytes += p;
        return pieces.ok() && !tap->facts().error;
    };
    size_t from = 0;
    bool going = true;
    for (size_t i = 0; going && i <= cuts.size(); ++i) {
        const size_t to = i < cuts.size() ? cuts[i] : r.response.size();
        going = gather(tap->feed(std::string(r.response.substr(from, to - from))));
        from = to;
    }
    if (going) gather(tap->end());
    out.facts = tap->facts();
    if (out.facts.error) out.failure = out.facts.error->code();
    if (out.failure) return out;
    Usage usage = out.facts.usage.value_or(Usage{});
    usage.estimated = !out.facts.usage;
    const Receipt receipt = ledger::ReceiptMint::test(cost);
    out.bytes += tap->finish({usage, receipt});
    return out;
}

// ---- what the bytes should become, derived without the tap
// ------------------------------------------------------------

using Cuts = std::map<size_t, std::pair<size_t, std::string>>;

void patch_usage(const JsonDoc& doc, JsonRef usage, size_t base, Cuts& cuts) {
    if (const JsonRef c = usage["cost"])
        cuts[base + doc.offset(c.raw())] = {c.raw().size(), "0.123456789"};
    else
        cuts[base + doc.offset(usage.raw()) + 1] = {0, usage.size() ? "\"cost\":0.123456789," : "\"cost\":0.123456789"};
}
void patch_model(const JsonDoc& doc, JsonRef model, size_t base, Cuts& cuts) {
    if (model.is_string()) cuts[base + doc.offset(model.raw())] = {model.raw().size(), json_string(public_model)};
}

std::string patched(const Recording& r) {
    Cuts cuts, last_usage;
    const std::string s = up_to_the_end(r);
    if (!r.stream) {
        const auto doc = JsonDoc::parse(s);
        patch_model(*doc, doc->root()["model"], 0, cuts);
        patch_usage(*doc, doc->root()["usage"], 0, cuts);
    }
    for (size_t at = 0; r.stream && (at = s.find("data:", at)) != std::string::npos;) {
        const size_t begin = s.find('{', at), end = s.find('\n', at);
        at = end;
        if (begin > end) continue;
        const auto doc = JsonDoc::parse(std::string_view(s).substr(begin, end - begin));
        if (!doc) continue;
        const JsonRef e = doc->root();
        if (e["type"].text() == "message_start") patch_model(*doc, e["message"]["model"], begin, cuts);
        if (e["type"].text() == "message_delta" && e["usage"].is_object()) {
            last_usage.clear();
            patch_usage(*doc, e["usage"], begin, last_usage);
        }
    }
    cuts.merge(last_usage);
    std::string out = s;
    for (auto it = cuts.rbegin(); it != cuts.rend(); ++it) out.replace(it->first, it->second.first, it->second.second);
    return out;
}

std::string describe(const Facts& f) {
    return fmt::format("{}{}{}{} stop {} usage {}/{} bytes {} states {} error {}", f.content, f.terminal, f.finished,
                       f.empty_output, static_cast<int>(f.stop), f.usage ? f.usage->input_total() : -1,
                       f.usage ? f.usage->output_total() : -1, f.delivered.bytes, f.states.size(),
                       f.error ? static_cast<int>(f.error->code()) : -1);
}

// ---- the decoder
// -----------------------------------------------------------------------------------------------------

/// What a reply said, apart from how it was cut into pieces.
struct Said {
    std::string text, thoughts, state, stop;
    std::map<int, std::string> calls;
    std::optional<Usage> usage;
    std::optional<ErrorCode> failure;
    StopReason reason = StopReason::none;
    bool operator==(const Said&) const = default;
};

std::string without_space(std::string_view json) {
    std::string out;
    bool inside = false;
    for (size_t i = 0; i < json.size(); ++i) {
        if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) inside = !inside;
        if (inside || static_cast<unsigned char>(json[i]) > ' ') out += json[i];
    }
    return out;
}

template <class Use>
std::optional<ErrorCode> each_event(std::string_view bytes, bool stream, Use use) {
    const auto decoder = provider::wire("anthropic")->decoder(Operation::chat, stream);
    std::vector<Event> events;
    auto s = decoder->feed(bytes, events);
    for (const Event& e : events) use(e);
    events.clear();
    if (!s) return s.error().code();
    s = decoder->end(events);
    for (const Event& e : events) use(e);
    if (!s) return s.error().code();
    return decoder->error() ? std::optional(decoder->error()->code()) : std::nullopt;
}

Said decode(std::string_view bytes, bool stream) {
    Said said;
    said.failure = each_event(bytes, stream, [&](const Event& e) {
        if (e.kind == Event::Kind::text) said.text += e.text;
        if (e.kind == Event::Kind::reasoning) said.thoughts += e.text;
        if (e.kind == Event::Kind::state) said.state += std::string(e.name) + ' ' + std::string(e.text) + '\n';
        if (e.kind == Event::Kind::tool_begin)
            said.calls[e.index] += std::string(e.id) + ' ' + std::string(e.name) + ' ';
        if (e.kind == Event::Kind::tool_arguments) said.calls[e.index] += e.text;
        if (e.kind == Event::Kind::usage) said.usage = e.usage;
        if (e.kind == Event::Kind::finish) said.reason = e.stop;
        if (e.kind == Event::Kind::finish) said.stop = e.text;
    });
    for (auto& [index, call] : said.calls) call = without_space(call);
    return said;
}

std::string rendered(const Recording& r, bool stream) {
    Envelope envelope;
    envelope.stream = stream;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto renderer = dialect::anthropic_messages().renderer(terms);
    std::string out;
    Usage usage;
    (void)each_event(r.response, r.stream, [&](const Event& e) {
        renderer->event(e, out);
        if (e.kind == Event::Kind::usage) usage = e.usage;
    });
    const Receipt receipt = ledger::ReceiptMint::test(cost);
    return out + renderer->finish({usage, receipt});
}

std::vector<std::vector<size_t>> cuts_of(size_t size, std::mt19937& random) {
    std::vector<std::vector<size_t>> out(1);
    for (size_t i = 1; i < size; ++i) out[0].push_back(i);  // a byte at a time
    const char* scale = std::getenv("AIG_TEST_SCALE");
    const size_t times = std::clamp<size_t>(scale ? std::strtoul(scale, nullptr, 10) : 1, 1, 32);
    if (size <= 4096)
        for (size_t cut = 1 + random() % (32 / times); cut < size; cut += 32 / times) out.push_back({cut});
    else
        for (size_t i = 0; i < 16 * times; ++i) out.push_back({1 + random() % (size - 1)});
    return out;
}
}  // namespace

TEST(RecordedMessages, the_grammar_accepts_every_complete_stream) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    int streams = 0, bodies = 0;
    for (const Recording& r : recordings::messages()) {
        if (!is_message(r)) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id + ' ' + r.fidelity);
        if (r.stream) {
            ++streams;
            const auto verdict = dialect::testing::judge_messages_stream(up_to_the_end(r), false);
            EXPECT_EQ(verdict.fault, "");
            EXPECT_TRUE(verdict.complete);
        } else {
            ++bodies;
            EXPECT_EQ(dialect::testing::judge_messages_body(r.response), "");
        }
    }
    std::printf("[          ] %d streams, %d bodies\n", streams, bodies);
    EXPECT_GT(streams, 200);
    EXPECT_GT(bodies, 400);
}

TEST(RecordedMessages, lossless_but_for_the_written_splices) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    int seen = 0;
    for (const Recording& r : recordings::messages()) {
        if (!is_message(r)) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const Tapped t = run_tap(r, {});
        ASSERT_FALSE(t.failure) << error_row(*t.failure).name;
        ++seen;
        EXPECT_EQ(t.bytes, patched(r));
        const Said said = decode(r.response, r.stream);
        EXPECT_EQ(t.facts.usage, said.usage);
        EXPECT_EQ(t.facts.stop, said.reason);
        EXPECT_TRUE(t.facts.terminal && t.facts.content);
    }
    std::printf("[          ] %d replies\n", seen);
    EXPECT_GT(seen, 650);
}

TEST(RecordedMessages, however_the_bytes_are_cut) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    std::mt19937 random(20261128);
    int streams = 0;
    int64_t runs = 0;
    for (const Recording& r : recordings::messages()) {
        if (!is_message(r) || !r.stream) continue;
        ++streams;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const Tapped whole = run_tap(r, {});
        for (const auto& cuts : cuts_of(r.response.size(), random)) {
            ++runs;
            const Tapped t = run_tap(r, cuts);
            ASSERT_EQ(t.bytes, whole.bytes);
            ASSERT_EQ(t.failure, whole.failure);
            ASSERT_EQ(describe(t.facts), describe(whole.facts));
        }
    }
    std::printf("[          ] %d streams, %lld cuts\n", streams, static_cast<long long>(runs));
    EXPECT_GT(streams, 200);
}

TEST(RecordedMessages, rendered_anew_they_are_legal_and_say_and_cost_the_same) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    PriceCard card;
    for (size_t i = 0; i < fixed_components; ++i) card.pico[i] = 1'000'003 * static_cast<int64_t>(i + 1);
    const auto price_of = [&](const Said& s) { return *price(card, s.usage.value_or(Usage{}), Ratio{21, 20}); };
    int seen = 0;
    for (const Recording& r : recordings::messages()) {
        if (!is_message(r)) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        ++seen;
        const Said original = decode(r.response, r.stream);
        const std::string stream = rendered(r, true), whole = rendered(r, false);
        EXPECT_EQ(dialect::testing::judge_messages_stream(stream).fault, "") << stream.substr(0, 3000);
        EXPECT_EQ(dialect::testing::judge_messages_body(whole), "") << whole.substr(0, 3000);
        Said from_stream = decode(stream, true), from_whole = decode(whole, false);
        EXPECT_EQ(from_stream.text, original.text);
        EXPECT_EQ(from_whole.text, original.text);
        EXPECT_EQ(from_stream.thoughts, original.thoughts);
        EXPECT_EQ(from_stream.state, original.state);
        EXPECT_EQ(from_whole.state, original.state);
        EXPECT_EQ(from_stream.calls, original.calls);
        EXPECT_EQ(from_stream.reason, ends_with_calls.contains(r.id) ? StopReason::tool_calls : original.reason);
        EXPECT_EQ(from_whole.reason, from_stream.reason);
        EXPECT_EQ(from_stream.stop, original.stop);
        EXPECT_EQ(price_of(from_stream), price_of(original));
        EXPECT_EQ(price_of(from_whole), price_of(original));
        EXPECT_EQ(from_stream.usage, original.usage);
    }
    std::printf("[          ] %d replies rendered as a stream and whole\n", seen);
    EXPECT_GT(seen, 650);
}
