#include "mail/testing/smtp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace aig::mail::testing {
namespace {

std::string unbase64(std::string_view in) {
    std::string out;
    uint32_t bits = 0;
    int have = 0;
    for (const char c : in) {
        static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const auto at = digits.find(c);
        if (at == std::string_view::npos) break;
        bits = bits << 6 | static_cast<uint32_t>(at);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out += static_cast<char>(bits >> have & 0xFF);
        }
    }
    return out;
}

/// Lines of a socket; empty at its end, or when `stop` is set.
class Lines {
  public:
    Lines(int fd, const std::atomic<bool>& stop) : fd_(fd), stop_(stop) {}
    bool next(std::string& line) {
        size_t end;
        while ((end = held_.find("\r\n")) == std::string::npos) {
            pollfd p{fd_, POLLIN, 0};
            if (stop_) return false;
            if (poll(&p, 1, 20) <= 0) continue;
            char buffer[4096];
            const ssize_t n = read(fd_, buffer, sizeof buffer);
            if (n <= 0) return false;
            held_.append(buffer, static_cast<size_t>(n));
        }
        line = held_.substr(0, end);
        held_.erase(0, end + 2);
        return true;
    }

  private:
    int fd_;
    const std::atomic<bool>& stop_;
    std::string held_;
};

void say(int fd, std::string text) {
    text += "\r\n";
    if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
}

std::string between(const std::string& line) {
    const auto open = line.find('<'), close = line.find('>');
    return open == std::string::npos || close == std::string::npos ? "" : line.substr(open + 1, close - open - 1);
}
}  // namespace

SmtpServer::SmtpServer(Manners manners) : manners_(std::move(manners)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&a), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &size) != 0)
        std::abort();
    port_ = ntohs(a.sin_port);
    thread_ = std::thread([this] { run(); });
}

SmtpServer::~SmtpServer() {
    stop_ = true;
    thread_.join();
    close(listener_);
}

void SmtpServer::run() {
    while (!stop_) {
        pollfd p{listener_, POLLIN, 0};
        if (poll(&p, 1, 20) <= 0) continue;
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        ++conversations_;
        talk(fd);
        close(fd);
    }
}

std::string SmtpServer::reply_to(const std::string& command, const std::string& good) {
    std::lock_guard lock(mutex_);
    const auto at = manners_.answers.find(command);
    return at == manners_.answers.end() ? good : at->second;
}

void SmtpServer::talk(int fd) {
    Lines lines(fd, stop_);
    std::string line;
    Received mail;
    if (!manners_.hang) say(fd, reply_to("HELLO", "220 fake ESMTP"));
    while (lines.next(line)) {
        {
            std::lock_guard lock(mutex_);
            lines_.push_back(line);
        }
        if (manners_.hang) continue;
        const auto word = line.substr(0, line.find_first_of(" :"));
        if (word == "EHLO" || word == "HELO") {
            say(fd, manners_.auth ? "250-fake\r\n250 AUTH PLAIN" : "250 fake");
        } else if (word == "AUTH") {
            if (line == "AUTH PLAIN") {
                say(fd, "334 ");
                if (!lines.next(line)) return;
            }
            const auto text = unbase64(line.substr(line.rfind(' ') + 1));
            const auto second = text.find('\0', 1);
            mail.user = text.substr(1, second - 1);
            mail.password = text.substr(second + 1);
            say(fd, reply_to("AUTH", "235 welcome"));
        } else if (word == "MAIL") {
            mail.from = between(line);
            say(fd, manners_.auth && mail.user.empty() ? "530 log in first" : reply_to("MAIL", "250 ok"));
        } else if (word == "RCPT") {
            mail.to = between(line);
            say(fd, reply_to("RCPT", "250 ok"));
        } else if (word == "DATA") {
            const auto answer = reply_to("DATA", "354 go on");
            say(fd, answer);
            if (!answer.starts_with("354")) continue;
            while (lines.next(line) && line != ".")
                mail.data += (line.starts_with("..") ? line.substr(1) : line) + "\r\n";
            const auto end = reply_to("END", "250 queued");
            if (end.starts_with("250")) {
                std::lock_guard lock(mutex_);
                received_.push_back(mail);
            }
            say(fd, end);
        } else if (word == "QUIT") {
            say(fd, "221 bye");
            return;
        } else {
            say(fd, "500 what?");
        }
    }
}

std::vector<Received> SmtpServer::received() {
    std::lock_guard lock(mutex_);
    return received_;
}
std::vector<std::string> SmtpServer::lines() {
    std::lock_guard lock(mutex_);
    return lines_;
}
void SmtpServer::answer(std::string command, std::string reply) {
    std::lock_guard lock(mutex_);
    manners_.answers[std::move(command)] = std::move(reply);
}

}  // namespace aig::mail::testing
