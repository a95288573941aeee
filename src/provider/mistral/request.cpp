#include "provider/mistral/request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "canon/state.h"

namespace aig::provider::mistral {
namespace {

using namespace canon;

constexpr std::string_view shape = "openai-chat";
constexpr std::array<std::string_view, 6> own_members{"safe_prompt", "prediction",  "prompt_mode",
                                                      "guardrails",  "random_seed", "metadata"};

Error refuse(std::string_view what, std::string where) {
    return Error(ErrorCode::unsupported_feature, fmt::format("{}: this model does not support {}", where, what))
        .param(std::move(where));
}

class Cleaner {
  public:
    Cleaner(const Chat& chat, Losses& losses) : out_(chat), same_shape_(chat.origin == shape), losses_(losses) {}

    Result<Chat> clean() {
        sampling();
        keep(out_.extras, "", own_members);
        for (size_t i = 0; i < out_.tools.size(); ++i) TRYV(tool(out_.tools[i], fmt::format("tools[{}]", i)));
        for (size_t i = 0; i < out_.messages.size(); ++i)
            TRYV(message(out_.messages[i], fmt::format("messages[{}]", i)));
        // Whatever is still in it has this shape now.
        out_.origin = shape;
        return std::move(out_);
    }

  private:
    void lose(std::string name) {
        if (std::find(losses_.begin(), losses_.end(), name) == losses_.end()) losses_.push_back(std::move(name));
    }

    void sampling() {
        if (out_.seed) out_.extras.emplace_back("random_seed", std::to_string(*out_.seed));
        out_.seed.reset();
        drop(out_.user, "user");
        drop(out_.logit_bias_json, "logit_bias");
        drop(out_.verbosity, "verbosity");
        drop(out_.service_tier, "service_tier");
        drop(out_.top_k, "top_k");
        if (out_.logprobs) lose("logprobs");
        if (out_.top_logprobs) lose("top_logprobs");
        out_.logprobs = false;
        out_.top_logprobs.reset();
        // Two levels: thinking or not.
        if (out_.reasoning_effort == "minimal") out_.reasoning_effort = "none";
        if (!out_.reasoning_effort.empty() && out_.reasoning_effort != "none") out_.reasoning_effort = "high";
    }
    void drop(std::string& value, const std::string& name) {
        if (!value.empty()) lose(name);
        value.clear();
    }

    template <size_t N>
    void keep(Extras& extras, const std::string& where, const std::array<std::string_view, N>& names) {
        std::erase_if(extras, [&](const auto& e) {
            if (std::find(names.begin(), names.end(), e.first) != names.end()) return false;
            const bool silent = e.first.starts_with("stream_options.") || e.first == "store" || e.second == "null";
            if (!silent) lose(where.empty() ? e.first : where + "." + e.first);
            return true;
        });
    }
    void keep_none(Extras& extras, const std::string& where) { keep(extras, where, std::array<std::string_view, 0>{}); }

    Status tool(Tool& t, const std::string& where) {
        if (!t.function) return refuse(fmt::format("tools of type '{}'", t.type), where);
        keep_none(t.extras, where);
        return {};
    }

    Status message(Message& m, const std::string& where) {
        if (m.role != Role::tool && !m.name.empty()) drop(m.name, where + ".name");
        static constexpr std::array<std::string_view, 1> prefix{"prefix"};
        keep(m.extras, where, prefix);
        for (Part& p : m.parts) TRYV(part(p, where));
        return {};
    }

    Status part(Part& p, const std::string& where) {
        if (auto* call = std::get_if<ToolCall>(&p)) {
            call->id = tool_id(call->id);
            keep_none(call->extras, where + ".tool_calls");
        } else if (auto* result = std::get_if<ToolResult>(&p)) {
            result->call_id = tool_id(result->call_id);
            keep_none(result->extras, where);
            for (Part& inner : result->parts) TRYV(part(inner, where));
        } else if (auto* text = std::get_if<Text>(&p)) {
            keep_none(text->extras, where);
        } else if (auto* image = std::get_if<Image>(&p)) {
            keep_none(image->extras, where);
        } else if (const auto* audio = std::get_if<Audio>(&p)) {
            p = Other{"input_audio",
                      fmt::format(R"({{"type":"input_audio","input_audio":{}}})", json_string(audio->data))};
        } else if (const auto* file = std::get_if<File>(&p)) {
            return document(*file, p, where);
        } else if (const auto* reasoning = std::get_if<Reasoning>(&p)) {
            thinking(*reasoning, p, where);
        } else if (const auto* other = std::get_if<Other>(&p); other && !same_shape_) {
            return refuse(other->type, where);
        }
        return {};
    }

    /// Documents by address, a data URL included ("Document QnA", 2026).
    Status document(const File& file, Part& p, const std::string& where) {
        if (!file.file_id.empty()) return refuse("file_id", where);
        const std::string type = file.media_type.empty() ? "application/pdf" : file.media_type;
        const std::string url = file.data.empty() ? file.url : fmt::format("data:{};base64,{}", type, file.data);
        std::string json;
        JsonWriter w(json);
        w.begin_object().field("type", "document_url").field("document_url", url);
        if (!file.name.empty()) w.field("document_name", file.name);
        w.end_object();
        p = Other{"document_url", std::move(json)};
        return {};
    }

    /// Only what a server of this shape gave, as in the OpenAI wire.
    void thinking(const Reasoning& r, Part& p, const std::string& where) {
        if (!same_shape_ || r.state) {
            lose(where + ".reasoning");
            p = Text{};
            return;
        }
        std::string json;
        JsonWriter w(json);
        w.begin_object().field("type", "thinking").key("thinking").begin_array();
        w.begin_object().field("type", "text").field("text", r.text).end_object();
        w.end_array().end_object();
        p = Other{"thinking", std::move(json)};
    }

    Chat out_;
    const bool same_shape_;
    Losses& losses_;
};

}  // namespace

Result<Chat> in_its_words(const Chat& chat, Losses& losses) {
    TRY(Chat clean, Cleaner(chat, losses).clean());
    for (Message& m : clean.messages)
        std::erase_if(m.parts, [](const Part& p) {
            const auto* t = std::get_if<Text>(&p);
            return t && t->text.empty() && t->extras.empty();
        });
    return clean;
}

std::string tool_id(std::string_view id) {
    constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    constexpr size_t length = 9;
    if (id.size() == length && id.find_first_not_of(letters) == std::string_view::npos) return std::string(id);
    std::string out;
    for (uint64_t left = state_print(id); out.size() < length; left /= letters.size())
        out += letters[left % letters.size()];
    return out;
}

}  // namespace aig::provider::mistral
