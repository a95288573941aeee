// An SMTP server for tests: plain TCP on a free loopback port, one conversation after another, every line kept. It can
// demand a log-in, offer STARTTLS without having it, answer a step with what it is told, or hang.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aig::mail::testing {

struct Received {
    std::string from, to, user, password, data;  ///< data with its dots undone
};

class SmtpServer {
  public:
    struct Manners {
        bool auth = false;                           ///< offer AUTH PLAIN and refuse mail without it
        bool hang = false;                           ///< accept, and say nothing
        std::map<std::string, std::string> answers;  ///< "RCPT" -> "550 no such user"
    };
    explicit SmtpServer(Manners manners);
    ~SmtpServer();
    std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
    std::vector<Received> received();
    std::vector<std::string> lines();  ///< what clients said, in order, without data
    int conversations() const { return conversations_; }
    void answer(std::string command, std::string reply);

  private:
    void run();
    void talk(int fd);
    std::string reply_to(const std::string& command, const std::string& good);

    Manners manners_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stop_{false};
    std::atomic<int> conversations_{0};
    std::mutex mutex_;
    std::vector<Received> received_;
    std::vector<std::string> lines_;
    std::thread thread_;
};

}  // namespace aig::mail::testing
