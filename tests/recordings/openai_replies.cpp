// Every recorded reply in OpenAI's shape, through the tap (bytes) and the decoder (events): nothing but the written
// splices differs, both count alike, and neither depends on how the bytes were cut.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "canon/openai/shape.h"
#include "cuts.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "openai_chats.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

constexpr std::string_view public_model = "public/\"model\"";
constexpr int64_t cost = 123'456'789;

/// Text Generation Inference 2.0 ended its streams without usage and without [DONE]: that cannot be told from a broken
/// stream.
const std::set<std::string> known_truncated = {"7ccd2d79fc098489", "a2f9c459c6d88dee", "e84f156ab566e17c",
                                               "ffca2b18d265aa18"};
/// A role, no output, a blank finish reason, zero completion tokens, the end: nothing anybody should pay for.
const std::set<std::string> known_empty = {"06b204fc13576988", "4804f4701e89a17d", "cf5eda743f00e21a",
                                           "10ff7eb6c55e4151", "485a50531d8136fe"};
/// Rebuilt by its recorder from two replies in one: what follows the first finish reason is nobody's.
const std::set<std::string> two_in_one = {"529f3cf5e8124459"};
/// Not replies: lists of stored completions.
bool is_reply(const Recording& r) { return r.status == 200 && r.response.find("\"first_id\"") == std::string::npos; }

// ---- the tap
// ----------------------------------------------------------------------------------------------------------------

struct Tapped {
    std::string sent, tail;
    std::optional<ErrorCode> failure;
    Facts facts;
};

std::vector<size_t> no_cuts() { return {}; }

