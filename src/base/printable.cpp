#include "base/printable.h"

namespace aig {
namespace {
unsigned char at(std::string_view s, size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0; }

/// Bytes of the dangerous character at `i`, 0 when it is none: C0 and DEL; C1 (U+009B is "CSI" to some terminals); line
/// and paragraph separators, embeddings and overrides of direction (U+2028 to U+202E), isolates (U+2066 to U+2069).
size_t dangerous(std::string_view s, size_t i) {
    const auto c = at(s, i), next = at(s, i + 1), third = at(s, i + 2);
    if (c < 0x20 || c == 0x7F) return 1;
    if (c == 0xC2 && next >= 0x80 && next < 0xA0) return 2;
    if (c == 0xE2 && next == 0x80 && third >= 0xA8 && third <= 0xAE) return 3;
    if (c == 0xE2 && next == 0x81 && third >= 0xA6 && third <= 0xA9) return 3;
    return 0;
}
}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        const size_t bytes = dangerous(text, i);
        out += bytes ? '?' : text[i];
        i += bytes ? bytes : 1;
    }
    return out;
}

}  // namespace aig
