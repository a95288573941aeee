// Every recorded reply of the wires that are not OpenAI's or Anthropic's own, through its decoder: it decodes, it says
// the same however its bytes were cut, and it counts what the reply itself says it used (read here by the test's own
// few lines).
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "cuts.h"
#include "provider/base64.h"
#include "provider/registry.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

struct Stratum {
    std::string_view file, wire;
    Operation operation;
    std::string_view path_has;
    int least;  ///< replies there must be
};
const Stratum strata[] = {
    {"bedrock_converse", "bedrock", Operation::chat, "/converse", 150},
    {"bedrock_invoke", "bedrock-invoke", Operation::chat, "anthropic", 55},
    {"vertex_anthropic", "vertex-anthropic", Operation::chat, "awPredict", 20},
    {"cohere_chat", "cohere", Operation::chat, "/v2/chat", 60},
    {"mistral_chat", "mistral", Operation::chat, "/chat/completions", 130},
    {"ollama", "ollama", Operation::chat, "/api/chat", 24},
    {"embeddings", "cohere", Operation::embedding, "/v2/embed", 6},
};

std::string bytes_of(const Recording& r) {
    std::string_view text = r.response;
    if (text.starts_with("base64:")) text.remove_prefix(7);
    const bool binary = r.base64 || r.response.starts_with("base64:");
    return binary ? provider::base64_bytes(text).value_or("") : r.response;
}

/// Recordings that are no replies of the API: hand-made bodies that only a recorder's own tests understand.
bool is_reply(const Stratum& s, const Recording& r) {
    if (r.status != 200 || r.path.find(s.path_has) == std::string::npos) return false;
    if (s.wire == "ollama") return r.response.find("\"choices\"") == std::string::npos;
    // Claude before Messages had another body and another reply.
    if (s.wire == "bedrock-invoke")
        return r.request.find("\"messages\"") != std::string::npos && !r.response.starts_with("{\"completion\"");
    if (s.operation == Operation::embedding) return r.provider == "cohere";
    return true;
}

struct Said {
    std::map<std::string, std::string> parts;
    std::vector<std::string> states;
    StopReason stop = StopReason::none;
    std::optional<Usage> usage;
    std::optional<ErrorCode> failure;
    std::string why;
    int vectors = 0;
    bool operator==(const Said&) const = default;
};

void note(Said& s, const Event& e) {
    using Kind = Event::Kind;
    switch (e.kind) {
        case Kind::text:
        case Kind::refusal:
            s.parts["text"] += e.text;
            return;
        case Kind::reasoning:
            s.parts["reasoning"] += e.text;
            return;
        case Kind::state:
            s.states.push_back(std::string(e.name) + ' ' + std::string(e.text));
            return;
        case Kind::tool_begin:
            s.parts[fmt::format("call {}", e.index)] = std::string(e.id) + ' ' + std::string(e.name) + ' ';
            return;
        case Kind::tool_arguments:
            s.parts[fmt::format("call {}", e.index)] += e.text;
            return;
        case Kind::media:
        case Kind::block:
        case Kind::extra:
            s.parts["other"] += std::string(e.name) + ' ' + std::string(e.raw) + std::string(e.text);
            return;
        case Kind::embedding:
            ++s.vectors;
            return;
        case Kind::finish:
            s.stop = e.stop;
            return;
        case Kind::usage:
            s.usage = e.usage;
            return;
        default:
            return;
    }
}

