// Every recorded reply of a Responses API decodes, whole and streamed, says what its final response says, and says the
// same however its bytes are cut.
#include <fmt/format.h>

#include <map>
#include <random>

#include "provider/openai_responses/openai_responses.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

constexpr std::array files{"openai_responses",         "xai_responses",          "azure_ai_responses",
                           "azure_openai_responses",   "copilot_responses",      "openrouter_responses",
                           "chatgpt_codex_responses",  "local_responses",        "deepseek_responses",
                           "bedrock_openai_responses", "openai_compat_responses"};

/// All that a reply said: texts joined by kind (cuts between pieces are not part of the meaning), usage, stop.
struct Said {
    std::string order;                  ///< kind and index of each event, repeats folded
    std::array<std::string, 20> texts;  ///< by kind
    std::optional<Usage> usage;
    StopReason stop = StopReason::none;
    bool terminal = false, failed_in_band = false;
    std::optional<ErrorCode> failure;
    bool operator==(const Said&) const = default;
    const std::string& text(Event::Kind kind) const { return texts[static_cast<size_t>(kind)]; }
};

void note(Said& said, const Event& e) {
    const char kind = static_cast<char>('a' + static_cast<int>(e.kind)), index = static_cast<char>('0' + e.index);
    const size_t n = said.order.size();
    if (n < 2 || said.order[n - 2] != kind || said.order[n - 1] != index) {
        said.order += kind;
        said.order += index;
    }
    std::string& text = said.texts[static_cast<size_t>(e.kind)];
    text += e.text;
    if (e.kind != Event::Kind::reasoning && e.kind != Event::Kind::state) text += e.id, text += e.name, text += e.raw;
    if (e.kind == Event::Kind::usage) said.usage = e.usage;
    if (e.kind == Event::Kind::finish) said.stop = e.stop;
}

Said decode(std::string_view bytes, bool stream, const std::vector<size_t>& cuts) {
    auto decoder = provider::openai_responses_wire().decoder(Operation::chat, stream);
    Said said;
    std::vector<Event> out;
    size_t from = 0;
    const auto feed = [&](std::string_view piece) {
        // A copy of its own size, so that a read past the piece or a view kept too long is caught.
        const std::string own(piece);
        auto s = decoder->feed(own, out);
        for (const Event& e : out) note(said, e);
        out.clear();
        if (!s) said.failure = s.error().code();
        return s.ok();
    };
    bool ok = true;
    for (const size_t cut : cuts) {
        if (!ok) break;
        ok = feed(bytes.substr(from, cut - from));
        from = cut;
    }
    if (ok) ok = feed(bytes.substr(from));
    if (ok) {
        auto s = decoder->end(out);
        for (const Event& e : out) note(said, e);
        if (!s) said.failure = s.error().code();
    }
    said.terminal = decoder->terminal();
    said.failed_in_band = decoder->error().has_value();
    return said;
}

/// Rebuilt by its recorder from several replies in one: what follows the first is nobody's.
bool is_many(const Recording& r) { return r.id == "499b0ca74d3078a8"; }
/// Creations only: what a cancel answers is no reply of a model.
bool is_reply(const Recording& r) {
    return r.status == 200 && !r.base64 && !r.request.empty() && r.path.find("/cancel") == std::string::npos &&
           r.path.find("/resp_") == std::string::npos;
}
bool is_candidate(const Recording& r) {
    if (is_many(r)) return false;
    return is_reply(r) || (r.status == 200 && r.fidelity == "reconstructed");
}

/// The response object itself, or the one in the last event of a stream; its items as the stream's item events give
/// them where the last event leaves them out.
struct Final {
    JsonDoc doc;
    bool streamed = false;
    JsonRef response() const { return streamed ? doc.root()["response"] : doc.root(); }
    std::vector<JsonDoc> done;  ///< events of finished items
};
std::optional<Final> final_of(const Recording& r) {
    Final f;
    f.streamed = r.stream;
    if (!r.stream) {
        auto doc = JsonDoc::parse(r.response);
        if (!doc) return {};
        f.doc = *std::move(doc);
        return f;
    }
    size_t at = 0;
    while (at < r.response.size()) {
        const size_t end = std::min(r.response.find('\n', at), r.response.size());
        const std::string_view line = std::string_view(r.response).substr(at, end - at);
        at = end + 1;
        if (!line.starts_with("data:")) continue;
        auto doc = JsonDoc::parse(line.substr(5));
        if (!doc) continue;
        if (doc->root()["type"].text() == "response.output_item.done")
            f.done.push_back(*std::move(doc));
        else if (doc->root()["response"]["usage"])
            f.doc = *std::move(doc);
    }
    return f;
}

struct Expected {
    std::string text, refusal, arguments, names, sealed;
};
void expect_item(Expected& x, JsonRef item) {
    const auto type = item["type"].text();
    for (const JsonRef p : item["content"]) {
        if (p["type"].text() == "output_text") x.text += p["text"].text();
        x.refusal += p["refusal"].text();
    }
    if (type == "function_call") x.arguments += item["arguments"].text();
    if (type == "custom_tool_call") x.arguments += item["input"].text();
    if (type == "function_call" || type == "custom_tool_call") {
        x.names += item["call_id"].text();
        x.names += item["name"].text();
    }
    if (type == "reasoning") x.sealed += item["encrypted_content"].text();
}
}  // namespace

