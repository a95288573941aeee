#include "token_samples.h"

#include <array>
#include <set>

#include <fmt/format.h>

#include "canon/sse.h"
#include "dialect/openai_chat/openai_chat.h"
#include "recordings.h"

namespace aig::recordings {
namespace {

using namespace canon;

constexpr std::array chat_files{"openai_chat",   "azure_openai_chat", "groq_chat",    "cerebras_chat",
                                "deepseek_chat", "mistral_chat",      "xai_chat",     "zai_chat",
                                "together_chat", "huggingface_chat",  "copilot_chat", "local_chat"};
constexpr std::array claude_files{"anthropic_messages", "azure_ai_messages", "vertex_anthropic"};
constexpr std::array gemini_files{"gemini_generate", "vertex_generate"};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Tokenizer family_of(std::string_view model) {
    if (has(model, "claude")) return Tokenizer::claude;
    if (has(model, "gemini")) return Tokenizer::gemini;
    if (has(model, "llama") || has(model, "Llama")) return Tokenizer::llama;
    if ((has(model, "gpt") && !has(model, "gpt-oss")) || model.starts_with("o1") || model.starts_with("o3") ||
        model.starts_with("o4"))
        return Tokenizer::openai;
    return Tokenizer::other;
}

/// Every string and every name below a value, as text; what holds data is not read.
void add_text(TextSize& size, JsonRef v) {
    if (v.is_string()) size.add(v.text());
    for (const JsonRef m : v)
        if (m.key() != "data" && m.key() != "signature" && m.key() != "thoughtSignature") add_text(size, m);
}

class Collector {
  public:
    std::vector<TokenSample> all() {
        for (const auto* f : chat_files) each(f, [&](const Recording& r) { chat(f, r); });
        for (const auto* f : claude_files) each(f, [&](const Recording& r) { claude(f, r); });
        for (const auto* f : gemini_files) each(f, [&](const Recording& r) { gemini(f, r); });
        return std::move(samples_);
    }

  private:
    void add(const char* file, const Recording& r, std::string_view model, bool output, const InputSize& size,
             int64_t tokens) {
        if (tokens <= 0 || size.text.bytes == 0) return;
        TokenSample s{family_of(model), output, size, tokens, file, r.id, std::string(model)};
        const auto& t = size.text;
        const auto key =
            fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", static_cast<int>(s.family), output, tokens, t.letters,
                        t.words, t.digits, t.spaces, t.marks, t.european, t.wide, size.messages, size.tools);
        if (seen_.insert(key).second) samples_.push_back(std::move(s));
    }

    /// The last JSON objects of a reply, streamed or not, in order.
    template <class Use>
    static void objects(const Recording& r, Use use) {
        if (!r.stream) {
            if (auto doc = JsonDoc::parse(r.response)) {
                if (doc->root().is_array())
                    for (const JsonRef o : doc->root()) use(o);
                else
                    use(doc->root());
            }
            return;
        }
        SseReader sse;
        SseEvent event;
        if (!sse.feed(r.response)) return;
        while (sse.next(event) || sse.last(event)) {
            if (auto doc = JsonDoc::parse(event.data)) use(doc->root());
            if (event.raw.empty()) return;
        }
    }

    void chat(const char* file, const Recording& r) {
        if (r.status != 200 || r.base64) return;
        auto envelope = dialect::openai::OpenAiChat().peek({Operation::chat, r.request});
        if (!envelope || envelope->n != 1) return;
        TextSize out;
        bool only_text = true;
        std::string model;
        int64_t prompt = 0, completion = 0, hidden = 0;
        objects(r, [&](JsonRef o) {
            if (o["model"].is_string() && !o["model"].text().empty()) model = o["model"].text();
            for (const JsonRef c : o["choices"]) {
                const JsonRef m = c["message"] ? c["message"] : c["delta"];
                out.add(m["content"].text());
                out.add(m["refusal"].text());
                only_text &= m["tool_calls"].size() == 0 && m["reasoning_content"].text().empty() &&
                             m["reasoning"].text().empty() && !m["audio"].is_object() && !m["content"].is_array();
            }
            const JsonRef u = o["usage"].is_object() ? o["usage"] : o["x_groq"]["usage"];
            if (!u.is_object()) return;
            prompt = u["prompt_tokens"].integer().value_or(0);
            completion = u["completion_tokens"].integer().value_or(0);
            hidden = u["completion_tokens_details"]["reasoning_tokens"].integer().value_or(0);
        });
        if (model.empty()) model = envelope->model;
        const bool foreign = std::string_view(file) == "openai_chat" && family_of(model) == Tokenizer::other;
        if (foreign) return;  // proxies and fine-tunes under an OpenAI host
        add(file, r, model, false, envelope->size, prompt);
        if (only_text && hidden == 0) add(file, r, model, true, InputSize{.text = out}, completion);
    }