Tapped run_tap(const Recording& r, bool wants_usage, const std::vector<size_t>& cuts,
               const Dialect& dialect = dialect::openai_chat()) {
    Envelope envelope;
    if (dialect.family() == Family::openai_completions) envelope.operation = Operation::completion;
    envelope.stream = r.stream;
    envelope.wants_usage = wants_usage;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto tap = dialect.tap(terms);
    Tapped out;
    const auto gather = [&](const Result<std::vector<std::string_view>>& pieces) {
        if (!pieces)
            out.failure = pieces.error().code();
        else
            for (const auto p : *pieces) out.sent += p;
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
    if (!out.failure) {
        Usage ours;
        ours.estimated = true;
        const Usage usage = out.facts.usage.value_or(ours);
        const Receipt receipt = ledger::ReceiptMint::test(cost);
        out.tail = tap->finish({usage, receipt});
    }
    return out;
}

std::string describe(const Facts& f) {
    return fmt::format("{}{}{}{} stop {} usage {}/{} bytes {} error {}", f.content, f.terminal, f.finished,
                       f.empty_output, static_cast<int>(f.stop), f.usage ? f.usage->input_total() : -1,
                       f.usage ? f.usage->output_total() : -1, f.delivered.bytes,
                       f.error ? static_cast<int>(f.error->code()) : -1);
}

// ---- what the bytes should become, derived without the tap
// -------------------------------------------------------------------

void replace_at(std::string& s, std::string_view slice_of, std::string_view slice, std::string_view with) {
    s.replace(static_cast<size_t>(slice.data() - slice_of.data()), slice.size(), with);
}

/// One JSON text with the written splices: later positions first.
std::string patched(std::string_view json, bool with_cost, bool& believable) {
    const auto doc = JsonDoc::parse(json);
    std::string out(json);
    const JsonRef usage = doc->root()["usage"], model = doc->root()["model"];
    believable = canon::openai::usage_of(usage).has_value();
    std::map<size_t, std::pair<size_t, std::string>> cuts;
    if (model.is_string()) cuts[doc->offset(model.raw())] = {model.raw().size(), json_string(public_model)};
    if (with_cost && usage.is_object()) {
        if (const JsonRef c = usage["cost"])
            cuts[doc->offset(c.raw())] = {c.raw().size(), "0.123456789"};
        else
            cuts[doc->offset(usage.raw()) + 1] = {0, usage.size() ? "\"cost\":0.123456789," : "\"cost\":0.123456789"};
    }
    for (auto it = cuts.rbegin(); it != cuts.rend(); ++it) out.replace(it->first, it->second.first, it->second.second);
    return out;
}

/// Splits at blank lines; the test's own way.
std::vector<std::string> events_of(std::string_view s) {
    std::vector<std::string> out;
    size_t from = 0;
    for (size_t i = 0; i < s.size(); ++i) {
        const bool lf = s.substr(i).starts_with("\n\n"), crlf = s.substr(i).starts_with("\r\n\r\n");
        if (!lf && !crlf) continue;
        i += lf ? 2 : 4;
        out.emplace_back(s.substr(from, i - from));
        from = i--;
    }
    if (from < s.size()) out.emplace_back(s.substr(from));
    return out;
}

/// The data of an event of one data line.
std::string_view data_of(std::string_view event) {
    const size_t at = event.starts_with("data:") ? 0 : event.find("\ndata:") + 1;
    if (!event.substr(at).starts_with("data:")) return {};
    std::string_view d = event.substr(at + 5);
    d = d.substr(0, d.find_first_of("\r\n"));
    if (d.starts_with(' ')) d.remove_prefix(1);
    while (d.ends_with(' ')) d.remove_suffix(1);
    return d;
}

/// The tap's whole output against the recorded stream, event by event.
void compare_stream(const Recording& r, const Tapped& t, bool wants_usage) {
    auto expected = events_of(r.response);
    auto got = events_of(t.sent + t.tail);
    size_t k = 0;
    bool usage_told = false;
    for (const std::string& event : expected) {
        const auto data = data_of(event);
        if (data == "[DONE]") break;
        if (data.empty()) {
            ASSERT_LT(k, got.size());
            ASSERT_EQ(got[k++], event);
            continue;
        }
        const auto doc = JsonDoc::parse(data);
        ASSERT_TRUE(doc.ok()) << data;
        const bool usage_only = doc->root()["usage"].is_object() && doc->root()["choices"].size() == 0;
        if (usage_only && !wants_usage) continue;
        ASSERT_LT(k, got.size()) << data;
        bool believable = false;
        std::string plain = event, priced = event;
        replace_at(plain, event, data, patched(data, false, believable));
        replace_at(priced, event, data, patched(data, true, believable));
        // What is left at the end of a recording lacks its blank line; the tap adds it.
        if (&event == &expected.back() && !event.ends_with("\n\n") && !event.ends_with("\r\n\r\n")) {
            plain += got[k].substr(std::min(plain.size(), got[k].size()));
            priced += got[k].substr(std::min(priced.size(), got[k].size()));
        }
        const bool held = t.tail.find(got[k]) != std::string::npos && t.sent.find(got[k]) == std::string::npos;
        usage_told |= held && doc->root()["usage"].is_object();
        ASSERT_TRUE(got[k] == plain || got[k] == priced) << "was " << event << "\nis  " << got[k];
        if (usage_only) {
            ASSERT_EQ(got[k], priced);
        }
        ++k;
    }
    if (wants_usage && !usage_told) ++k;
    ASSERT_EQ(k + 1, got.size());
    EXPECT_EQ(data_of(got[k]), "[DONE]");
    EXPECT_EQ(t.sent.find("[DONE]"), std::string::npos);
}

void compare_body(const Recording& r, const Tapped& t) {
    EXPECT_TRUE(t.sent.empty());
    bool believable = false;
    const std::string priced = patched(r.response, true, believable);
    if (believable) {
        EXPECT_EQ(t.tail, priced);
    }
    EXPECT_TRUE(JsonDoc::parse(t.tail).ok());
}

// ---- the decoder
// --------------------------------------------------------------------------------------------------------------

/// All that a reply says, however it came: per choice the texts, the calls and the stop; the usage.
struct Said {
    std::map<std::pair<int, std::string>, std::string> parts;
    std::map<int, StopReason> stops;
    std::optional<Usage> usage;
    std::optional<ErrorCode> failure;
    bool operator==(const Said&) const = default;
};

void note(Said& s, const Event& e) {
    using Kind = Event::Kind;
    const auto add = [&](std::string name, std::string_view text) {
        if (!text.empty()) s.parts[{e.choice, std::move(name)}] += text;
    };
    switch (e.kind) {
        case Kind::text:
            return add("text", e.text);
        case Kind::reasoning:
            return add("reasoning", e.text);
        case Kind::refusal:
            return add("refusal", e.text);
        case Kind::tool_begin:
            add(fmt::format("call {} id", e.index), e.id);
            return add(fmt::format("call {} name", e.index), e.name);
        case Kind::tool_arguments:
            return add(fmt::format("call {} arguments", e.index), e.text);
        case Kind::finish:
            s.stops[e.choice] = e.stop;
            return;
        case Kind::usage:
            s.usage = e.usage;
            return;
        default:
            return;
    }
}

template <class Use>
Said decode(std::string_view bytes, bool stream, const std::vector<size_t>& cuts, Use use) {
    const auto decoder = provider::wire("openai-chat")->decoder(Operation::chat, stream);
    Said said;
    std::vector<Event> events;
    size_t from = 0;
    const auto take = [&](Status s) {
        for (const Event& e : events) {
            note(said, e);
            use(e);
        }
        events.clear();
        if (!s) said.failure = s.error().code();
        if (decoder->error()) said.failure = decoder->error()->code();
        return !said.failure;
    };
    bool going = true;
    for (size_t i = 0; going && i <= cuts.size(); ++i) {
        const size_t to = i < cuts.size() ? cuts[i] : bytes.size();
        const std::string piece(bytes.substr(from, to - from));
        going = take(decoder->feed(piece, events));
        from = to;
    }
    if (going) take(decoder->end(events));
    return said;
}
Said decode(std::string_view bytes, bool stream, const std::vector<size_t>& cuts) {
    return decode(bytes, stream, cuts, [](const Event&) {});
}

std::string rendered(const Recording& r, bool stream) {
    Envelope envelope;
    envelope.stream = stream;
    envelope.wants_usage = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto renderer = dialect::openai_chat().renderer(terms);
    std::string out;
    const Said said = decode(r.response, r.stream, {}, [&](const Event& e) { renderer->event(e, out); });
    const Usage usage = said.usage.value_or(Usage{});
    const Receipt receipt = ledger::ReceiptMint::test(cost);
    return out + renderer->finish({usage, receipt});
}

/// The dialect's own way to say the same: an empty argument list is {}, some words of servers mean tool_calls, every
/// choice ends.
Said as_rendered(Said s) {
    std::set<int> seen;
    for (const auto& [key, text] : s.parts) seen.insert(key.first);
    for (const auto& [choice, stop] : s.stops) seen.insert(choice);
    for (const int choice : seen) {
        bool calls = false;
        for (int i = 0; i < 1024 && s.parts.contains({choice, fmt::format("call {} name", i)}); ++i) {
            calls = true;
            s.parts.erase({choice, fmt::format("call {} id", i)});
            auto& arguments = s.parts[{choice, fmt::format("call {} arguments", i)}];
            if (arguments.empty()) arguments = "{}";
        }
        StopReason& stop = s.stops[choice];
        if (stop == StopReason::none || stop == StopReason::other || stop == StopReason::stop_sequence)
            stop = StopReason::end;
        if (stop == StopReason::refusal) stop = StopReason::content_filter;
        if (calls && stop == StopReason::end) stop = StopReason::tool_calls;
    }
    if (!s.usage) s.usage = Usage{};
    return s;
}

}  // namespace

