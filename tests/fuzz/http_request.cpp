// Requests as a connection would read them. Whatever the bytes: no crash, the same verdict in any pieces, and every
// message that is accepted survives being written out plainly and read again (nothing in it can change where it ends).
#include <cstdint>
#include <cstdlib>

#include "net/testing/drive.cpp"  // the tests' driver is in no library

using aig::net::testing::drive_requests;
using aig::net::testing::Message;

/// Which of several faults is named may depend on the pieces; whether there is one may not.
static bool same(const aig::net::testing::Verdict& a, const aig::net::testing::Verdict& b) {
    if (a.messages != b.messages || a.refused.empty() != b.refused.empty()) return false;
    return !a.refused.empty() || (a.open == b.open && a.closes == b.closes);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = drive_requests(bytes, size + 1);
    for (const size_t piece : {1, 3, 17}) {
        if (!same(drive_requests(bytes, piece), whole)) std::abort();
    }
    for (const Message& message : whole.messages) {
        const std::string again = message.start +
                                  " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(message.body.size()) +
                                  "\r\n\r\n" + message.body;
        const auto reread = drive_requests(again, again.size());
        if (reread.messages.size() != 1 || !(reread.messages[0] == message) || !reread.refused.empty()) std::abort();
    }
    return 0;
}
