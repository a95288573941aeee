// Every recorded exchange of every chat wire, told to the callers of every dialect, streamed and whole: what goes out
// passes the dialect's automaton, and both ways tell the same usage and cost. A new wire or dialect joins by a row.
#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <map>
#include <random>

#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "dialect/testing/chat_grammar.h"
#include "dialect/testing/gemini_grammar.h"
#include "dialect/testing/receipts.h"
#include "dialect/testing/responses_grammar.h"
#include "gateway/detail/translation.h"
#include "provider/base64.h"
#include "provider/registry.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;

namespace {

// ---- rows -----------------------------------------------------------------------------------------------------------

struct WireRow {
    const char* name;  ///< as in provider/registry.cpp
    std::vector<const char*> files;
    const char* path = "";  ///< what the recorded path must hold
};
const std::vector<WireRow>& wires() {
    static const std::vector<WireRow> rows = {
        {"openai-chat",
         {"openai_chat", "azure_openai_chat", "azure_ai_chat", "bedrock_openai_chat", "cerebras_chat", "copilot_chat",
          "deepseek_chat", "groq_chat", "huggingface_chat", "local_chat", "openai_compat_chat", "openrouter_chat",
          "perplexity_chat", "together_chat", "vercel_gateway_chat", "xai_chat", "zai_chat"}},
        {"anthropic", {"anthropic_messages", "azure_ai_messages", "local_messages"}, "/messages"},
        {"vertex-anthropic", {"vertex_anthropic"}},
        {"openai-responses",
         {"openai_responses", "azure_openai_responses", "azure_ai_responses", "xai_responses", "openrouter_responses",
          "bedrock_openai_responses", "deepseek_responses"}},
        {"gemini", {"gemini_generate"}, "enerateContent"},
        {"vertex", {"vertex_generate"}, "enerateContent"},
        {"bedrock", {"bedrock_converse"}},
        {"cohere", {"cohere_chat"}},
        {"mistral", {"mistral_chat"}},
        {"ollama", {"ollama"}, "/api/chat"},
    };
    return rows;
}

/// What an automaton says of a reply.
struct Judged {
    std::string fault;
    bool complete = false, failed = false;
};
struct DialectRow {
    const char* name;
    const Dialect& (*dialect)();
    std::function<Judged(std::string_view bytes)> stream, whole;
    std::vector<const char*> figures;  ///< members whose last values are the usage and the cost
};
const std::vector<DialectRow>& dialects() {
    using namespace dialect::testing;
    const auto chat = [](const ChatVerdict& v) { return Judged{v.fault, v.complete, v.failed}; };
    static const std::vector<DialectRow> rows = {
        {"openai_chat",
         dialect::openai_chat,
         [chat](std::string_view bytes) { return chat(judge_chat_stream(bytes)); },
         [chat](std::string_view bytes) { return chat(judge_chat_body(bytes)); },
         {"prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "cost"}},
        {"anthropic",
         dialect::anthropic_messages,
         [](std::string_view bytes) {
             const auto v = judge_messages_stream(bytes);
             return Judged{v.fault, v.complete, v.failed};
         },
         [](std::string_view bytes) {
             return Judged{judge_messages_body(bytes), true, false};
         },
         {"output_tokens", "cost"}},
        {"openai_responses",
         dialect::openai_responses,
         [](std::string_view bytes) {
             const auto heard = hear_responses(bytes);
             const bool ended = heard.status == "completed" || heard.status == "incomplete";
             return Judged{heard.fault, ended, heard.status == "failed"};
         },
         [](std::string_view bytes) {
             return Judged{judge_responses_body(bytes), true, false};
         },
         {"input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost"}},
        {"gemini",
         dialect::gemini,
         [](std::string_view bytes) {
             const auto v = judge_gemini_stream(bytes);
             return Judged{v.fault, v.complete, v.failed};
         },
         [](std::string_view bytes) {
             return Judged{judge_gemini_body(bytes), true, false};
         },
         {"promptTokenCount", "candidatesTokenCount", "cachedContentTokenCount", "thoughtsTokenCount", "cost"}},
    };
    return rows;
}

// ---- one exchange ---------------------------------------------------------------------------------------------------

/// A vault with a real key: state is sealed as in the product.
struct Sealed {
    std::string folder = "/tmp/aig-cross-XXXXXX";
    std::unique_ptr<store::Store> db;
    std::unique_ptr<store::Sealer> sealer;
    std::unique_ptr<gateway::Vault> vault;
    Sealed() {
        EXPECT_NE(mkdtemp(folder.data()), nullptr);
        store::Options o;
        o.path = folder + "/aig.db";
        db = *store::Store::open(o);
        sealer = *store::Sealer::open(*db, {folder, {}, {}});
        vault.reset(new gateway::Vault{gateway::Capsules(sealer.get()), {}});
    }
    ~Sealed() {
        sealer.reset();
        db.reset();
        std::filesystem::remove_all(folder);
    }
};

struct Told {
    std::string bytes;
    std::optional<Usage> usage;
    std::optional<Error> error;
};

/// The reply in `pieces` through the wire's decoder and the dialect's renderer, and to its end.
Told tell(const Wire& wire, bool recorded_stream, const std::vector<std::string_view>& pieces, const Dialect& dialect,
          bool stream, gateway::Vault& vault) {
    Envelope envelope;
    envelope.family = dialect.family();
    envelope.stream = stream;
    envelope.wants_usage = stream;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    terms.request_id = "req_1";
    terms.created_s = 7;
    const bool native = wire.family() == dialect.family();
    const auto relay =
        gateway::translate(wire.decoder(Operation::chat, recorded_stream), dialect.renderer(terms),
                           std::make_unique<gateway::Sealing>(gateway::SealingTerms{
                               &vault, AccountId{1}, [] { return uint64_t{7}; }, native, "req_1", 1, 1}));
    Told told;
    const auto take = [&](Result<std::vector<std::string_view>> out) {
        if (!out) told.error = std::move(out).error();
        if (out)
            for (const auto p : *out) told.bytes += p;
        if (relay->facts().error) told.error = relay->facts().error;
        return !told.error && !(recorded_stream && relay->facts().terminal);
    };
    bool on = true;
    for (const auto piece : pieces) on = on && take(relay->feed(piece));
    if (on) take(relay->end());
    told.usage = relay->facts().usage;
    if (told.error) {
        told.bytes += relay->fail(*told.error);
        return told;
    }
    Usage usage = told.usage.value_or(Usage{});
    const Receipt receipt = ledger::ReceiptMint::test(1'234'567);
    told.bytes += relay->finish({usage, receipt});
    return told;
}

/// The last value of each member, as text.
std::string figures(std::string_view bytes, const std::vector<const char*>& members) {
    std::string out;
    for (const auto* name : members) {
        const std::string key = fmt::format("\"{}\":", name);
        const size_t at = bytes.rfind(key);
        const auto rest = at == std::string_view::npos ? std::string_view("-") : bytes.substr(at + key.size());
        out += fmt::format("{}={} ", name, rest.substr(0, rest.find_first_of(",}] \r\n")));
    }
    return out;
}

/// Some cuts of a stream: the decoder must not care.
std::vector<std::string_view> cut(std::string_view bytes, std::mt19937& random) {
    std::vector<std::string_view> pieces;
    while (!bytes.empty()) {
        const size_t n = std::min<size_t>(bytes.size(), 1 + random() % 700);
        pieces.push_back(bytes.substr(0, n));
        bytes.remove_prefix(n);
    }
    return pieces;
}

struct Count {
    int told = 0, complete = 0, failed = 0;
};

class CrossRendering {
  public:
    void exchange(const WireRow& row, const recordings::Recording& r, std::map<std::string, Count>& counts) {
        const Wire& wire = *provider::wire(row.name);
        std::string bytes = r.response;
        if (r.base64) bytes = provider::base64_bytes(r.response).value_or("");
        for (const auto& d : dialects()) {
            Count& count = counts[fmt::format("{} -> {}", row.name, d.name)];
            ++count.told;
            const auto where = fmt::format("{} {} {} -> {}", r.id, r.provider, row.name, d.name);
            const Told streamed = tell(wire, r.stream, {bytes}, d.dialect(), true, *sealed_.vault);
            const Told whole = tell(wire, r.stream, {bytes}, d.dialect(), false, *sealed_.vault);
            const Judged s = d.stream(streamed.bytes);
            EXPECT_EQ(s.fault, "") << where << '\n' << streamed.bytes.substr(0, 4000);
            EXPECT_EQ(s.failed, streamed.error.has_value()) << where;
            EXPECT_EQ(s.complete, !streamed.error) << where;
            EXPECT_EQ(streamed.error.has_value(), whole.error.has_value()) << where;
            count.failed += s.failed;
            if (whole.error) continue;
            ++count.complete;
            const Judged w = d.whole(whole.bytes);
            EXPECT_EQ(w.fault, "") << where << '\n' << whole.bytes.substr(0, 4000);
            EXPECT_EQ(streamed.usage, whole.usage) << where;
            EXPECT_EQ(figures(streamed.bytes, d.figures), figures(whole.bytes, d.figures)) << where;
            if (!r.stream) continue;
            // State is sealed with fresh nonces, so only the size is compared there.
            const Told again = tell(wire, true, cut(bytes, random_), d.dialect(), true, *sealed_.vault);
            EXPECT_EQ(again.bytes.size(), streamed.bytes.size()) << where;
            if (streamed.bytes.find("aigs1.") == std::string::npos) {
                EXPECT_EQ(again.bytes, streamed.bytes) << where;
            }
        }
    }

  private:
    Sealed sealed_;
    std::mt19937 random_{20261128};
};
}  // namespace

TEST(CrossRendering, every_recorded_exchange_in_every_dialect) {
    AIG_NEED_RECORDINGS("openai_chat");
    CrossRendering cross;
    std::map<std::string, Count> counts;
    for (const auto& row : wires()) {
        ASSERT_NE(provider::wire(row.name), nullptr) << row.name;
        for (const auto* file : row.files)
            if (recordings::present(file))
                recordings::each(file, [&](const recordings::Recording& r) {
                    if (r.status == 200 && r.path.find(row.path) != std::string::npos) cross.exchange(row, r, counts);
                });
    }
    for (const auto& [pair, c] : counts) {
        printf("[          ] %-32s %5d told, %5d complete, %4d failed in-band\n", pair.c_str(), c.told, c.complete,
               c.failed);
        EXPECT_GT(c.complete * 10, c.told * 9) << pair;
    }
}
