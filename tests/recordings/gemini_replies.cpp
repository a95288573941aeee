// Every recorded exchange of Gemini's, on AI Studio and on Vertex AI, through the tap (bytes), the decoder (events),
// the renderer and the automaton: nothing but the written splices differs, all count alike, and nothing depends on how
// the bytes were cut.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "canon/gemini/shape.h"
#include "cuts.h"
#include "dialect/registry.h"
#include "dialect/testing/gemini_grammar.h"
#include "dialect/testing/receipts.h"
#include "openai_chats.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

constexpr std::string_view public_model = "public/\"model\"";
constexpr auto files = {"gemini_generate", "vertex_generate"};

/// No reply of this kind, or a stream without its end: counts, and hand-made cases of an SDK's own tests.
const std::set<std::string> broken = {"34f27b6e27da5844", "ef432f267ab6d53a", "bea41960d6cb1239"};
/// No output, and a finish that is blank or a plain STOP without a token: nothing anybody should pay for.
const std::set<std::string> empty = {"ae0af6d2d67dbdee", "8c159236ecda68b6", "d6e99933f0c30ae9"};
/// Nothing but a function call that the provider itself could not read.
const std::set<std::string> unreadable_call = {"3d31e83d8e0fbfc7", "483682aa6a1d5eb4", "955e788a6cd99ed7"};

bool is_reply(const Recording& r) { return r.status == 200; }

template <class Use>
int each_reply(Use use) {
    int n = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_reply(r)) return;
            SCOPED_TRACE(std::string(file) + ' ' + r.id);
            use(r);
            ++n;
        });
    return n;
}

// ---- the tap
// ----------------------------------------------------------------------------------------------------------------

struct Tapped {
    std::string sent, tail;
    std::optional<ErrorCode> failure;
    Facts facts;
};

Tapped run_tap(const Recording& r, const std::vector<size_t>& cuts, bool sse = true) {
    Envelope envelope;
    envelope.stream = r.stream;
    envelope.sse = sse;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto tap = dialect::gemini().tap(terms);
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
        const Receipt receipt = ledger::ReceiptMint::test(123'456'789);
        out.tail = tap->finish({usage, receipt});
    }
    return out;
}

/// The chunks of a reply, in the test's own way.
std::vector<std::string> chunks_of(std::string_view s) {
    std::vector<std::string> out;
    const size_t first = s.find_first_not_of(" \r\n\t");
    if (first == std::string_view::npos) return out;
    if (s[first] == '[') {
        const auto doc = JsonDoc::parse(s);
        if (doc)
            for (const JsonRef c : doc->root()) out.emplace_back(c.raw());
        return out;
    }
    for (size_t at = 0; at < s.size();) {
        const size_t end = std::min(s.find('\n', at), s.size());
        std::string_view line = s.substr(at, end - at);
        at = end + 1;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.starts_with("data:")) continue;
        line.remove_prefix(5);
        while (line.starts_with(' ')) line.remove_prefix(1);
        out.emplace_back(line);
    }
    return out;
}

/// The written splices undone: cost taken out, the model put back.
std::string undone(std::string chunk, std::string_view original) {
    const auto drop = [&](std::string_view what) {
        if (const size_t at = chunk.find(what); at != std::string::npos) chunk.erase(at, what.size());
    };
    drop(R"("cost":0.123456789,)");
    const auto doc = JsonDoc::parse(original);
    const JsonRef model = doc->root()["modelVersion"];
    const std::string shown = json_string(public_model);
    if (const size_t at = chunk.find(shown); model && at != std::string::npos)
        chunk.replace(at, shown.size(), model.raw());
    return chunk;
}

// ---- the decoder
// --------------------------------------------------------------------------------------------------------------

