#include "sim/detail/faults.h"

#include <algorithm>
#include <charconv>

#include "sim/detail/fault_edits.h"
#include "sim/detail/fault_plays.h"

namespace aig::sim {

namespace {

using enum Ends;
namespace e = edits;
namespace p = plays;

void no_words(Answer& a) {
    for (Turn& t : a.turns) t = Turn{};
    a.usage.output = a.usage.reasoning = 0;
    a.quirks.null_finish = true;
}
void refused(Answer& a) {
    for (Turn& t : a.turns) t.finish = Finish::refused;
}
template <bool Quirks::*Flag>
void set(Answer& a) {
    a.quirks.*Flag = true;
}

Fault bent(std::string_view name, Ends ends, std::string_view text, void (*bend)(Answer&)) {
    return {name, ends, ends, "", 0, text, bend, nullptr, nullptr};
}
Fault edited(std::string_view name, Ends whole, Ends streamed, std::string_view text,
             void (*edit)(Reply&, const FaultCall&), std::string_view k_means = "", int64_t k = 0) {
    return {name, whole, streamed, k_means, k, text, nullptr, edit, nullptr};
}
Fault played(std::string_view name, Ends whole, Ends streamed, std::string_view text,
             Script (*play)(const Reply&, const FaultCall&), std::string_view k_means = "", int64_t k = 0) {
    return {name, whole, streamed, k_means, k, text, nullptr, nullptr, play};
}
Fault refused_with(std::string_view name, std::string_view text, void (*edit)(Reply&, const FaultCall&),
                   std::string_view k_means = "", int64_t k = 0) {
    return {name, error, error, k_means, k, text, nullptr, edit, nullptr};
}

std::vector<Fault> make_table() {
    return {
        // the connection
        played("accept_close", broken, broken, "closes without a byte once the request is read", p::accept_close),
        played("rst_before_reply", broken, broken, "resets without a byte", p::rst_before_reply),
        played("rst_in_status", broken, broken, "resets inside the status line", p::rst_in_status),
        played("rst_in_headers", broken, broken, "resets inside the headers", p::rst_in_headers),
        played("rst_mid_body", broken, broken, "resets in the middle of the reply", p::rst_mid_body,
               "content events first", 2),
        played("eof_mid_body", broken, broken, "closes in the middle of the reply, against its framing",
               p::eof_mid_body, "content events first", 2),
        played("stall_before_headers", silent, silent, "takes the request and says nothing", p::stall_before_headers),
        played("stall_after_headers", silent, silent, "sends the headers and nothing more", p::stall_after_headers),
        played("stall_mid_sse", silent, silent, "falls silent in the middle of the reply", p::stall_mid_sse,
               "content events first", 2),
        played("done_missing_open", fine, silent, "sends all but the terminal event and keeps the connection open",
               p::done_missing_open),
        played("close_after_reply", fine, fine, "closes the kept-alive connection right after a good reply",
               p::close_after_reply),
        // streams that end wrongly inside intact HTTP
        edited("eof_without_done", fine, odd, "ends the stream without its last events", e::eof_without_done,
               "events left out", 1),
        edited("eof_mid_event", fine, odd, "ends the stream inside an event", e::eof_mid_event, "content events first",
               2),
        edited("eof_mid_utf8", odd, odd, "ends inside a UTF-8 character", e::eof_mid_utf8, "content events first", 2),
        edited("events_after_done", fine, fine, "sends content after the terminal event", e::events_after_done),
        edited("json_error_200", odd, odd, "status 200 with a JSON error body", e::json_error_200),
        edited("sse_error_first", odd, odd, "status 200, an error as the first event", e::sse_error_first),
        edited("sse_error_mid", odd, odd, "an error event in the middle of the stream", e::sse_error_mid,
               "content events first", 2),
        edited("raw_json_tail", odd, odd, "a bare JSON error, not an event, ends the stream", e::raw_json_tail,
               "content events first", 2),
        edited("malformed_event", odd, odd, "one event is not JSON", e::malformed_event, "content events first", 2),
        edited("truncated_json", odd, odd, "the JSON stops in the middle, the framing is whole", e::truncated_json,
               "content events first", 2),
        edited("wrong_content_type", odd, odd, "a good answer labelled text/plain", e::wrong_content_type),
        edited("unknown_event", fine, fine, "an event of an unknown type between the others", e::unknown_event),
        edited("sse_crlf", fine, fine, "events with CR LF line ends", e::sse_crlf),
        edited("sse_no_space", fine, fine, "data: without the space", e::sse_no_space),
        edited("sse_comments", fine, fine, "a comment before every event", e::sse_comments),
        played("sse_comments_only", silent, silent, "comments for ever (white space for a whole reply)",
               p::sse_comments_only, "ms between two", 100),
        // answers that are written badly
        bent("finish_with_content", fine, "finish_reason in the same chunk as the last content (OpenAI)",
             set<&Quirks::finish_with_content>),
        bent("null_finish", odd, "the finish reason stays null", set<&Quirks::null_finish>),
        bent("content_filter", fine, "finish_reason content_filter, stop_reason refusal", refused),
        bent("zero_output", odd, "no output and no finish reason", no_words),
        bent("usage_missing", fine, "no usage", set<&Quirks::no_usage>),
        bent("usage_twice", fine, "usage comes twice, the second is right", set<&Quirks::usage_twice>),
        bent("usage_negative", fine, "token counts of -5", [](Answer& a) { a.quirks.usage_number = "-5"; }),
        bent("usage_huge", fine, "token counts of 10^18",
             [](Answer& a) { a.quirks.usage_number = "1000000000000000000"; }),
        bent("usage_float", fine, "token counts of 12.5", [](Answer& a) { a.quirks.usage_number = "12.5"; }),
        bent("usage_string", fine, "token counts as strings", [](Answer& a) { a.quirks.usage_number = "\"12\""; }),
        bent("split_tool_arguments", fine, "tool arguments one character an event", set<&Quirks::split_arguments>),
        // refusals
        refused_with("400", "status 400", e::status<400>),
        refused_with("context_length", "status 400, the context window is exceeded", e::context_length),
        refused_with("content_policy", "status 400, refused by the safety system", e::content_policy),
        refused_with("401", "status 401", e::status<401>),
        refused_with("402", "status 402", e::status<402>),
        refused_with("403", "status 403", e::status<403>),
        refused_with("404", "status 404, model not found", e::status<404>),
        refused_with("413", "status 413", e::status<413>),
        refused_with("429_seconds", "status 429 with Retry-After in seconds", e::rate_limited_seconds, "seconds", 2),
        refused_with("429_date", "status 429 with Retry-After as a date", e::rate_limited_date, "seconds from now", 2),
        refused_with("429_plain", "status 429 without Retry-After", e::rate_limited_plain),
        refused_with("429_spend_limit", "status 429 because the spend limit is reached", e::spend_limit),
        refused_with("500", "status 500", e::status<500>),
        refused_with("502", "status 502", e::status<502>),
        refused_with("503", "status 503", e::status<503>),
        refused_with("504", "status 504", e::status<504>),
        refused_with("529", "status 529, overloaded", e::status<529>),
        refused_with("fail_times", "status 500 for the first k calls of this model name, then good answers",
                     e::status<500>, "calls that fail", 1),
        refused_with("html_error", "status 502 with an HTML page", e::html_error),
        edited("html_200", odd, odd, "status 200 with an HTML page", e::html_200),
        refused_with("redirect_301", "status 301 to /sim/redirected, which counts who follows", e::redirect_301),
        refused_with("redirect_307", "status 307 to /sim/redirected", e::redirect_307),
        // HTTP itself
        played("cl_too_long", broken, broken, "Content-Length promises 100 bytes too many, then closes",
               p::cl_too_long),
        played("cl_too_short", broken, broken, "Content-Length is 10 bytes short; the rest follows all the same",
               p::cl_too_short),
        played("cl_and_te", broken, broken, "Content-Length and Transfer-Encoding together", p::cl_and_te),
        played("bad_chunk", broken, broken, "a chunk size that is no number", p::bad_chunk),
        played("long_header", fine, fine, "one very long header line", p::long_header, "MiB", 1),
        played("many_headers", fine, fine, "very many headers", p::many_headers, "headers", 300),
        played("huge_body", fine, fine, "a very large body", p::huge_body, "MiB", 1'024),
        played("long_line", odd, fine, "one very long SSE line, or JSON string", p::long_line, "MiB", 64),
        edited("gzip_ok", fine, fine, "gzip, asked for or not", e::gzip_ok),
        played("gzip_bomb", fine, fine, "gzip that grows a thousandfold", p::gzip_bomb, "MiB", 1'024),
        edited("gzip_truncated", odd, odd, "gzip that stops in the middle", e::gzip_truncated),
        played("early_1xx", fine, fine, "100 and 103 before the reply", p::early_1xx),
        played("http09", broken, broken, "a body without status line and headers", p::http09),
        played("drip", fine, fine, "one byte at a time (cut after 60 s)", p::drip, "ms for each byte", 10),
        played("slow_first_byte", fine, fine, "waits before the first byte", p::slow_first_byte, "ms", 1'000),
        played("slow", fine, fine, "waits before every event (before a whole reply once)", p::slow, "ms", 100),
    };
}

}  // namespace

const std::vector<Fault>& faults() {
    static const std::vector<Fault> table = make_table();
    return table;
}

FaultChoice fault_of(std::string_view model) {
    static constexpr std::string_view mark = "fault/";
    const size_t at = model.find(mark);
    if (at == std::string_view::npos || (at > 0 && model[at - 1] != '/')) return {};
    std::string_view name = model.substr(at + mark.size());
    FaultChoice choice;
    choice.named = true;
    int64_t k = -1;
    if (const size_t sign = name.find('@'); sign != std::string_view::npos) {
        const std::string_view digits = name.substr(sign + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), k);
        if (error != std::errc() || end != digits.data() + digits.size() || k < 0) return choice;
        name = name.substr(0, sign);
    }
    for (const Fault& f : faults())
        if (f.name == name) {
            choice.fault = &f;
            choice.k = k >= 0 ? k : f.k_default;
        }
    return choice;
}

}  // namespace aig::sim
