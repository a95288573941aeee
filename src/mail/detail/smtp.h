// One SMTP conversation. Blocks: the sender's thread only.
#pragma once

#include <atomic>

#include "mail/mail.h"

namespace aig::mail {

/// What came of one attempt. `again` is false when the server refused it for good (5xx).
struct Sent {
    bool ok = false, again = true;
    std::string why;  ///< never the message's text
};
Sent send_smtp(const Smtp& smtp, const std::string& from, const std::string& to, const std::string& bytes,
               const std::atomic<bool>& stop);

/// "Name <a@b.c>" or "a@b.c" -> a@b.c; "" when it is neither.
std::string address_of(std::string_view mailbox);
/// An address that cannot break out of its line or its angle brackets.
bool plain_address(std::string_view address);

}  // namespace aig::mail
