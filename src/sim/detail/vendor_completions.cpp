// OpenAI's legacy text completions: what stands around the answers of write_completions.cpp.
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

bool serves(const Request& request, Place&) { return request.path == "/v1/completions"; }

Checked read(JsonRef root, const Place&, Ask& ask) { return read_openai_completions(root, ask); }

}  // namespace

const Vendor& openai_completions_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "openai-completions";
        v.reply_id = {"cmpl-", 29};
        v.call_id = {"call_", 24};
        v.words = openai_words();
        v.serves = serves;
        v.admit = openai_admit;
        v.read = read;
        v.write = write_openai_completions;
        v.error_body = openai_error_body;
        v.error_event = openai_error_event;
        v.unknown_model = openai_unknown_model;
        v.headers = openai_headers;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