/// All that a reply says, however it came.
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
        case Kind::refusal:
            return add("text", e.text);
        case Kind::reasoning:
            return add("reasoning", e.text);
        case Kind::state:
            return add("state", e.text);
        case Kind::media:
            return add("media", e.text);
        case Kind::tool_begin:
            return add(fmt::format("call {} name", e.index), e.name);
        case Kind::tool_arguments: {
            // White space between tokens may change where a chunk must be one line.
            std::string tight(e.text);
            std::erase_if(tight, [](char c) { return c == ' ' || c == '\n' || c == '\r'; });
            return add(fmt::format("call {} arguments", e.index), tight);
        }
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
Said decode(std::string_view wire, std::string_view bytes, bool stream, const std::vector<size_t>& cuts, Use use) {
    const auto decoder = provider::wire(wire)->decoder(Operation::chat, stream);
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
Said decode(const Recording& r, const std::vector<size_t>& cuts = {}) {
    return decode("gemini", r.response, r.stream, cuts, [](const Event&) {});
}

enum class Form { events, array, whole };

std::string rendered(std::string_view wire, const Recording& r, Form form, Said& said) {
    Envelope envelope;
    envelope.stream = form != Form::whole;
    envelope.sse = form == Form::events;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = public_model;
    terms.request_id = "req_1";
    const auto renderer = dialect::gemini().renderer(terms);
    std::string out;
    said = decode(wire, r.response, r.stream, {}, [&](const Event& e) { renderer->event(e, out); });
    const Usage usage = said.usage.value_or(Usage{});
    const Receipt receipt = ledger::ReceiptMint::test(1);
    return out + renderer->finish({usage, receipt});
}

std::string verdict(const std::string& bytes, Form form) {
    return form == Form::whole ? dialect::testing::judge_gemini_body(bytes)
                               : dialect::testing::judge_gemini_stream(bytes).fault;
}

}  // namespace

TEST(GeminiRecordings, tap_changes_nothing_but_the_written_splices) {
    AIG_NEED_RECORDINGS("gemini_generate");
    int streams = 0, bodies = 0, refused = 0;
    each_reply([&](const Recording& r) {
        const Tapped t = run_tap(r, {});
        if (broken.contains(r.id) || empty.contains(r.id)) {
            EXPECT_TRUE(t.failure);
            ++refused;
            return;
        }
        ASSERT_FALSE(t.failure) << error_row(*t.failure).name << ' ' << r.response.substr(0, 300);
        EXPECT_TRUE(t.facts.terminal && t.facts.content);
        if (!r.stream) {
            EXPECT_TRUE(t.sent.empty());
            if (t.facts.usage) {
                EXPECT_EQ(undone(t.tail, r.response), r.response);
            }
            ++bodies;
            return;
        }
        const auto expected = chunks_of(r.response), got = chunks_of(t.sent + t.tail);
        ASSERT_EQ(got.size(), expected.size());
        const bool array = r.response[r.response.find_first_not_of(" \r\n")] == '[';
        for (size_t i = 0; i < got.size(); ++i) {
            if (array || (!t.facts.usage && i + 1 == got.size())) continue;
            EXPECT_EQ(undone(got[i], expected[i]), expected[i]);
        }
        // Framing and all, for the recordings that kept it.
        if (!array && r.verbatim() && t.facts.usage) {
            std::string all = t.sent + t.tail;
            for (const auto& c : got)
                if (const size_t at = all.find(c); at != std::string::npos)
                    all.replace(at, c.size(), expected[static_cast<size_t>(&c - got.data())]);
            EXPECT_EQ(all, r.response);
        }
        ++streams;
    });
    std::printf("[          ] %d streams and %d bodies forwarded, %d refused\n", streams, bodies, refused);
    EXPECT_GT(streams, 150);
    EXPECT_GT(bodies, 380);
}

TEST(GeminiRecordings, both_forms_of_a_stream_have_the_same_chunks) {
    AIG_NEED_RECORDINGS("gemini_generate");
    each_reply([&](const Recording& r) {
        if (!r.stream || broken.contains(r.id)) return;
        const Tapped events = run_tap(r, {}, true), array = run_tap(r, {}, false);
        const auto a = chunks_of(events.sent + events.tail), b = chunks_of(array.sent + array.tail);
        ASSERT_EQ(a.size(), b.size());
        // Line ends between tokens of an array's chunk become spaces where it must be one line.
        for (size_t i = 0; i < a.size(); ++i) {
            std::string flat = b[i];
            for (char& c : flat)
                if (c == '\n' || c == '\r') c = ' ';
            EXPECT_EQ(a[i], flat);
        }
    });
}

