// Reads POST …/models/MODEL:generateContent and refuses what Google refuses, in its words (recorded 2025-2026). Names
// that protobuf does not know are refused, so anything another wire left behind is found here.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/detail/gemini_checks.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace gemini {

bool names(std::string_view key, std::string_view camel) {
    std::string snake;
    for (const char c : camel)
        if (c >= 'A' && c <= 'Z')
            snake.append("_").append(1, static_cast<char>(c + 32));
        else
            snake += c;
    return key == camel || key == snake;
}

JsonRef field(JsonRef object, std::string_view camel) {
    for (JsonRef m : object)
        if (names(m.key(), camel)) return m;
    return {};
}

namespace {
constexpr std::string_view head = "Csim";
std::string sealed(uint64_t h, uint64_t account) {
    return fmt::format("{}{:016x}{:016x}", head, h, hash_text("thought", ~h ^ account));
}
}  // namespace

std::string signature(std::string_view said, uint64_t account) {
    std::string tight;
    for (const char c : said)
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') tight += c;
    return sealed(hash_text(tight, 0x6060606060606060), account);
}

bool minted(std::string_view signature, uint64_t account) {
    if (!signature.starts_with(head) || signature.size() != head.size() + 32) return false;
    uint64_t h = 0;
    for (const char c : signature.substr(head.size(), 16))
        h = h * 16 + static_cast<uint64_t>(c >= 'a' ? c - 'a' + 10 : c - '0');
    return sealed(h, account) == signature;
}

}  // namespace gemini

namespace {

using namespace gemini;

constexpr std::array<std::string_view, 12> request_names{
    "model",         "contents", "systemInstruction", "tools", "toolConfig",      "generationConfig", "safetySettings",
    "cachedContent", "labels",   "serviceTier",       "store", "modelArmorConfig"};
constexpr std::array<std::string_view, 25> config_names{"candidateCount",
                                                        "stopSequences",
                                                        "maxOutputTokens",
                                                        "temperature",
                                                        "topP",
                                                        "topK",
                                                        "seed",
                                                        "responseMimeType",
                                                        "responseSchema",
                                                        "responseJsonSchema",
                                                        "presencePenalty",
                                                        "frequencyPenalty",
                                                        "responseLogprobs",
                                                        "logprobs",
                                                        "enableEnhancedCivicAnswers",
                                                        "speechConfig",
                                                        "thinkingConfig",
                                                        "imageConfig",
                                                        "mediaResolution",
                                                        "responseModalities",
                                                        "audioTimestamp",
                                                        "routingConfig",
                                                        "modelConfig",
                                                        "enableAffectiveDialog",
                                                        "responseFormat"};

template <size_t N>
Checked only_known(JsonRef object, std::string_view at, const std::array<std::string_view, N>& known) {
    for (JsonRef m : object)
        if (std::none_of(known.begin(), known.end(), [&](std::string_view n) { return names(m.key(), n); }))
            return unknown_name(m.key(), at);
    return {};
}

class Reader {
  public:
    Reader(JsonRef root, const Place& place, Ask& ask) : root_(root), ask_(ask), meter_(ask) {
        ask_.model = place.model;
        ask_.stream = place.stream;
        ask_.as_array = !place.sse;
        ask_.include_usage = true;
    }

    Checked read() {
        if (!root_.is_object()) return refuse("Invalid JSON payload received. Root element must be a message.");
        if (auto r = only_known(root_, "", request_names)) return r;
        for (auto step : {&Reader::config, &Reader::tools, &Reader::choice, &Reader::system})
            if (auto r = (this->*step)()) return r;
        return read_contents(field(root_, "contents"), ask_, meter_);
    }

