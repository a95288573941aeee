// A provider for measurements: the same reply to every request, on one thread and raw epoll.
//   upstream --port P [--reply FILE] [--type application/json] [--delay MS] [--sse N [--every MS]]
// --sse: N chunks, one every MS (0 = all at once), each an event with FILE's text, then "data: [DONE]".
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

struct Options {
    int port = 8090, delay_ms = 0, sse = 0, every_ms = 10;
    std::string reply = R"({"ok":true})", type = "application/json";
};

struct Connection {
    uint64_t id = 0;
    std::string in;
    int chunks_left = 0;
};

class Upstream {
  public:
    explicit Upstream(Options o) : o_(std::move(o)) {
        if (o_.sse > 0) {
            reply_ = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            event_ = chunk("data: " + o_.reply + "\n\n");
            last_ = chunk("data: [DONE]\n\n") + "0\r\n\r\n";
        } else {
            reply_ = "HTTP/1.1 200 OK\r\ncontent-type: " + o_.type +
                     "\r\ncontent-length: " + std::to_string(o_.reply.size()) + "\r\n\r\n" + o_.reply;
        }
    }

    void run() {
        const int listener = listen_on();
        epoll_ = ::epoll_create1(0);
        watch(listener);
        std::vector<epoll_event> events(256);
        for (;;) {
            const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
            for (int i = 0; i < n; ++i) {
                const int fd = events[static_cast<size_t>(i)].data.fd;
                if (fd == listener) {
                    accept_all(listener);
                } else {
                    on_readable(fd);
                }
            }
            run_due();
        }
    }

  private:
    struct Due {
        int64_t at_ms;
        int fd;
        uint64_t id;
        bool operator<(const Due& o) const { return at_ms > o.at_ms; }
    };

    static std::string chunk(const std::string& text) {
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", text.size());
        return size + text + "\r\n";
    }

    int listen_on() const {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int one = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(o_.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 4096) != 0) {
            std::perror("upstream: listen");
            std::exit(1);
        }
        return fd;
    }

    void watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept_all(int listener) {
        for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            const int one = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            open_[fd] = Connection{++ids_, {}, 0};
            watch(fd);
        }
    }

    void on_readable(int fd) {
        Connection& c = open_[fd];
        char piece[64 * 1024];
        const ssize_t n = ::recv(fd, piece, sizeof piece, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            open_.erase(fd);
            ::close(fd);
            return;
        }
        if (n < 0) return;
        c.in.append(piece, static_cast<size_t>(n));
        while (take_request(c.in)) {
            if (o_.delay_ms > 0) {
                due_.push({now_ms() + o_.delay_ms, fd, c.id});
            } else {
                answer(fd, c);
            }
        }
    }

    static bool take_request(std::string& in) {
        const size_t end = in.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        size_t length = 0;
        const char* at = ::strcasestr(in.c_str(), "\r\ncontent-length:");
        if (at && at < in.c_str() + end) length = std::strtoul(at + 17, nullptr, 10);
        if (in.size() < end + 4 + length) return false;
        in.erase(0, end + 4 + length);
        return true;
    }

    void answer(int fd, Connection& c) {
        if (o_.sse == 0) return write(fd, reply_);
        if (o_.every_ms > 0) {
            write(fd, reply_);
            c.chunks_left = o_.sse;
            due_.push({now_ms() + o_.every_ms, fd, c.id});
            return;
        }
        std::string all = reply_;
        for (int i = 0; i < o_.sse; ++i) all += event_;
        write(fd, all + last_);
    }

    void run_due() {
        const int64_t now = now_ms();
        while (!due_.empty() && due_.top().at_ms <= now) {
            const Due due = due_.top();
            due_.pop();
            auto it = open_.find(due.fd);
            if (it == open_.end() || it->second.id != due.id) continue;
            Connection& c = it->second;
            if (c.chunks_left == 0) {
                answer(due.fd, c);
            } else {
                write(due.fd, event_);
                if (--c.chunks_left == 0) {
                    write(due.fd, last_);
                } else {
                    due_.push({due.at_ms + o_.every_ms, due.fd, c.id});
                }
            }
        }
    }

    int wait_ms() const {
        return due_.empty() ? -1 : static_cast<int>(std::max<int64_t>(0, due_.top().at_ms - now_ms()));
    }

    /// A reader that is slow has to live with what the kernel takes: this is a tool for loopback.
    static void write(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN) return;
            if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
        }
    }

    Options o_;
    int epoll_ = -1;
    uint64_t ids_ = 0;
    std::string reply_, event_, last_;
    std::unordered_map<int, Connection> open_;
    std::priority_queue<Due> due_;
};

std::string file_text(const char* path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        std::fprintf(stderr, "upstream: cannot read %s\n", path);
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const char* value = argv[i + 1];
        if (name == "--port")
            o.port = std::atoi(value);
        else if (name == "--reply")
            o.reply = file_text(value);
        else if (name == "--type")
            o.type = value;
        else if (name == "--delay")
            o.delay_ms = std::atoi(value);
        else if (name == "--sse")
            o.sse = std::atoi(value);
        else if (name == "--every")
            o.every_ms = std::atoi(value);
        else {
            std::fprintf(stderr, "upstream: unknown option %s\n", argv[i]);
            return 2;
        }
    }
    std::signal(SIGPIPE, SIG_IGN);
    Upstream(std::move(o)).run();
}