TEST(RecordedReplies, tap_changes_nothing_but_the_written_splices) {
    AIG_NEED_RECORDINGS("openai_chat");
    int streams = 0, bodies = 0, failed_in_band = 0, refused = 0;
    for (const Recording& r : recordings::openai_chats()) {
        if (!is_reply(r)) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        for (const bool wants_usage : {true, false}) {
            const Tapped t = run_tap(r, wants_usage, no_cuts());
            if (known_truncated.contains(r.id) || known_empty.contains(r.id)) {
                EXPECT_EQ(t.failure,
                          known_empty.contains(r.id) ? ErrorCode::upstream_empty : ErrorCode::upstream_truncated);
                refused += wants_usage;
                continue;
            }
            if (t.facts.error && r.response.find("\"error\"") != std::string::npos) {
                failed_in_band += wants_usage;
                continue;
            }
            ASSERT_FALSE(t.failure) << error_row(*t.failure).name << ' ' << r.response.substr(0, 300);
            EXPECT_TRUE(t.facts.terminal && t.facts.content);
            r.stream ? compare_stream(r, t, wants_usage) : compare_body(r, t);
            (r.stream ? streams : bodies) += wants_usage;
        }
    }
    std::printf(
        "[          ] %d streams and %d bodies forwarded, %d in-band failures found, %d broken or empty streams "
        "refused\n",
        streams, bodies, failed_in_band, refused);
    EXPECT_GT(streams, 400);
    EXPECT_GT(bodies, 900);
}