TEST(GeminiRecordings, decoder_and_tap_count_alike) {
    AIG_NEED_RECORDINGS("gemini_generate");
    int with_usage = 0;
    const int seen = each_reply([&](const Recording& r) {
        const Tapped t = run_tap(r, {});
        const Said s = decode(r);
        with_usage += s.usage.has_value();
        EXPECT_EQ(s.usage, t.facts.usage);
        if (unreadable_call.contains(r.id)) {
            EXPECT_EQ(s.failure, ErrorCode::upstream_error);
            return;
        }
        // The decoder only tells what came; that it was nothing is for its reader to judge.
        if (empty.contains(r.id)) {
            EXPECT_EQ(t.failure, ErrorCode::upstream_empty);
            return;
        }
        EXPECT_EQ(s.failure, t.failure);
        if (s.failure) return;
        EXPECT_EQ(s.stops.contains(0) ? s.stops.at(0) : StopReason::none, t.facts.stop);
    });
    std::printf("[          ] %d replies, %d with usage\n", seen, with_usage);
    EXPECT_GT(with_usage, 540);
}

TEST(GeminiRecordings, the_automaton_accepts_every_complete_stream) {
    AIG_NEED_RECORDINGS("gemini_generate");
    int judged = 0;
    each_reply([&](const Recording& r) {
        if (broken.contains(r.id) || !r.stream) return;
        const auto v = dialect::testing::judge_gemini_stream(r.response, false);
        EXPECT_EQ(v.fault, "");
        EXPECT_TRUE(v.complete);
        ++judged;
    });
    EXPECT_GT(judged, 150);
}

TEST(GeminiRecordings, however_the_bytes_are_cut) {
    AIG_NEED_RECORDINGS("gemini_generate");
    std::mt19937 random(20261128);
    int streams = 0;
    each_reply([&](const Recording& r) {
        if (!r.stream || r.response.size() < 2) return;
        ++streams;
        const Tapped whole = run_tap(r, {});
        const Said said = decode(r);
        for (const auto& cuts : recordings::cuts_of(r.response.size(), random, 8)) {
            const Tapped t = run_tap(r, cuts);
            ASSERT_EQ(t.sent + t.tail, whole.sent + whole.tail);
            ASSERT_EQ(t.failure, whole.failure);
            ASSERT_EQ(t.facts.usage, whole.facts.usage);
            ASSERT_EQ(decode(r, cuts), said);
        }
    });
    EXPECT_GT(streams, 150);
}

/// Our own rendering is legal, says what the reply said and costs the same, streamed and whole.
TEST(GeminiRecordings, rendered_again_they_say_and_cost_the_same) {
    AIG_NEED_RECORDINGS("gemini_generate");
    int seen = 0;
    each_reply([&](const Recording& r) {
        if (broken.contains(r.id) || unreadable_call.contains(r.id)) return;
        for (const Form form : {Form::events, Form::array, Form::whole}) {
            Said original;
            const std::string out = rendered("gemini", r, form, original);
            ASSERT_EQ(verdict(out, form), "") << out.substr(0, 2000);
            const Said again = decode("gemini", out, form != Form::whole, {}, [](const Event&) {});
            EXPECT_EQ(again.parts, original.parts) << out.substr(0, 2000);
            EXPECT_EQ(again.usage.value_or(Usage{}), original.usage.value_or(Usage{}));
        }
        ++seen;
    });
    EXPECT_GT(seen, 540);
}

