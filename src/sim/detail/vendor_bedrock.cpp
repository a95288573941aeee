// Amazon Bedrock's runtime: Converse for every model, InvokeModel for Anthropic's. Takes a Bedrock API key as Bearer,
// or a signature.
#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "sim/detail/bedrock.h"
#include "sim/detail/event_stream.h"
#include "sim/detail/sigv4.h"
#include "sim/detail/wires.h"

namespace aig::sim {
namespace bedrock {
namespace {

std::string unescaped(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (text[i] != '%' || digits.size() < 2 || bad != std::errc{} || end != digits.data() + 2) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

std::string_view exception_name(int status) {
    switch (status) {
        case 400:
            return "validationException";
        case 403:
            return "accessDeniedException";
        case 404:
            return "resourceNotFoundException";
        case 429:
            return "throttlingException";
        case 503:
        case 529:
            return "serviceUnavailableException";
        default:
            return "internalServerException";
    }
}

}  // namespace

bool serves(std::string_view path, std::string_view whole, std::string_view streamed, Place& place) {
    constexpr std::string_view front = "/model/";
    const size_t slash = path.rfind('/');
    if (!path.starts_with(front) || slash <= front.size()) return false;
    const auto operation = path.substr(slash + 1);
    if (operation != whole && operation != streamed) return false;
    place.model = unescaped(path.substr(front.size(), slash - front.size()));
    place.stream = operation == streamed;
    return true;
}

Checked admit(const Request& request, std::string_view key) {
    const std::string_view auth = request.header("authorization");
    if (auth.empty()) return Refusal{403, "", "Missing Authentication Token", "", ""};
    if (auth.starts_with("AWS4-")) {
        const auto fault = signature_fault(request, std::time(nullptr));
        return fault.empty() ? Checked() : Checked(Refusal{403, "", fault, "", ""});
    }
    if (bearer(request).empty() || (!key.empty() && bearer(request) != key))
        return Refusal{403, "", "Invalid API Key format: Must start with pre-defined prefix", "", ""};
    return {};
}

std::string error_body(const Refusal& r) { return fmt::format("{{\"message\":{}}}", json_string(r.message)); }

Event error_event(const Refusal& r, int64_t tokens) {
    return {amazon_exception(exception_name(r.status), error_body(r)), tokens};
}

Refusal unknown_model(std::string_view) { return {400, "", "The provided model identifier is invalid.", "", ""}; }

void headers(Reply& reply, std::string_view content_type) {
    reply.set("content-type", std::string(content_type));
    reply.set("x-amzn-requestid", vendor_id("", 32, next_serial()));
    if (reply.status < 400) return;
    std::string name(exception_name(reply.status));
    name[0] = static_cast<char>(name[0] - 32);
    reply.set("x-amzn-errortype", name + ":http://internal.amazon.com/coral/com.amazon.bedrock/");
}

Words words() {
    static const std::string unknown = amazon_event("simFutureEvent", R"({"detail":{"a":1}})");
    Words w;
    w.not_json = "Malformed input request, please reformat your input and try again.";
    w.overloaded = {503, "", "Bedrock is unable to process your request.", "", ""};
    w.no_quota = {429, "", "Too many tokens per day, please wait before trying again.", "", ""};
    w.long_context = {400, "",
                      "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds "
                      "maximum length. Please update the input to try again.",
                      "", ""};
    w.policy = {400, "", "The model returned the following errors: Output blocked by content filtering policy", "", ""};
    w.unknown_event = unknown;
    return w;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    uint32_t bits = 0;
    int have = 0;
    for (const char c : bytes) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (have += 8; have >= 6; have -= 6) out += letters[(bits >> (have - 6)) & 63];
    }
    if (have > 0) out += letters[(bits << (6 - have)) & 63];
    while (out.size() % 4) out += '=';
    return out;
}

namespace {

bool serves_converse(const Request& r, Place& place) { return serves(r.path, "converse", "converse-stream", place); }
bool serves_invoke(const Request& r, Place& place) {
    return serves(r.path, "invoke", "invoke-with-response-stream", place);
}

/// The body of Messages with its version inside, and without what the path says.
Checked read_invoke(JsonRef root, const Place& place, Ask& ask) {
    // The Ask's views point into the document that was read, so it stays until this thread's next call.
    static thread_local JsonDoc rewritten;
    if (root["anthropic_version"].text() != "bedrock-2023-05-31")
        return Refusal{400, "", "anthropic_version: Field required", "", ""};
    for (const std::string_view name : {"model", "stream"})
        if (root[name]) return Refusal{400, "", fmt::format("{}: Extra inputs are not permitted", name), "", ""};
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("model", place.model).field("stream", place.stream);
    for (const JsonRef m : root)
        if (m.key() != "anthropic_version" && m.key() != "anthropic_beta") w.field_raw(m.key(), m.raw());
    w.end_object();
    auto doc = JsonDoc::parse(body);
    if (!doc) return Refusal{400, "", "Malformed input request", "", ""};
    rewritten = *std::move(doc);
    return read_anthropic_messages(rewritten.root(), ask);
}

/// Each event of Messages, wrapped into a chunk.
Reply write_invoke(const Ask& ask, const Answer& answer) {
    Reply reply = write_anthropic(ask, answer);
    reply.drop("request-id");
    for (Event& e : reply.events) {
        const size_t from = e.bytes.find("data: ") + 6;
        const auto data = std::string_view(e.bytes).substr(from, e.bytes.size() - from - 2);
        e.bytes = amazon_event("chunk", fmt::format(R"({{"bytes":"{}","p":"abcdefgh"}})", base64(data)));
    }
    headers(reply, reply.streamed ? "application/vnd.amazon.eventstream" : "application/json");
    return reply;
}

Vendor shared(std::string_view name) {
    Vendor v;
    v.name = name;
    v.reply_id = {"msg_bdrk_01", 22};
    v.words = words();
    v.admit = admit;
    v.error_body = error_body;
    v.error_event = error_event;
    v.unknown_model = unknown_model;
    v.headers = headers;
    return v;
}

}  // namespace
}  // namespace bedrock

const Vendor& bedrock_vendor() {
    static const Vendor vendor = [] {
        Vendor v = bedrock::shared("bedrock");
        v.call_id = {"tooluse_", 22};
        v.serves = bedrock::serves_converse;
        v.read = bedrock::read_converse;
        v.write = bedrock::write_converse;
        return v;
    }();
    return vendor;
}

const Vendor& bedrock_invoke_vendor() {
    static const Vendor vendor = [] {
        Vendor v = bedrock::shared("bedrock-invoke");
        v.call_id = {"toolu_bdrk_01", 22};
        v.serves = bedrock::serves_invoke;
        v.read = bedrock::read_invoke;
        v.write = bedrock::write_invoke;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
