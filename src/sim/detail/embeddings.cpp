// POST /v1/embeddings. A vector is the normalised sum of one pseudo-random direction for each word,
// so equal texts have equal vectors and texts that share words lie near each other.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "base/time.h"
#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

constexpr int64_t most_inputs = 2'048, most_dimensions = 4'096;
constexpr size_t most_words_in_vector = 64;

Refusal refuse(std::string message, std::string param = "") {
    return {400, "invalid_request_error", std::move(message), std::move(param), ""};
}

int64_t natural_dimensions(std::string_view model) {
    if (model.find("bge-m3") != std::string_view::npos) return 1'024;
    if (model.find("nomic") != std::string_view::npos) return 768;
    if (model.find("3-large") != std::string_view::npos) return 3'072;
    return 1'536;
}

void add_direction(std::vector<float>& v, uint64_t seed) {
    uint64_t x = seed | 1;
    for (float& f : v) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        f += static_cast<float>(static_cast<int32_t>(x >> 32)) / 2147483648.0f;
    }
}

struct Input {
    std::string_view text;
    JsonRef token_array;
    int64_t tokens;
};

std::vector<float> vector_of(const Input& in, int64_t dimensions) {
    std::vector<float> v(static_cast<size_t>(dimensions));
    size_t words = 0;
    if (in.token_array) {
        add_direction(v, hash_text(in.token_array.raw()));
    } else {
        for (const std::string_view t : split_tokens(in.text)) {
            if (words++ == most_words_in_vector) break;
            add_direction(
                v,
                hash_text(t.substr(t.find_first_not_of(' ') == std::string_view::npos ? 0 : t.find_first_not_of(' '))));
        }
        std::vector<float> own(v.size());
        add_direction(own, hash_text(in.text));
        for (size_t i = 0; i < v.size(); ++i) v[i] += own[i] * 0.05f;
    }
    float square = 0;
    for (const float f : v) square += f * f;
    const float scale = square > 0 ? 1.0f / std::sqrt(square) : 0;
    for (float& f : v) f *= scale;
    return v;
}

std::string base64(const unsigned char* data, size_t size) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve(size / 3 * 4 + 4);
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t word = static_cast<uint32_t>(data[i]) << 16 |
                              (left > 1 ? static_cast<uint32_t>(data[i + 1]) << 8 : 0) |
                              (left > 2 ? static_cast<uint32_t>(data[i + 2]) : 0);
        out += digits[word >> 18];
        out += digits[word >> 12 & 63];
        out += left > 1 ? digits[word >> 6 & 63] : '=';
        out += left > 2 ? digits[word & 63] : '=';
    }
    return out;
}

Checked one_input(JsonRef v, std::vector<Input>& inputs) {
    if (v.is_string()) {
        if (v.text().empty())
            return refuse(
                "'$.input' is invalid. Please check the API reference: "
                "https://platform.openai.com/docs/api-reference.");
        inputs.push_back({v.text(), {}, count_tokens(v.text())});
        return {};
    }
    if (!v.is_array() || v.size() == 0)
        return refuse(
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.");
    for (JsonRef token : v)
        if (!token.integer() || *token.integer() < 0)
            return refuse("Invalid 'input': token ids are integers.", "input");
    inputs.push_back({"", v, static_cast<int64_t>(v.size())});
    return {};
}

Checked read_inputs(JsonRef input, std::vector<Input>& inputs) {
    if (!input || input.is_null()) return refuse("Missing required parameter: 'input'.", "input");
    const JsonRef first = input.is_array() && input.size() > 0 ? *input.begin() : JsonRef();
    if (!input.is_array() || first.is_number()) return one_input(input, inputs);
    if (input.size() == 0) return refuse("Invalid 'input': input cannot be an empty array.", "input");
    if (static_cast<int64_t>(input.size()) > most_inputs)
        return refuse(fmt::format("Invalid 'input': maximum context length is {} inputs.", most_inputs), "input");
    for (JsonRef v : input)
        if (auto r = one_input(v, inputs)) return r;
    return {};
}

}  // namespace

std::vector<float> text_vector(std::string_view text, int64_t dimensions) {
    return vector_of({text, {}, 0}, dimensions);
}

Checked read_and_write_embeddings(JsonRef root, Reply& reply, int64_t& input_tokens) {
    if (!root.is_object() || !root["model"].is_string() || root["model"].text().empty())
        return refuse("you must provide a model parameter");
    const std::string_view model = root["model"].text();
    const JsonRef wanted = root["dimensions"];
    int64_t dimensions = natural_dimensions(model);
    if (wanted && !wanted.is_null()) {
        const auto n = wanted.integer();
        if (!n) return refuse("Invalid type for 'dimensions': expected an integer.", "dimensions");
        if (*n < 1) return refuse(fmt::format("{} is less than the minimum of 1 - 'dimensions'", *n));
        if (*n > most_dimensions)
            return refuse(
                fmt::format("Invalid value for 'dimensions' = {}. Must be less than or equal to {}.", *n, dimensions));
        dimensions = *n;
    }
    const JsonRef encoding = root["encoding_format"];
    const bool in_base64 = encoding.text() == "base64";
    if (encoding && !encoding.is_null() && !in_base64 && encoding.text() != "float")
        return refuse(fmt::format("Invalid value: '{}'. Supported values are: 'float' and 'base64'.", encoding.text()),
                      "encoding_format");
    std::vector<Input> inputs;
    if (auto r = read_inputs(root["input"], inputs)) return r;

    JsonWriter w(reply.body);
    w.begin_object().field("object", "list").key("data").begin_array();
    int64_t index = 0;
    for (const Input& in : inputs) {
        input_tokens += in.tokens;
        const std::vector<float> v = vector_of(in, dimensions);
        w.begin_object().field("object", "embedding").field("index", index++).key("embedding");
        if (in_base64) {
            std::vector<unsigned char> bytes(v.size() * sizeof(float));
            std::memcpy(bytes.data(), v.data(), bytes.size());
            w.string(base64(bytes.data(), bytes.size()));
        } else {
            w.begin_array();
            for (const float f : v) w.raw(fmt::format("{:.8f}", f));
            w.end_array();
        }
        w.end_object();
    }
    w.end_array().field("model", model);
    w.key("usage")
        .begin_object()
        .field("prompt_tokens", input_tokens)
        .field("total_tokens", input_tokens)
        .end_object()
        .end_object();
    openai_headers(reply, "application/json");
    return {};
}

}  // namespace aig::sim