TEST(RecordedReplies, decoder_and_tap_count_alike) {
    AIG_NEED_RECORDINGS("openai_chat");
    int seen = 0, with_usage = 0;
    for (const Recording& r : recordings::openai_chats()) {
        if (!is_reply(r)) continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        ++seen;
        const Tapped t = run_tap(r, false, no_cuts());
        const Said s = decode(r.response, r.stream, {});
        // The decoder only tells what came; that it was nothing is for its reader to judge.
        if (known_empty.contains(r.id) && !s.failure) {
            EXPECT_EQ(t.failure, ErrorCode::upstream_empty);
            continue;
        }
        EXPECT_EQ(s.failure, t.failure);
        EXPECT_EQ(s.usage, t.facts.usage);
        with_usage += s.usage.has_value();
        if (s.failure) continue;
        // The tap counts the transcript of audio, which the decoder hands on raw.
        if (r.response.find("\"transcript\"") != std::string::npos) continue;
        size_t bytes = 0;
        for (const auto& [key, text] : s.parts)
            if (key.second.find(" id") == std::string::npos) bytes += text.size();
        // Servers that repeat a call's name in each fragment count a little more.
        EXPECT_GE(t.facts.delivered.bytes, static_cast<int64_t>(bytes));
        EXPECT_LE(t.facts.delivered.bytes, static_cast<int64_t>(bytes) + 64);
        EXPECT_EQ(s.stops.contains(0) ? s.stops.at(0) : StopReason::none, t.facts.stop);
    }
    std::printf("[          ] %d replies, %d with usage\n", seen, with_usage);
}

TEST(RecordedReplies, streamed_and_whole_say_and_cost_the_same) {
    AIG_NEED_RECORDINGS("openai_chat");
    PriceCard card;
    for (size_t i = 0; i < fixed_components; ++i) card.pico[i] = 1'000'003 * static_cast<int64_t>(i + 1);
    int seen = 0;
    for (const Recording& r : recordings::openai_chats()) {
        const Said original = is_reply(r) ? decode(r.response, r.stream, {}) : Said{.failure = ErrorCode::internal};
        // Audio has no event of its own yet: it is handed on raw, and only to the same dialect.
        if (original.failure || two_in_one.contains(r.id) || (original.parts.empty() && original.stops.empty()))
            continue;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        ++seen;
        const std::string stream = rendered(r, true), whole = rendered(r, false);
        const Said from_stream = decode(stream, true, {}), from_whole = decode(whole, false, {});
        EXPECT_EQ(as_rendered(from_stream), as_rendered(original)) << stream.substr(0, 2000);
        EXPECT_EQ(as_rendered(from_whole), as_rendered(original)) << whole.substr(0, 2000);
        const auto price_of = [&](const Said& s) { return *price(card, s.usage.value_or(Usage{}), Ratio{21, 20}); };
        EXPECT_EQ(price_of(from_stream), price_of(original));
        EXPECT_EQ(price_of(from_whole), price_of(original));
    }
    std::printf("[          ] %d replies rendered as a stream and whole\n", seen);
    EXPECT_GT(seen, 1400);
}

TEST(RecordedReplies, however_the_bytes_are_cut) {
    AIG_NEED_RECORDINGS("openai_chat");
    std::mt19937 random(20260901);
    int streams = 0;
    int64_t runs = 0;
    for (const Recording& r : recordings::openai_chats()) {
        if (!is_reply(r) || !r.stream || r.response.size() < 2) continue;
        ++streams;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const Tapped whole = run_tap(r, true, {});
        const Said said = decode(r.response, true, {});
        for (const auto& cuts : recordings::cuts_of(r.response.size(), random)) {
            ++runs;
            const Tapped t = run_tap(r, true, cuts);
            ASSERT_EQ(t.sent + t.tail, whole.sent + whole.tail);
            ASSERT_EQ(t.failure, whole.failure);
            ASSERT_EQ(describe(t.facts), describe(whole.facts));
            if (runs % 8 == 0) {
                ASSERT_EQ(decode(r.response, true, cuts), said);
            }
        }
    }
    std::printf("[          ] %d streams, %lld cuts\n", streams, static_cast<long long>(runs));
    EXPECT_GT(streams, 400);
}