  private:
    Checked config() {
        const JsonRef c = field(root_, "generationConfig");
        if (!given(c)) return {};
        if (auto r = only_known(c, "generation_config", config_names)) return r;
        if (const auto n = field(c, "candidateCount").integer()) {
            if (*n < 1 || *n > 8) return refuse("Only one candidate can be specified in the current model");
            ask_.n = *n;
        }
        if (const auto most = field(c, "maxOutputTokens").integer(); most && *most > 0) ask_.max_tokens = *most;
        if (const JsonRef t = c["temperature"]; t.is_number() && (number_of(t) < 0 || number_of(t) > 2))
            return refuse(
                fmt::format("Unable to submit request because it has a temperature value of {} but the "
                            "supported range is from 0 (inclusive) to 2.0 (inclusive).",
                            t.raw()));
        for (JsonRef s : field(c, "stopSequences")) ask_.stops.push_back(s.text());
        ask_.logprobs = field(c, "responseLogprobs").boolean();
        ask_.top_logprobs = field(c, "logprobs").integer().value_or(0);
        for (JsonRef m : field(c, "responseModalities")) ask_.image_out |= m.text() == "IMAGE" || m.text() == "image";
        if (auto r = thinking(field(c, "thinkingConfig"))) return r;
        return answer_form(c);
    }

    Checked thinking(JsonRef t) {
        if (!given(t)) return {};
        const JsonRef budget = field(t, "thinkingBudget"), level = field(t, "thinkingLevel");
        if (given(budget) && given(level))
            return refuse("You can only set only one of thinking budget and thinking level.");
        ask_.reasoning = budget.integer().value_or(1) != 0;
        return {};
    }

    Checked answer_form(JsonRef c) {
        const JsonRef plain = field(c, "responseJsonSchema"), own = field(c, "responseSchema");
        const bool json = field(c, "responseMimeType").text() == "application/json";
        if ((given(plain) || given(own)) && !json)
            return refuse("Function calling with a response mime type: 'text/plain' is unsupported");
        if (given(plain) && given(own))
            return refuse("Only one of response_schema and response_json_schema may be set.");
        if (json) ask_.format = Format::json_object;
        if (!given(plain) && !given(own)) return {};
        ask_.format = Format::json_schema;
        ask_.schema = given(plain) ? plain : own;
        meter_.text(ask_.schema.raw());
        return {};
    }

    Checked tools() {
        for (JsonRef t : field(root_, "tools"))
            for (JsonRef f : field(t, "functionDeclarations"))
                if (auto r = declaration(f)) return r;
        return {};
    }

    Checked declaration(JsonRef f) {
        const auto name = f["name"].text();
        const bool good = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == ':';
        });
        if (!good)
            return refuse(
                "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), "
                "underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.");
        const JsonRef plain = field(f, "parametersJsonSchema"), own = f["parameters"];
        if (given(plain) && given(own)) return refuse("parameters and parameters_json_schema are mutually exclusive.");
        ask_.tools.push_back({name, f["description"].text(), given(plain) ? plain : own});
        meter_.text(name);
        meter_.text(f["description"].text());
        meter_.text((given(plain) ? plain : own).raw());
        return {};
    }

    Checked choice() {
        const JsonRef c = field(field(root_, "toolConfig"), "functionCallingConfig");
        const auto mode = c["mode"].text();
        const JsonRef allowed = field(c, "allowedFunctionNames");
        if (mode == "NONE") ask_.tool_choice = ToolChoice::none;
        if (mode == "ANY") ask_.tool_choice = ToolChoice::required;
        if (mode != "ANY" && mode != "VALIDATED" && allowed.size())
            return refuse("Allowed function names should only be set when mode is ANY or VALIDATED.");
        if (mode == "ANY" && ask_.tools.empty())
            return refuse("Function calling config is set without function_declarations.");
        if (allowed.size() != 1 || mode != "ANY") return {};
        ask_.chosen_tool = (*allowed.begin()).text();
        ask_.tool_choice = ToolChoice::named;
        for (const ToolDef& t : ask_.tools)
            if (t.name == ask_.chosen_tool) return {};
        return refuse(fmt::format("allowed_function_names: '{}' is not a declared function.", ask_.chosen_tool));
    }

    Checked system() {
        for (JsonRef p : field(root_, "systemInstruction")["parts"]) meter_.text(p["text"].text());
        return {};
    }

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
};

}  // namespace

Checked read_gemini(JsonRef root, const Place& place, Ask& ask) {
    Reader reader(root, place, ask);
    return reader.read();
}

}  // namespace aig::sim
