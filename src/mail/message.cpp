#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/time.h"
#include "mail/detail/smtp.h"

namespace aig::mail {
namespace {
constexpr size_t max_address = 254, max_subject = 200, max_text = 64 << 10, max_line = 76;

bool visible(char c) { return c > ' ' && c < 0x7f; }
bool one_line(std::string_view s) {
    return std::none_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

std::string base64(std::string_view in) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t i = 0; i < in.size(); i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; ++k) v = v << 8 | (i + k < in.size() ? static_cast<unsigned char>(in[i + k]) : 0u);
        for (size_t k = 0; k < 4; ++k) out += i + k > in.size() ? '=' : digits[v >> (18 - 6 * k) & 63];
    }
    return out;
}

/// Words of at most 45 bytes each, cut between characters, so that no encoded word is longer than 75.
std::string header_text(std::string_view text) {
    if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
        return std::string(text);
    std::string out;
    while (!text.empty()) {
        size_t n = std::min<size_t>(45, text.size());
        while (n < text.size() && n > 1 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
        out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ", base64(text.substr(0, n)));
        text.remove_prefix(n);
    }
    return out;
}

/// Quoted-printable: every line short, a dot or "From " at a line's begin as harmless as any letter.
std::string quoted_printable(std::string_view text) {
    std::string out;
    size_t column = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\r') continue;
        if (c == '\n') {
            out += "\r\n";
            column = 0;
            continue;
        }
        const bool last = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
        const bool plain = (visible(c) && c != '=' && !(column == 0 && c == '.')) || (c == ' ' && !last);
        const auto piece = plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
        if (column + piece.size() >= max_line) {
            out += "=\r\n";
            column = 0;
        }
        out += piece;
        column += piece.size();
    }
    if (column) out += "\r\n";
    return out;
}

std::string date(int64_t at_us) {
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto seconds = static_cast<std::time_t>(at_us / 1'000'000);
    std::tm t{};
    gmtime_r(&seconds, &t);
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
                       t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

Error bad(std::string_view what) {
    return Error(ErrorCode::bad_param, fmt::format("A mail's {} is not sendable.", what)).param(std::string(what));
}

constexpr const char* mail_insert =
    "INSERT INTO mail (recipient, subject, body, next_us, created_us) VALUES (?1, ?2, ?3, ?4, ?4)";
}  // namespace

bool plain_address(std::string_view a) {
    const auto at = a.rfind('@');
    return a.size() <= max_address && at != std::string_view::npos && at > 0 && at + 1 < a.size() &&
           std::all_of(a.begin(), a.end(), visible) && a.find_first_of("<>()[]\\,;:\"") == std::string_view::npos &&
           a.find('@') == at;
}

std::string address_of(std::string_view mailbox) {
    if (const auto open = mailbox.rfind('<'); open != std::string_view::npos && mailbox.ends_with('>'))
        mailbox = mailbox.substr(open + 1, mailbox.size() - open - 2);
    return plain_address(mailbox) ? std::string(mailbox) : std::string();
}

Result<std::unique_ptr<store::Op>> post(Message m) {
    if (!plain_address(m.to)) return bad("to");
    if (m.subject.empty() || m.subject.size() > max_subject || !one_line(m.subject)) return bad("subject");
    if (m.text.size() > max_text) return bad("text");
    return store::op([m = std::move(m), at = now_us()](store::Db& db) -> Status {
        auto q = db.query(mail_insert);
        q.bind(std::string_view(m.to)).bind(std::string_view(m.subject)).bind(std::string_view(m.text)).bind(at);
        TRYV(q.run());
        return {};
    });
}

std::string render(const Message& m, std::string_view from, int64_t at_us, std::string_view id) {
    const auto sender = address_of(from);
    const auto host = sender.substr(sender.rfind('@') + 1);
    std::string shown(from);
    if (const auto open = from.rfind('<'); open != std::string_view::npos)
        shown = header_text(from.substr(0, open)) + "<" + sender + ">";
    return fmt::format(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        "Auto-Submitted: auto-generated\r\n\r\n{}",
        shown, m.to, header_text(m.subject), date(at_us), id, host, quoted_printable(m.text));
}

}  // namespace aig::mail
