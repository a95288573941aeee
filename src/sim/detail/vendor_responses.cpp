// OpenAI's Responses: what stands around the answers of write_responses.cpp. Keys, errors and headers are those of the
// same vendor's other wires.
#include <fmt/format.h>

#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

bool serves(const Request& request, Place&) { return request.path == "/v1/responses"; }

Checked read(JsonRef root, const Place&, Ask& ask) { return read_openai_responses(root, ask); }

/// As recorded: the failure is told twice, as an event and as the end of the response.
Event error_event(const Refusal& r, int64_t tokens) {
    std::string bytes = "event: error\ndata: ";
    JsonWriter w(bytes);
    w.begin_object().field("type", "error").field("sequence_number", 99'998).key("error").begin_object();
    w.field("type", r.type).field("code", r.code.empty() ? r.type : r.code).field("message", r.message);
    w.field_null("param").end_object().end_object();
    bytes += "\n\nevent: response.failed\ndata: ";
    JsonWriter f(bytes);
    f.begin_object().field("type", "response.failed").field("sequence_number", 99'999).key("response").begin_object();
    f.field("id", "resp_0sim").field("object", "response").field("status", "failed").key("error").begin_object();
    f.field("code", r.code.empty() ? r.type : r.code).field("message", r.message).end_object();
    f.key("output").begin_array().end_array().field_null("usage").end_object().end_object();
    bytes += "\n\n";
    return {std::move(bytes), tokens};
}

Words words() {
    Words w = openai_words();
    w.long_context = {400, "invalid_request_error",
                      "Your input exceeds the context window of this model. Please adjust your input and try again.",
                      "input", "context_length_exceeded"};
    w.unknown_event =
        "event: response.sim_future\ndata: "
        "{\"type\":\"response.sim_future\",\"sequence_number\":7,\"detail\":{\"a\":1}}"
        "\n\n";
    return w;
}

}  // namespace

const Vendor& openai_responses_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "openai-responses";
        v.reply_id = {"resp_0", 48};
        v.call_id = {"call_", 24};
        v.caches_every_message = true;
        v.words = words();
        v.serves = serves;
        v.admit = openai_admit;
        v.read = read;
        v.write = write_openai_responses;
        v.error_body = openai_error_body;
        v.error_event = error_event;
        v.unknown_model = openai_unknown_model;
        v.headers = openai_headers;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