    void claude(const char* file, const Recording& r) {
        if (r.status != 200) return;
        auto request = JsonDoc::parse(r.request);
        if (!request || !request->root().is_object()) return;
        const JsonRef q = request->root();
        InputSize in;
        bool plain = claude_content(q["system"], in);
        for (const JsonRef m : q["messages"]) {
            ++in.messages;
            plain &= claude_content(m["content"], in);
        }
        for (const JsonRef t : q["tools"]) {
            ++in.tools;
            plain &= static_cast<bool>(t["input_schema"]);
            in.text.add(t["name"].text());
            in.text.add(t["description"].text());
            in.text.add(t["input_schema"].raw());
        }
        plain &= !q["output_config"]["format"] && !q["output_format"] && !q["mcp_servers"] && !q["container"];
        TextSize out;
        bool only_text = true;
        int64_t input = 0, output = 0;
        std::string model(q["model"].text());
        const auto usage = [&](JsonRef u) {
            if (!u["input_tokens"].is_number() && !u["output_tokens"].is_number()) return;
            if (u["input_tokens"].is_number())
                input = u["input_tokens"].integer().value_or(0) + u["cache_read_input_tokens"].integer().value_or(0) +
                        u["cache_creation_input_tokens"].integer().value_or(0);
            output = u["output_tokens"].integer().value_or(output);
        };
        objects(r, [&](JsonRef o) {
            const JsonRef m = o["message"] ? o["message"] : o;
            if (m["model"].is_string()) model = m["model"].text();
            usage(m["usage"]);
            if (o["message"]) usage(o["usage"]);
            for (const JsonRef c : m["content"]) {
                only_text &= c["type"].text() == "text";
                out.add(c["text"].text());
            }
            if (o["content_block"]) only_text &= o["content_block"]["type"].text() == "text";
            out.add(o["delta"]["text"].text());
        });
        if (plain) add(file, r, model, false, in, input);
        if (only_text) add(file, r, model, true, InputSize{.text = out}, output);
    }

    /// False when something in it costs tokens we cannot see.
    static bool claude_content(JsonRef c, InputSize& in) {
        if (c.is_string()) return in.text.add(c.text()), true;
        bool plain = true;
        for (const JsonRef block : c) {
            const auto type = block["type"].text();
            if (type == "text")
                in.text.add(block["text"].text());
            else if (type == "tool_use")
                in.text.add(block["name"].text()), in.text.add(block["input"].raw());
            else if (type == "tool_result")
                plain &= claude_content(block["content"], in);
            else if (type == "image")
                ++in.images;
            else
                plain = false;
        }
        return plain;
    }

    void gemini(const char* file, const Recording& r) {
        if (r.status != 200) return;
        auto request = JsonDoc::parse(r.request);
        if (!request || !request->root().is_object()) return;
        const JsonRef q = request->root();
        InputSize in;
        bool plain = gemini_parts(q["systemInstruction"]["parts"], in.text);
        for (const JsonRef m : q["contents"]) {
            ++in.messages;
            plain &= gemini_parts(m["parts"], in.text);
        }
        for (const JsonRef tool : q["tools"]) {
            plain &= static_cast<bool>(tool["functionDeclarations"]);
            for (const JsonRef f : tool["functionDeclarations"]) {
                ++in.tools;
                in.text.add(f["name"].text());
                in.text.add(f["description"].text());
                in.text.add(f["parameters"] ? f["parameters"].raw() : f["parametersJsonSchema"].raw());
            }
        }
        plain &= !q["generationConfig"]["responseSchema"] && !q["generationConfig"]["responseJsonSchema"] &&
                 !q["cachedContent"];
        TextSize out;
        bool only_text = true;
        int64_t input = 0, output = 0;
        std::string model = r.path.substr(r.path.rfind('/') + 1);
        objects(r, [&](JsonRef o) {
            if (o["modelVersion"].is_string()) model = o["modelVersion"].text();
            const JsonRef u = o["usageMetadata"];
            input = u["promptTokenCount"].integer().value_or(input);
            output = u["candidatesTokenCount"].integer().value_or(output);
            for (const JsonRef c : o["candidates"])
                for (const JsonRef p : c["content"]["parts"]) {
                    if (p["thought"].boolean()) continue;
                    only_text &= p["text"].is_string();
                    out.add(p["text"].text());
                }
        });
        if (!has(model, "gemini") || has(model, "image") || has(model, "tts")) return;
        if (plain) add(file, r, model, false, in, input);
        if (only_text) add(file, r, model, true, InputSize{.text = out}, output);
    }

    static bool gemini_parts(JsonRef parts, TextSize& text) {
        bool plain = true;
        for (const JsonRef p : parts) {
            if (p["text"].is_string()) {
                text.add(p["text"].text());
            } else if (p["functionCall"] || p["functionResponse"]) {
                add_text(text, p);
                plain &= !p["thoughtSignature"];  // hidden thoughts are read again, and counted
            } else {
                plain = false;
            }
        }
        return plain;
    }

    std::vector<TokenSample> samples_;
    std::set<std::string> seen_;
};

}  // namespace

const std::vector<TokenSample>& token_samples() {
    static const std::vector<TokenSample> samples =
        present("openai_chat") ? Collector().all() : std::vector<TokenSample>();
    return samples;
}

std::string_view family_name(Tokenizer family) {
    constexpr std::array<std::string_view, 5> names{"openai", "claude", "gemini", "llama", "other"};
    return names[static_cast<size_t>(family)];
}

}  // namespace aig::recordings
