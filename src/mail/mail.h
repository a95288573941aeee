// Mail that has to arrive: a message is a row, written in the batch of what caused it (post), so it survives a restart.
// A Sender takes the rows out on a thread of its own, by SMTP or, without an SMTP server, into files (outbox), and
// tries again for a day: 30 s, 2 min, 10 min, 1 h, then every 4 h. The text is emptied when it went or was given up.
// Recipients and subjects that hold a line end are refused, so that nobody can write headers. Bodies are plain text;
// they may hold a secret (a link that works once), so they reach no log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace aig::mail {

struct Message {
    std::string to, subject, text;
};

/// For the batch of the cause; wake() the sender when it is durable. bad_param when it cannot be sent.
Result<std::unique_ptr<store::Op>> post(Message message);

/// The message as RFC 5322 bytes: 7-bit headers (RFC 2047 where needed), body quoted-printable, CR LF everywhere.
std::string render(const Message& message, std::string_view from, int64_t at_us, std::string_view id);

struct Smtp {
    std::string url;  ///< "smtp://mail.example.com:587", "smtps://…:465"; "" = the outbox
    std::string user, password;
    bool starttls = true;  ///< smtp:// only: refuse to go on without TLS
    std::string ca_file;   ///< "" = the system's
    int64_t timeout_ms = 20'000;
};
struct SenderOptions {
    Smtp smtp;
    std::string from = "AIGateway <aig@localhost>";
    std::string outbox;    ///< a folder; made when the first mail comes
    bool expected = true;  ///< somebody counts on mails: say so at the start when they reach nobody
    int64_t poll_ms = 10'000;
    size_t max_waiting = 10'000;  ///< rows; sign-ups beyond it are told to come later
};

class Sender {
  public:
    /// bad_param when `from` is no address.
    static Result<std::unique_ptr<Sender>> start(store::Store& store, SenderOptions options);
    virtual ~Sender() =
        default;  ///< at most one second after a transfer that runs, then cuts it; its mail is sent again
    /// Thread-safe: something new is waiting.
    virtual void wake() = 0;
    virtual bool outbox() const = 0;  ///< mails go into files
    /// Mails that wait; refreshed by the sender.
    virtual int64_t waiting() const = 0;
    virtual bool full() const = 0;
};

}  // namespace aig::mail
