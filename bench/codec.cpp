// What one streamed chunk costs in the tap (lossless lane) and in decoder + renderer (translated lane), and one request
// in peek.
//   ninja -C build bench_codec && build/bench_codec
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/time.h"
#include "dialect/registry.h"
#include "provider/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

constexpr int chunks = 400, rounds = 500;

std::string chunk() {
    return R"(data: {"id":"chatcmpl-BGgPSgGEHCPjXNqKkZqRkFNKqYdqp","object":"chat.completion.chunk","created":1743361234,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_de57b65c90","choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"abcdef"})"
           "\n\n";
}

template <class Body>
void measure(const char* name, int per_round, Body body) {
    body();
    int64_t best = INT64_MAX;
    for (int repeat = 0; repeat < 5; ++repeat) {
        const int64_t from = mono_ns();
        for (int i = 0; i < rounds / 5; ++i) body();
        best = std::min(best, mono_ns() - from);
    }
    std::printf("%-34s %8.0f ns\n", name, static_cast<double>(best) / (rounds / 5) / per_round);
}
}  // namespace

int main() {
    Envelope envelope;
    envelope.stream = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "openai/gpt-4o";
    terms.request_id = "req_1";
    const std::string one = chunk();
    size_t sink = 0;

    measure("tap, one chunk a read", chunks, [&] {
        const auto tap = dialect::openai_chat().tap(terms);
        for (int i = 0; i < chunks; ++i) {
            const auto pieces = tap->feed(one);
            for (const auto p : *pieces) sink += p.size();
        }
    });
    std::string eight;
    for (int i = 0; i < 8; ++i) eight += one;
    measure("tap, eight chunks a read", chunks, [&] {
        const auto tap = dialect::openai_chat().tap(terms);
        for (int i = 0; i < chunks / 8; ++i) {
            const auto pieces = tap->feed(eight);
            for (const auto p : *pieces) sink += p.size();
        }
    });
    measure("decoder + renderer, one chunk", chunks, [&] {
        const auto decoder = provider::wire("openai-chat")->decoder(Operation::chat, true);
        const auto renderer = dialect::openai_chat().renderer(terms);
        std::vector<Event> events;
        std::string out;
        for (int i = 0; i < chunks; ++i) {
            events.clear();
            out.clear();
            if (!decoder->feed(one, events)) return;
            for (const Event& e : events) renderer->event(e, out);
            sink += out.size();
        }
    });
    const std::string request =
        R"({"model":"openai/gpt-4o","stream":true,"messages":[{"role":"system","content":"You are a careful assistant."},{"role":"user","content":")" +
        std::string(1200, 'a') + R"("}],"temperature":0.7,"max_tokens":400})";
    measure("peek + splice, 1.4 KB request", chunks, [&] {
        for (int i = 0; i < chunks; ++i) {
            const auto e = dialect::openai_chat().peek(Operation::chat, request);
            if (!e) return;
            const auto s = dialect::openai_chat().splice(request, *e, Patch{.model = "gpt-4o", .ask_usage = true});
            sink += s ? s->pieces.size() : 0;
        }
    });
    return sink == 0;
}
