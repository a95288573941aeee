// Replies as the client would read them: no crash, and the same verdict in any pieces.
#include <cstdint>
#include <cstdlib>

#include "net/testing/drive.cpp"  // the tests' driver is in no library

using aig::net::testing::drive_reply;

/// Which of several faults is named may depend on the pieces; whether there is one may not.
static bool same(const aig::net::testing::Verdict& a, const aig::net::testing::Verdict& b) {
    if (a.messages != b.messages || a.refused.empty() != b.refused.empty()) return false;
    return !a.refused.empty() || (a.open == b.open && a.closes == b.closes);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = drive_reply(bytes, size + 1);
    for (const size_t piece : {1, 3, 17}) {
        if (!same(drive_reply(bytes, piece), whole)) std::abort();
    }
    return 0;
}
