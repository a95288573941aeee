#include "sim/detail/fault_edits.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <ctime>

#include "sim/detail/wires.h"

namespace aig::sim::edits {

namespace {

/// Index of the event after the k-th content event, never behind the last one.
size_t after_content(const Reply& r, int64_t k) {
    const size_t at = r.content_at + static_cast<size_t>(std::max<int64_t>(k, 0));
    return std::min(at, r.events.empty() ? 0 : r.events.size() - 1);
}

int64_t tokens_before(const Reply& r, size_t at) { return at == 0 || r.events.empty() ? 0 : r.events[at - 1].tokens; }

void cut(Reply& r, size_t at) {
    r.tokens = tokens_before(r, at);
    r.events.resize(at);
}

void cut_body(Reply& r) { r.body.resize(r.body.size() / 2); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

const Refusal server_error{500, "server_error",
                           "The server had an error while processing your request. Sorry about that!", "", ""};

const Refusal& stream_error(const FaultCall& call) { return call.wire->words.overloaded; }

/// gzip of pieces, flushed after each so that a stream stays a stream.
class Gzip {
  public:
    Gzip() { ok_ = deflateInit2(&z_, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK; }
    ~Gzip() {
        if (ok_) deflateEnd(&z_);
    }
    Gzip(const Gzip&) = delete;
    std::string add(std::string_view text, bool last) {
        std::string out;
        if (!ok_) return out;
        z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        z_.avail_in = static_cast<uInt>(text.size());
        char buffer[4'096];
        do {
            z_.next_out = reinterpret_cast<Bytef*>(buffer);
            z_.avail_out = sizeof buffer;
            deflate(&z_, last ? Z_FINISH : Z_SYNC_FLUSH);
            out.append(buffer, sizeof buffer - z_.avail_out);
        } while (z_.avail_out == 0);
        return out;
    }

  private:
    z_stream z_{};
    bool ok_ = false;
};

}  // namespace

void refuse(Reply& reply, const FaultCall& call, Refusal refusal) { reply = refusal_reply(*call.wire, refusal); }

template <int S>
void status(Reply& reply, const FaultCall& call) {
    Refusal r{S, S >= 500 ? "server_error" : "invalid_request_error", "", "", ""};
    switch (S) {
        case 400:
            r.message = "Invalid request: the simulated provider was told to refuse it.";
            break;
        case 401:
            r.message =
                "Incorrect API key provided: sk-sim****. You can find your API key at "
                "https://platform.openai.com/account/api-keys.";
            r.code = "invalid_api_key";
            break;
        case 402:
            r.message = "Insufficient Balance";
            r.type = "insufficient_quota";
            r.code = "insufficient_quota";
            break;
        case 403:
            r.message = "You are not allowed to sample from this model";
            break;
        case 404:
            r.message = "The model `fault/404` does not exist or you do not have access to it.";
            r.code = "model_not_found";
            break;
        case 413:
            r.message = "Request exceeds the maximum allowed number of bytes.";
            break;
        case 503:
            r.message = "The engine is currently overloaded, please try again later";
            break;
        case 529:
            r.message = "Overloaded";
            r.type = "overloaded_error";
            break;
        default:
            r.message = server_error.message;
            break;
    }
    refuse(reply, call, std::move(r));
}
template void status<400>(Reply&, const FaultCall&);
template void status<401>(Reply&, const FaultCall&);
template void status<402>(Reply&, const FaultCall&);
template void status<403>(Reply&, const FaultCall&);
template void status<404>(Reply&, const FaultCall&);
template void status<413>(Reply&, const FaultCall&);
template void status<500>(Reply&, const FaultCall&);
template void status<502>(Reply&, const FaultCall&);
template void status<503>(Reply&, const FaultCall&);
template void status<504>(Reply&, const FaultCall&);
template void status<529>(Reply&, const FaultCall&);

void rate_limited_plain(Reply& reply, const FaultCall& call) {
    refuse(reply, call, {429, "requests", "Rate limit reached for requests.", "", "rate_limit_exceeded"});
}
void rate_limited_seconds(Reply& reply, const FaultCall& call) {
    rate_limited_plain(reply, call);
    reply.set("retry-after", std::to_string(call.k));
}
void rate_limited_date(Reply& reply, const FaultCall& call) {
    rate_limited_plain(reply, call);
    const std::time_t when = std::time(nullptr) + call.k;
    std::tm tm{};
    gmtime_r(&when, &tm);
    char text[40];
    reply.set("retry-after", std::string(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm)));
}

/// A 429 that no waiting cures: OpenAI says insufficient_quota, Anthropic names the enforced spend limit and sends no
/// Retry-After.
void spend_limit(Reply& reply, const FaultCall& call) { refuse(reply, call, call.wire->words.no_quota); }
void context_length(Reply& reply, const FaultCall& call) { refuse(reply, call, call.wire->words.long_context); }
void content_policy(Reply& reply, const FaultCall& call) { refuse(reply, call, call.wire->words.policy); }

namespace {
void html(Reply& reply, int code) {
    reply = Reply();
    reply.status = code;
    reply.body =
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
        "Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n";
    reply.set("content-type", "text/html; charset=UTF-8");
}
void redirect(Reply& reply, const FaultCall& call, int code) {
    reply = Reply();
    reply.status = code;
    reply.set("location", fmt::format("http://127.0.0.1:{}/sim/redirected", call.port));
}
}  // namespace

void html_error(Reply& reply, const FaultCall&) { html(reply, 502); }
void html_200(Reply& reply, const FaultCall&) { html(reply, 200); }
void redirect_301(Reply& reply, const FaultCall& call) { redirect(reply, call, 301); }
void redirect_307(Reply& reply, const FaultCall& call) { redirect(reply, call, 307); }

void json_error_200(Reply& reply, const FaultCall& call) {
    reply = refusal_reply(*call.wire, stream_error(call));
    reply.status = 200;
}

void wrong_content_type(Reply& reply, const FaultCall&) { reply.set("content-type", "text/plain; charset=utf-8"); }

void eof_without_done(Reply& r, const FaultCall& call) {
    if (r.streamed) cut(r, r.events.size() - std::min(r.events.size(), static_cast<size_t>(call.k)));
}

void eof_mid_event(Reply& r, const FaultCall& call) {
    if (!r.streamed) return;
    const size_t at = after_content(r, call.k);
    std::string half = r.events[at].bytes.substr(0, r.events[at].bytes.size() / 2);
    cut(r, at);
    r.events.push_back({std::move(half), r.tokens});
}

void eof_mid_utf8(Reply& r, const FaultCall& call) {
    if (!r.streamed) {
        cut_body(r);
        r.body += "\xe2\x82";
        return;
    }
    const size_t at = after_content(r, call.k);
    cut(r, at);
    r.events.push_back({"data: {\"id\":\"x\",\"text\":\"\xe2\x82", r.tokens});
}

void events_after_done(Reply& r, const FaultCall&) {
    if (r.streamed && !r.events.empty())
        r.events.push_back({r.events[std::min(r.content_at, r.events.size() - 1)].bytes, r.tokens});
}

void sse_error_first(Reply& r, const FaultCall& call) {
    if (!r.streamed) return json_error_200(r, call);
    cut(r, 0);
    r.events.push_back(call.wire->error_event(stream_error(call), 0));
}

void sse_error_mid(Reply& r, const FaultCall& call) {
    if (!r.streamed) return json_error_200(r, call);
    cut(r, after_content(r, call.k));
    r.events.push_back(call.wire->error_event(stream_error(call), r.tokens));
}

void raw_json_tail(Reply& r, const FaultCall& call) {
    if (!r.streamed) return json_error_200(r, call);
    cut(r, after_content(r, call.k));
    r.events.push_back(
        {call.wire->error_body({503, "api_error", "The model is overloaded. Please try again later.", "", ""}),
         r.tokens});
}

void malformed_event(Reply& r, const FaultCall& call) {
    if (!r.streamed) return truncated_json(r, call);
    Event& e = r.events[after_content(r, call.k)];
    const size_t open = e.bytes.find('{');
    if (open != std::string::npos) e.bytes.insert(open + 1, "\"broken\":,");
}

void truncated_json(Reply& r, const FaultCall& call) {
    if (!r.streamed) return cut_body(r);
    const size_t at = after_content(r, call.k);
    std::string bytes = r.events[at].bytes;
    cut(r, at);
    r.events.push_back({bytes.substr(0, bytes.size() * 2 / 3) + "\n\n", r.tokens});
}

void unknown_event(Reply& r, const FaultCall& call) {
    if (!r.streamed) return;
    const size_t at = std::min(r.content_at + 1, r.events.size());
    const std::string bytes(call.wire->words.unknown_event);
    r.events.insert(r.events.begin() + static_cast<ptrdiff_t>(at), {bytes, tokens_before(r, at)});
}

void sse_crlf(Reply& r, const FaultCall&) {
    for (Event& e : r.events) replace_all(e.bytes, "\n", "\r\n");
}
void sse_no_space(Reply& r, const FaultCall&) {
    for (Event& e : r.events) {
        replace_all(e.bytes, "\ndata: ", "\ndata:");
        if (e.bytes.starts_with("data: ")) e.bytes.erase(5, 1);
        if (e.bytes.starts_with("event: ")) e.bytes.erase(6, 1);
    }
}
void sse_comments(Reply& r, const FaultCall&) {
    for (Event& e : r.events) e.bytes.insert(0, ": OPENROUTER PROCESSING\n\n");
}

void gzip_ok(Reply& r, const FaultCall&) {
    Gzip gzip;
    r.set("content-encoding", "gzip");
    if (!r.streamed) {
        r.body = gzip.add(r.body, true);
        return;
    }
    for (size_t i = 0; i < r.events.size(); ++i)
        r.events[i].bytes = gzip.add(r.events[i].bytes, i + 1 == r.events.size());
}

void gzip_truncated(Reply& r, const FaultCall& call) {
    gzip_ok(r, call);
    if (r.streamed)
        cut(r, after_content(r, 1));
    else
        cut_body(r);
}

}  // namespace aig::sim::edits