TEST(GeminiRecordings, replies_of_other_families_become_legal_gemini_replies) {
    AIG_NEED_RECORDINGS("openai_chat");
    int seen = 0;
    const auto check = [&](std::string_view wire, const Recording& r) {
        if (r.status != 200) return;
        for (const Form form : {Form::events, Form::array, Form::whole}) {
            Said original;
            const std::string out = rendered(wire, r, form, original);
            if (original.failure) return;
            ASSERT_EQ(verdict(out, form), "") << r.id << ' ' << out.substr(0, 2000);
            const Said again = decode("gemini", out, form != Form::whole, {}, [](const Event&) {});
            // Without any output there is nothing that could be said again.
            for (const auto name : {"text", "reasoning"})
                if (original.parts.contains({0, name})) {
                    const auto at = again.parts.find({0, name});
                    ASSERT_NE(at, again.parts.end()) << r.id;
                    EXPECT_EQ(at->second, original.parts.at({0, name})) << r.id;
                }
            if (original.usage && original.usage->sane()) {
                EXPECT_EQ(again.usage->input_total(), original.usage->input_total()) << r.id;
                EXPECT_EQ(again.usage->output_total(), original.usage->output_total()) << r.id;
            }
        }
        ++seen;
    };
    for (const Recording& r : recordings::openai_chats()) check("openai-chat", r);
    recordings::each("anthropic_messages", [&](const Recording& r) { check("anthropic", r); });
    std::printf("[          ] %d replies\n", seen);
    EXPECT_GT(seen, 1'900);
}

TEST(GeminiRecordings, error_replies_have_a_meaning) {
    AIG_NEED_RECORDINGS("gemini_generate");
    std::map<std::string, int> codes;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (r.status == 200) return;
            const Error e = provider::wire("gemini")->error(r.status, r.response);
            // A prompt that is too long has words of ours.
            const bool own_words = e.code() == ErrorCode::context_too_long;
            if (!own_words && r.response.find("\"message\"") != std::string::npos) {
                EXPECT_FALSE(e.message().empty()) << r.response.substr(0, 300);
            }
            ++codes[fmt::format("{} {}", r.status, e.row().name)];
        });
    for (const auto& [code, n] : codes) std::printf("[          ] %s: %d\n", code.c_str(), n);
    EXPECT_EQ(codes["404 upstream_model_missing"], 13);
    EXPECT_EQ(codes["401 upstream_auth"], 1);
}

TEST(GeminiRecordings, embeddings_decode) {
    AIG_NEED_RECORDINGS("embeddings");
    int seen = 0;
    recordings::each("embeddings", [&](const Recording& r) {
        if ((r.provider != "gemini" && r.provider != "vertex") || r.status != 200) return;
        const auto decoder = provider::wire("gemini")->decoder(Operation::embedding, false);
        std::vector<Event> events;
        ASSERT_TRUE(decoder->feed(r.response, events).ok());
        ASSERT_TRUE(decoder->end(events).ok()) << r.id;
        int vectors = 0;
        for (const Event& e : events) vectors += e.kind == Event::Kind::embedding;
        EXPECT_GT(vectors, 0) << r.id;
        ++seen;
    });
    EXPECT_GE(seen, 10);
}

// ---- requests
// -----------------------------------------------------------------------------------------------------------------

TEST(GeminiRecordings, requests_are_understood_and_pass_unchanged) {
    AIG_NEED_RECORDINGS("gemini_generate");
    int seen = 0, elsewhere = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            const auto doc = JsonDoc::parse(r.request);
            if (r.status != 200 || !doc || !doc->root().is_object()) return;
            SCOPED_TRACE(r.id + ' ' + r.request.substr(0, 500));
            const Incoming in{.body = r.request, .model = "m", .stream = r.stream};
            const auto e = dialect::gemini().peek(in);
            // An SDK's tests of its own mistakes aside, what Google took is taken here.
            ASSERT_TRUE(e.ok()) << e.error().message();
            const auto spliced = dialect::gemini().splice(r.request, *e, {.model = "other"});
            ASSERT_TRUE(spliced.ok());
            std::string body;
            for (const auto p : spliced->pieces) body += p;
            if (!doc->root()["model"]) {
                EXPECT_EQ(body, r.request);
            }
            const auto parsed = dialect::gemini().parse(in);
            if (!parsed) {
                EXPECT_EQ(parsed.error().param(), "cachedContent");
                return;
            }
            ++seen;
            for (const auto wire : {"gemini", "openai-chat", "anthropic"}) {
                Losses losses;
                const auto encoded = provider::wire(wire)->encode(*parsed, {"target", 0, {}}, losses);
                if (!encoded) {
                    EXPECT_NE(std::string_view(wire), "gemini") << encoded.error().message();
                    EXPECT_EQ(encoded.error().row().fault, Fault::caller);
                    continue;
                }
                EXPECT_TRUE(JsonDoc::parse(encoded->body).ok());
                elsewhere += std::string_view(wire) != "gemini";
            }
        });
    std::printf("[          ] %d requests, %d translations\n", seen, elsewhere);
    EXPECT_GT(seen, 450);
    EXPECT_GT(elsewhere, 700);
}
