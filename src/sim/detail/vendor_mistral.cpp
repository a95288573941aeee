// Mistral's chat completions: OpenAI's form with a closed list of members and ids of calls of nine letters and digits;
// usage comes at the end of a stream without being asked for. Below /mistral/v1, because OpenAI has the plain paths.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/detail/wires.h"

namespace aig::sim {
namespace {

constexpr std::array<std::string_view, 21> request_fields{"model",
                                                          "temperature",
                                                          "top_p",
                                                          "max_tokens",
                                                          "stream",
                                                          "stop",
                                                          "random_seed",
                                                          "metadata",
                                                          "messages",
                                                          "response_format",
                                                          "tools",
                                                          "tool_choice",
                                                          "prediction",
                                                          "presence_penalty",
                                                          "n",
                                                          "parallel_tool_calls",
                                                          "frequency_penalty",
                                                          "prompt_mode",
                                                          "safe_prompt",
                                                          "reasoning_effort",
                                                          "prompt_cache_key"};

Refusal refuse(std::string message) { return {422, "invalid_request_error", std::move(message), "", "3051"}; }

bool serves(const Request& request, Place& place) {
    if (request.path == "/mistral/v1/embeddings") place.task = Task::embed;
    return place.task == Task::embed || request.path == "/mistral/v1/chat/completions";
}

Checked embed(JsonRef root, const Place&, Reply& reply, int64_t& input_tokens) {
    return read_and_write_embeddings(root, reply, input_tokens);
}

bool id_ok(std::string_view id) {
    return id.size() == 9 &&
           std::all_of(id.begin(), id.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)); });
}

Checked check_messages(JsonRef messages) {
    for (const JsonRef m : messages) {
        if (m["role"].text() == "developer") return refuse("messages.role: Input should be 'system', 'user' ...");
        for (const std::string_view name : {"reasoning_content", "refusal"})
            if (m[name]) return refuse(fmt::format("messages.{}: Extra inputs are not permitted", name));
        for (const JsonRef c : m["tool_calls"])
            if (!id_ok(c["id"].text()))
                return refuse(
                    fmt::format("Tool call id was {} but must be a-z, A-Z, 0-9, with a length of 9.", c["id"].text()));
    }
    return {};
}

Checked read(JsonRef root, const Place&, Ask& ask) {
    // The Ask's views point into the document that was read, so it stays until this thread's next call.
    static thread_local JsonDoc rewritten;
    if (auto r = check_messages(root["messages"])) return r;
    std::string body;
    JsonWriter w(body);
    w.begin_object();
    for (const JsonRef m : root) {
        if (std::find(request_fields.begin(), request_fields.end(), m.key()) == request_fields.end())
            return refuse(fmt::format("{}: Extra inputs are not permitted", m.key()));
        static constexpr std::array<std::string_view, 4> its_own{"prediction", "prompt_mode", "safe_prompt",
                                                                 "metadata"};
        if (m.key() == "random_seed")
            w.field_raw("seed", m.raw());
        else if (std::find(its_own.begin(), its_own.end(), m.key()) == its_own.end())
            w.field_raw(m.key(), m.raw());
    }
    w.end_object();
    auto doc = JsonDoc::parse(body);
    if (!doc) return refuse("the body is not an object");
    rewritten = *std::move(doc);
    auto refused = read_openai_chat(rewritten.root(), ask);
    ask.include_usage = true;
    return refused;
}

}  // namespace

const Vendor& mistral_vendor() {
    static const Vendor vendor = [] {
        Vendor v = openai_vendor();
        v.name = "mistral";
        v.call_id = {"", 9};
        v.serves = serves;
        v.read = read;
        v.embed = embed;
        v.models = nullptr;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