/// Text completions of every recorded provider that has them, lossless, however the bytes are cut.
TEST(RecordedReplies, text_completions) {
    AIG_NEED_RECORDINGS("openai_completions");
    std::mt19937 random(20261128);
    const Dialect& completions = dialect::openai_completions();
    int streams = 0, bodies = 0, unread = 0, empty = 0;
    for (const auto name : {"openai_completions", "azure_openai_completions", "huggingface_completions",
                            "local_completions", "together_completions", "openai_compat_completions"})
        recordings::each(name, [&](const Recording& r) {
            const auto doc = JsonDoc::parse(r.response);
            if (r.status != 200 || (doc && doc->root()["object"].text() == "chat.completion")) return;
            SCOPED_TRACE(r.provider + ' ' + r.id);
            for (const bool wants_usage : {true, false}) {
                const Tapped t = run_tap(r, wants_usage, no_cuts(), completions);
                // Writer streams {"value": ...} and no end: nobody's completions.
                if (r.response.starts_with("data: {\"value\"")) {
                    EXPECT_EQ(t.failure, ErrorCode::upstream_truncated);
                    unread += wants_usage;
                    continue;
                }
                ASSERT_FALSE(t.failure) << error_row(*t.failure).name << ' ' << r.response.substr(0, 300);
                EXPECT_TRUE(t.facts.terminal && t.facts.content);
                empty += wants_usage && t.facts.delivered.bytes == 0;
                r.stream ? compare_stream(r, t, wants_usage) : compare_body(r, t);
                (r.stream ? streams : bodies) += wants_usage;
                if (!r.stream) continue;
                for (const auto& cuts : recordings::cuts_of(r.response.size(), random)) {
                    const Tapped cut = run_tap(r, wants_usage, cuts, completions);
                    ASSERT_EQ(cut.sent + cut.tail, t.sent + t.tail);
                    ASSERT_EQ(describe(cut.facts), describe(t.facts));
                }
            }
        });
    EXPECT_GT(streams, 14);
    EXPECT_GT(bodies, 25);
    EXPECT_EQ(unread, 1);
    EXPECT_LT(empty, 8);
}

/// What recorded callers of text completions sent is understood, patched and said again.
TEST(RecordedReplies, text_completion_requests) {
    AIG_NEED_RECORDINGS("openai_completions");
    int seen = 0, as_chats = 0;
    for (const auto name : {"openai_completions", "azure_openai_completions", "huggingface_completions",
                            "local_completions", "together_completions", "openai_compat_completions"})
        recordings::each(name, [&](const Recording& r) {
            const auto doc = JsonDoc::parse(r.request);
            if (!doc || !doc->root()["prompt"] || r.status != 200) return;
            SCOPED_TRACE(r.provider + ' ' + r.id);
            const auto e = dialect::openai_completions().peek({Operation::completion, r.request});
            ASSERT_TRUE(e.ok()) << e.error().message();
            ++seen;
            const auto parsed = dialect::openai_completions().parse({Operation::completion, r.request});
            if (!parsed) {
                EXPECT_TRUE(e->needs & feature_fill_in) << r.request;
                return;
            }
            ++as_chats;
            Losses losses;
            const auto body = provider::wire("openai-chat")->encode(*parsed, {"m", 0, {}, false}, losses);
            ASSERT_TRUE(body.ok()) << body.error().message();
            const auto chat = JsonDoc::parse(body->body);
            EXPECT_FALSE(chat->root()["messages"].size() != 1) << body->body;
        });
    EXPECT_GT(seen, 40);
    EXPECT_GT(as_chats, 30);
}

TEST(RecordedReplies, embeddings) {
    AIG_NEED_RECORDINGS("openai_chat");
    int seen = 0;
    recordings::each("embeddings", [&](const Recording& r) {
        const auto doc = JsonDoc::parse(r.response);
        if (r.status != 200 || !doc || !doc->root()["data"].is_array()) return;
        ++seen;
        SCOPED_TRACE(r.provider + ' ' + r.id);
        Envelope envelope;
        envelope.operation = Operation::embedding;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.public_model = public_model;
        const auto tap = dialect::openai_chat().tap(terms);
        ASSERT_TRUE(tap->feed(r.response).ok());
        const auto end = tap->end();
        ASSERT_TRUE(end.ok()) << end.error().message();
        Usage ours;
        ours.estimated = true;
        const Usage usage = tap->facts().usage.value_or(ours);
        const Receipt receipt = ledger::ReceiptMint::test(cost);
        bool believable = false;
        const std::string expected = patched(r.response, true, believable), got = tap->finish({usage, receipt});
        if (believable) {
            EXPECT_EQ(got, expected);
        }

        const auto decoder = provider::wire("openai-chat")->decoder(Operation::embedding, false);
        std::vector<Event> events;
        ASSERT_TRUE(decoder->feed(r.response, events).ok());
        ASSERT_TRUE(decoder->end(events).ok());
        size_t vectors = 0;
        for (const Event& e : events) vectors += e.kind == Event::Kind::embedding;
        EXPECT_EQ(vectors, doc->root()["data"].size());
    });
    std::printf("[          ] %d embedding replies\n", seen);
    EXPECT_GT(seen, 50);
}