Said decode(const Stratum& stratum, std::string_view bytes, bool stream, const std::vector<size_t>& cuts) {
    const auto decoder = provider::wire(stratum.wire)->decoder(stratum.operation, stream);
    Said said;
    std::vector<Event> events;
    size_t from = 0;
    const auto take = [&](Status s) {
        for (const Event& e : events) note(said, e);
        events.clear();
        if (!s) said.failure = s.error().code(), said.why = s.error().message();
        if (decoder->error()) said.failure = decoder->error()->code(), said.why = decoder->error()->message();
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

/// The last number of that name anywhere in the reply's text, however it is wrapped; -1 when there is none.
int64_t last_number(std::string_view text, std::string_view name) {
    const std::string key = fmt::format("\"{}\":", name);
    const size_t at = text.rfind(key);
    if (at == std::string_view::npos) return -1;
    size_t from = text.find_first_not_of(" ", at + key.size());
    int64_t n = 0;
    bool any = false;
    for (; from < text.size() && text[from] >= '0' && text[from] <= '9'; ++from)
        n = n * 10 + (text[from] - '0'), any = true;
    return any ? n : -1;
}

/// The payloads of Bedrock's chunks are base64 once more.
std::string unwrapped(std::string_view bytes) {
    std::string out;
    constexpr std::string_view key = "\"bytes\":\"";
    for (size_t at = bytes.find(key); at != std::string_view::npos; at = bytes.find(key, at + 1)) {
        const size_t from = at + key.size();
        out += provider::base64_bytes(bytes.substr(from, bytes.find('"', from) - from)).value_or("");
    }
    return out.empty() ? std::string(bytes) : out;
}

/// What the provider says it produced, in its own words.
int64_t told_output(const Stratum& s, std::string_view bytes) {
    if (s.wire == "bedrock") return last_number(bytes, "outputTokens");
    if (s.wire == "ollama") return last_number(bytes, "eval_count");
    if (s.wire == "mistral") return last_number(bytes, "completion_tokens");
    const std::string text = unwrapped(bytes);
    if (s.wire != "cohere") return last_number(text, "output_tokens");
    const size_t billed = text.find("\"billed_units\"");
    return billed == std::string::npos ? -1 : last_number(text.substr(0, text.find('}', billed)), "output_tokens");
}

}  // namespace

TEST(RecordedWires, every_reply_decodes_and_counts) {
    AIG_NEED_RECORDINGS("bedrock_converse");
    for (const Stratum& s : strata) {
        int seen = 0, counted = 0;
        recordings::each(s.file, [&](const Recording& r) {
            if (!is_reply(s, r)) return;
            SCOPED_TRACE(fmt::format("{} {} {}", s.wire, r.id, r.path));
            const std::string bytes = bytes_of(r);
            const Said said = decode(s, bytes, r.stream, {});
            ++seen;
            ASSERT_FALSE(said.failure) << error_row(*said.failure).name << ": " << said.why << "\n"
                                       << bytes.substr(0, 400);
            if (s.operation == Operation::embedding) {
                EXPECT_GT(said.vectors, 0);
                return;
            }
            EXPECT_NE(said.stop, StopReason::none);
            const int64_t told = told_output(s, bytes);
            if (told < 0) return;
            ASSERT_TRUE(said.usage) << bytes.substr(0, 400);
            EXPECT_EQ(said.usage->output_total(), told);
            ++counted;
        });
        std::printf("[          ] %.*s as %.*s: %d replies, %d with usage\n", static_cast<int>(s.file.size()),
                    s.file.data(), static_cast<int>(s.wire.size()), s.wire.data(), seen, counted);
        EXPECT_GE(seen, s.least) << s.file;
    }
}

TEST(RecordedWires, however_the_bytes_are_cut) {
    AIG_NEED_RECORDINGS("bedrock_converse");
    std::mt19937 random(20261128);
    int streams = 0;
    int64_t runs = 0;
    for (const Stratum& s : strata)
        recordings::each(s.file, [&](const Recording& r) {
            if (!is_reply(s, r) || !r.stream) return;
            SCOPED_TRACE(fmt::format("{} {}", s.wire, r.id));
            const std::string bytes = bytes_of(r);
            const Said whole = decode(s, bytes, true, {});
            ++streams;
            for (const auto& cuts : recordings::cuts_of(bytes.size(), random)) {
                ASSERT_EQ(decode(s, bytes, true, cuts), whole) << "first cut at " << cuts.front();
                ++runs;
            }
        });
    std::printf("[          ] %d streams, %lld runs\n", streams, static_cast<long long>(runs));
    EXPECT_GT(streams, 130);
}

/// Whatever is left out of the end of a stream, it is never taken for whole.
TEST(RecordedWires, a_stream_that_breaks_off_is_not_whole) {
    AIG_NEED_RECORDINGS("bedrock_converse");
    for (const Stratum& s : strata)
        recordings::each(s.file, [&](const Recording& r) {
            if (!is_reply(s, r) || !r.stream || s.wire == "mistral") return;
            SCOPED_TRACE(fmt::format("{} {}", s.wire, r.id));
            const std::string bytes = bytes_of(r);
            const Said said = decode(s, std::string_view(bytes).substr(0, bytes.size() / 2), true, {});
            EXPECT_TRUE(said.failure);
        });
}

TEST(RecordedWires, refusals_have_a_meaning) {
    AIG_NEED_RECORDINGS("bedrock_converse");
    std::map<std::string, int> codes;
    for (const Stratum& s : strata)
        recordings::each(s.file, [&](const Recording& r) {
            if (r.status < 400 || r.path.find(s.path_has) == std::string::npos) return;
            const Error e = provider::wire(s.wire)->error(r.status, r.response);
            ++codes[fmt::format("{} {} {}", s.wire, r.status, e.row().name)];
            EXPECT_EQ(e.message().find("answered with status"), std::string::npos) << s.wire << ' ' << r.response;
        });
    for (const auto& [what, n] : codes) std::printf("[          ] %s: %d\n", what.c_str(), n);
}