TEST(ResponsesWireRecordings, every_reply_decodes_to_what_its_final_response_says) {
    AIG_NEED_RECORDINGS("openai_responses");
    int replies = 0, streams = 0, unusable = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_candidate(r)) return;
            const auto f = final_of(r);
            ASSERT_TRUE(f) << file << " " << r.id;
            const Said s = decode(r.response, r.stream, {});
            if (r.response.find("\"response.failed\"") != std::string::npos) {
                EXPECT_TRUE(s.failed_in_band) << r.id;
                return;
            }
            ++replies;
            streams += r.stream;
            EXPECT_TRUE(s.terminal) << file << " " << r.id << (s.failure ? error_row(*s.failure).name : "");
            EXPECT_NE(s.stop, StopReason::none) << r.id;
            EXPECT_NE(s.stop, StopReason::other) << r.id;
            Expected x;
            if (f->done.empty())
                for (const JsonRef item : f->response()["output"]) expect_item(x, item);
            for (const JsonDoc& event : f->done) expect_item(x, event.root()["item"]);
            EXPECT_EQ(s.text(Event::Kind::text), x.text) << file << " " << r.id;
            EXPECT_EQ(s.text(Event::Kind::refusal), x.refusal) << file << " " << r.id;
            EXPECT_EQ(s.text(Event::Kind::tool_arguments), x.arguments) << file << " " << r.id;
            EXPECT_EQ(s.text(Event::Kind::tool_begin), x.names) << file << " " << r.id;
            EXPECT_EQ(s.text(Event::Kind::state), x.sealed) << file << " " << r.id;
            const JsonRef usage = f->response()["usage"];
            if (!s.usage) {
                // One recording counts minus nine output tokens.
                EXPECT_LT(usage["output_tokens"].integer().value_or(0), 0) << file << " " << r.id;
                ++unusable;
                return;
            }
            EXPECT_EQ(s.usage->input_total(), usage["input_tokens"].integer()) << file << " " << r.id;
            EXPECT_EQ(s.usage->output_total(), usage["output_tokens"].integer()) << file << " " << r.id;
        });
    EXPECT_GT(replies, 550);
    EXPECT_GT(streams, 160);
    EXPECT_LE(unusable, 1);
}

TEST(ResponsesWireRecordings, error_replies_have_a_meaning) {
    AIG_NEED_RECORDINGS("openai_responses");
    std::map<std::string, int> codes;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (r.status == 200) return;
            ++codes[fmt::format("{} {}", r.status,
                                provider::openai_responses_wire().error(r.status, r.response).row().name)];
        });
    EXPECT_EQ(codes["401 upstream_auth"], 9);
    EXPECT_EQ(codes["400 context_too_long"], 1);
    EXPECT_GE(codes["400 upstream_model_missing"], 5);
    EXPECT_GE(codes["400 upstream_rejected"], 4);
    for (const auto& [code, n] : codes) EXPECT_NE(code.substr(4), "internal") << n;
}

/// One byte at a time for all. Two pieces: every 32nd place of short streams, each from its own phase on, and 4 random
/// places of long ones; AIG_TEST_SCALE multiplies (32 = every place).
TEST(ResponsesWireRecordings, cuts_change_nothing) {
    AIG_NEED_RECORDINGS("openai_responses");
    const char* scale = std::getenv("AIG_TEST_SCALE");
    const size_t times = std::clamp<size_t>(scale ? std::strtoul(scale, nullptr, 10) : 1, 1, 32), step = 32 / times;
    std::mt19937 random(20261128);
    int streams = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_candidate(r) || !r.stream) return;
            ++streams;
            const Said whole = decode(r.response, true, {});
            std::vector<size_t> every;
            // Long streams by the byte only on a share of them: half a megabyte is half a million calls.
            const size_t stride = r.response.size() > 64 * 1024 && streams % 8 ? 13 : 1;
            for (size_t i = 1; i < r.response.size(); i += stride) every.push_back(i);
            ASSERT_EQ(decode(r.response, true, every), whole) << r.id;
            const size_t cuts = r.response.size() <= 4096 ? r.response.size() / step : 4 * times;
            for (size_t i = 0; i < cuts; ++i) {
                const size_t cut = 1 + random() % (r.response.size() - 1);
                ASSERT_EQ(decode(r.response, true, {cut}), whole) << r.id << " " << cut;
            }
        });
    EXPECT_GT(streams, 160);
}

/// The final response of a recorded stream, read as a whole reply, must say and bill what the stream did.
TEST(ResponsesWireRecordings, buffered_says_and_bills_like_streamed) {
    AIG_NEED_RECORDINGS("openai_responses");
    int compared = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_candidate(r) || !r.stream) return;
            const auto f = final_of(r);
            if (!f->response()["output"].size() || f->response()["output"].size() != f->done.size()) return;
            const Said streamed = decode(r.response, true, {}), whole = decode(f->response().raw(), false, {});
            ASSERT_TRUE(whole.terminal) << r.id;
            EXPECT_EQ(whole.usage, streamed.usage) << r.id;
            EXPECT_EQ(whole.stop, streamed.stop) << r.id;
            for (const auto kind : {Event::Kind::text, Event::Kind::refusal, Event::Kind::tool_begin,
                                    Event::Kind::tool_arguments, Event::Kind::reasoning, Event::Kind::annotation})
                EXPECT_EQ(whole.text(kind), streamed.text(kind)) << file << " " << r.id;
            ++compared;
        });
    EXPECT_GT(compared, 140);
}
