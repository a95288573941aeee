// Reads the contents of a generateContent request: turns, parts, results where Google wants them, signatures byte-equal
// on the part they came on.
#include <fmt/format.h>

#include "sim/detail/gemini_checks.h"

namespace aig::sim::gemini {

namespace {

constexpr std::string_view skips_the_check = "skip_thought_signature_validator";

class ContentsReader {
  public:
    ContentsReader(Ask& ask, PromptMeter& meter) : ask_(ask), meter_(meter) {}

    Checked read(JsonRef list) {
        if (!given(list) || list.size() == 0)
            return refuse("* GenerateContentRequest.contents: contents is not specified\n");
        for (JsonRef c : list) {
            if (auto r = content(c)) return r;
            ++at_;
        }
        return owed_ > 0 ? unequal() : Checked();
    }

  private:
    static Refusal unequal() {
        return refuse(
            "Please ensure that the number of function response parts is equal to the number of function call parts of "
            "the function call turn.");
    }

    Checked content(JsonRef c) {
        const auto role = c["role"].text();
        if (!role.empty() && role != "user" && role != "model" && role != "function")
            return refuse("Please use a valid role: user, model.");
        from_model_ = role == "model";
        const int64_t owed = owed_;
        owed_ = results_ = 0;
        first_call_ = true;
        if (!from_model_) {
            ask_.prompt.clear();
            ask_.tool_results.clear();
        }
        if (c["parts"].size() == 0)
            return refuse(
                fmt::format("* GenerateContentRequest.contents[{}].parts: contents.parts must not be empty.\n", at_));
        for (JsonRef p : c["parts"])
            if (auto r = part(p)) return r;
        meter_.end_message();
        if (owed > 0 && results_ != owed) return unequal();
        if (owed == 0 && results_ > 0)
            return refuse("Please ensure that function response turn comes immediately after a function call turn.");
        return {};
    }

    Checked part(JsonRef p) {
        const JsonRef text = p["text"], call = field(p, "functionCall"), result = field(p, "functionResponse"),
                      data = field(p, "inlineData"), file = field(p, "fileData");
        const auto sign = field(p, "thoughtSignature").text();
        const int kinds = given(text) + given(call) + given(result) + given(data) + given(file);
        if (kinds > 1) return refuse("Invalid value: oneof field 'data' is already set.");
        if (!sign.empty() && sign != skips_the_check) {
            if (!minted(sign, ask_.account)) return refuse("Corrupted thought signature.");
            ++ask_.states;
        }
        if (given(call)) return this->call(call, sign);
        if (given(result)) return this->result(result);
        if (given(data)) return inline_data(data);
        if (given(file)) meter_.image(258);
        if (!given(text)) return {};
        if (p["thought"].boolean()) return {};
        meter_.text(text.text());
        if (from_model_) return {};
        if (!ask_.prompt.empty()) ask_.prompt += '\n';
        ask_.prompt += text.text();
        return {};
    }

    /// Gemini 3 wants the signature of a turn's first call back; whatever comes must have come with this very call.
    Checked call(JsonRef call, std::string_view sign) {
        const auto name = call["name"].text();
        if (name.empty()) return refuse("Function call name must not be empty.");
        if (const JsonRef a = call["args"]; given(a) && !a.is_object())
            return refuse(
                "Invalid value at 'contents.parts.function_call.args' (type.googleapis.com/google.protobuf.Struct)");
        const bool wants = first_call_ && ask_.model.find("gemini-3") != std::string::npos;
        first_call_ = false;
        if (wants && sign.empty())
            return refuse(
                fmt::format("Function call is missing a thought_signature in functionCall parts. This is "
                            "required for tools to work correctly. Additional data, function call `{}`.",
                            name));
        const JsonRef args = call["args"];
        if (!sign.empty() && sign != skips_the_check &&
            sign != call_signature(name, given(args) ? args.raw() : "{}", ask_.account))
            return refuse("Corrupted thought signature.");
        ++owed_;
        meter_.text(name);
        meter_.text(args.raw());
        return {};
    }

    Checked result(JsonRef result) {
        if (result["name"].text().empty())
            return refuse("* GenerateContentRequest.contents.parts.function_response.name: Name cannot be empty.\n");
        const JsonRef response = result["response"];
        if (!response.is_object())
            return refuse(
                "Invalid value at 'contents.parts.function_response.response' "
                "(type.googleapis.com/google.protobuf.Struct)");
        ++results_;
        const JsonRef only = response.size() == 1 ? *response.begin() : JsonRef();
        std::string said(only.is_string() ? only.text() : response.raw());
        meter_.text(said);
        ask_.tool_results.push_back(std::move(said));
        return {};
    }

    Checked inline_data(JsonRef data) {
        if (field(data, "mimeType").text().empty())
            return refuse("Unable to submit request because it has an empty inlineData.mimeType.");
        if (!data["data"].is_string()) return refuse("Invalid value at 'contents.parts.inline_data.data' (TYPE_BYTES)");
        if (field(data, "mimeType").text().starts_with("image/"))
            meter_.image(258);
        else
            meter_.tokens(500);
        return {};
    }

    Ask& ask_;
    PromptMeter& meter_;
    int64_t at_ = 0, owed_ = 0, results_ = 0;
    bool from_model_ = false, first_call_ = true;
};

}  // namespace

Checked read_contents(JsonRef list, Ask& ask, PromptMeter& meter) {
    ContentsReader reader(ask, meter);
    return reader.read(list);
}

}  // namespace aig::sim::gemini
