// Test helpers: a blocking socket client that keeps every byte, a strict reader of HTTP replies, and readers of both
// wires that say whether a reply is a whole, correct answer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace aig::sim::testing {

struct HttpReply {
    bool whole = false;  ///< framing is complete and without contradiction
    std::string fault;   ///< why not
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    size_t header_count = 0;
    std::string body;  ///< chunks undone, gzip undone
    size_t used = 0;   ///< bytes of the first reply
};

/// Reads the first reply of the bytes; informational replies are skipped.
HttpReply parse_reply(std::string_view bytes);

enum class Closing : uint8_t { open, fin, reset };

struct RawReply {
    std::string bytes;
    Closing closing = Closing::open;
    HttpReply http;
};

class RawClient {
  public:
    explicit RawClient(uint16_t port);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    bool send(std::string_view bytes);
    /// Reads until a reply is whole, the peer closes, or nothing came for `quiet_ms`. Takes the reply off the buffer.
    RawReply read(int quiet_ms = 10'000);
    /// Reads until the buffer holds `text`; false when the peer closed first.
    bool read_until(std::string_view text, int quiet_ms = 10'000);
    void close();

  private:
    Closing read_some(int quiet_ms, bool& quiet);
    int fd_ = -1;
    std::string buffer_;
};

/// A POST with both vendors' headers, content-length framing.
std::string post(std::string_view path, std::string_view body, std::string_view more_headers = "");

/// What a caller understands of an answer on either wire, streamed or not.
struct Understood {
    bool correct =
        false;  ///< every event is JSON, no error, there is a finish reason and (streamed) the terminal event
    std::string fault;
    std::string text, reasoning, finish, stop_sequence, signature;
    struct Call {
        std::string id, name, arguments;
        size_t fragments = 0;
    };
    std::vector<Call> calls;
    std::map<int64_t, std::string> choices;  ///< text of each choice (OpenAI)
    int64_t input_tokens = -1, output_tokens = -1, cached_tokens = -1, cache_write_tokens = -1, reasoning_tokens = -1;
    size_t usages = 0, deltas = 0, logprobs = 0;
};
Understood understand_openai(const HttpReply& reply, bool stream);
Understood understand_anthropic(const HttpReply& reply, bool stream);
/// `signature` is the encrypted reasoning.
Understood understand_responses(const HttpReply& reply, bool stream);

/// The data of every event; a last event without its blank line is given with `cut`.
std::vector<std::string> sse_data(std::string_view body, bool* cut = nullptr);

}  // namespace aig::sim::testing
