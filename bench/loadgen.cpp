// Load for measurements: N keep-alive connections on one thread and raw epoll, so that it costs less than what it
// measures.
//   loadgen --port P [--host 127.0.0.1] [--path /] [--body FILE] [--header "name: value"]... [-c 64] [-d SECONDS]
//           [--rate R]    open loop: R requests a second on average, each at a random moment (exponential intervals);
//                         late answers do not slow the arrivals; latency counts from the moment a request was due
//           [-n REQUESTS] stops after so many answers (and -d is the most it may take)
//           Twelve zeros in the body become the request's number: callers do not all say the same, and whoever
//           remembers the last one must not gain by it.
//           [--stream]    counts chunks (lines that begin with "data:") beside requests
// Prints one JSON object: requests, req_per_s, statuses, errors, chunks and latencies in microseconds.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}

struct Options {
    std::string host = "127.0.0.1", path = "/", body, headers;
    int port = 8080, connections = 64, seconds = 5;
    int64_t most = INT64_MAX;
    double rate = 0;
    bool stream = false;
};

struct Totals {
    std::map<int, int64_t> statuses;
    std::vector<int64_t> latencies_us;
    int64_t errors = 0, chunks = 0;
};

/// Reads one reply after the other from a byte stream: enough of HTTP for servers that behave.
class ReplyReader {
  public:
    int status = 0;
    /// True when a reply ended; `chunks` counts "data:" lines. The rest stays for the next call.
    bool feed(std::string& bytes, int64_t& chunks, bool count) {
        if (in_head_ && !read_head(bytes)) return false;
        if (length_ >= 0) {
            if (static_cast<int64_t>(bytes.size()) < length_) return false;
            count_data(std::string_view(bytes).substr(0, static_cast<size_t>(length_)), chunks, count);
            bytes.erase(0, static_cast<size_t>(length_));
            return in_head_ = true;
        }
        return read_chunks(bytes, chunks, count);
    }
    void reset() { in_head_ = true; }

  private:
    bool read_head(std::string& bytes) {
        const size_t end = bytes.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        status = bytes.size() > 12 ? std::atoi(bytes.c_str() + 9) : 0;
        std::string head = bytes.substr(0, end);
        std::transform(head.begin(), head.end(), head.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const size_t at = head.find("\r\ncontent-length:");
        const bool chunked = head.find("\r\ntransfer-encoding: chunked") != std::string::npos;
        length_ = at != std::string::npos ? std::atoll(head.c_str() + at + 17) : chunked ? -1 : 0;
        bytes.erase(0, end + 4);
        in_head_ = false;
        return true;
    }

    bool read_chunks(std::string& bytes, int64_t& chunks, bool count) {
        size_t at = 0;
        for (;;) {
            const size_t eol = bytes.find("\r\n", at);
            if (eol == std::string::npos) break;
            const size_t size = std::strtoul(bytes.c_str() + at, nullptr, 16);
            if (bytes.size() < eol + 2 + size + 2) break;
            count_data(std::string_view(bytes).substr(eol + 2, size), chunks, count);
            at = eol + 2 + size + 2;
            if (size > 0) continue;
            bytes.erase(0, at);
            return in_head_ = true;
        }
        bytes.erase(0, at);
        return false;
    }

    static void count_data(std::string_view text, int64_t& chunks, bool count) {
        if (!count) return;
        for (size_t at = 0; (at = text.find("data:", at)) != std::string_view::npos; at += 5) {
            if (at == 0 || text[at - 1] == '\n') ++chunks;
        }
    }

    bool in_head_ = true;
    int64_t length_ = 0;
};

struct Connection {
    int fd = -1;
    int64_t due_us = 0;  // 0 = idle
    std::string out, in;
    ReplyReader reader;
};

class Load {
  public:
    explicit Load(Options o)
        : o_(std::move(o)), epoll_(::epoll_create1(0)), list_(static_cast<size_t>(o_.connections)) {
        request_ =
            (o_.body.empty() ? "GET " : "POST ") + o_.path + " HTTP/1.1\r\nHost: " + o_.host + "\r\n" + o_.headers;
        if (!o_.body.empty()) request_ += "Content-Length: " + std::to_string(o_.body.size()) + "\r\n";
        request_ += "\r\n" + o_.body;
        number_at_ = request_.find("000000000000");
    }

    void run() {
        for (Connection& c : list_) open(c);
        const int64_t start = now_us(), stop = start + o_.seconds * int64_t{1'000'000};
        int64_t sent = 0;
        auto next_due = static_cast<double>(start);  // the next arrival, microseconds
        std::minstd_rand engine(1);
        std::exponential_distribution<double> apart(o_.rate > 0 ? o_.rate / 1e6 : 1);
        std::vector<epoll_event> events(256);
        for (int64_t now = start; now < stop && answered() < o_.most; now = now_us()) {
            int64_t wait_us = 10'000;
            if (o_.rate > 0) {
                for (; static_cast<int64_t>(next_due) <= now; next_due += apart(engine))
                    late_.push_back(static_cast<int64_t>(next_due));
                wait_us = std::min(wait_us, static_cast<int64_t>(next_due) - now);
            }
            for (Connection& c : list_) {
                if (c.due_us != 0) continue;
                if (o_.rate <= 0) {
                    if (sent++ < o_.most) begin(c, now);
                } else if (!late_.empty()) {
                    begin(c, late_.front());
                    late_.pop_front();
                }
            }
            const timespec wait{0, wait_us * 1'000};
            const int n = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
            for (int i = 0; i < n; ++i) on_event(*static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr));
        }
        print(static_cast<double>(now_us() - start) / 1e6);
    }

  private:
    int64_t answered() const { return static_cast<int64_t>(totals_.latencies_us.size()) + totals_.errors; }
    void open(Connection& c) {
        if (c.fd >= 0) ::close(c.fd);
        c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(o_.port));
        ::inet_pton(AF_INET, o_.host.c_str(), &address.sin_addr);
        if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            std::perror("connect");
            std::exit(1);
        }
        const int one = 1;
        ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        ::fcntl(c.fd, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &c;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
        c.in.clear();
        c.out.clear();
        c.due_us = 0;
        c.reader.reset();
    }

    void begin(Connection& c, int64_t due) {
        c.due_us = due;
        c.out = request_;
        ++number_;
        size_t at = number_at_ == std::string::npos ? 0 : number_at_ + number_digits;
        for (int64_t n = number_; at > 0 && n > 0; n /= 10) c.out[--at] = static_cast<char>('0' + n % 10);
        flush(c);
    }

    void flush(Connection& c) {
        const ssize_t n = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
        if (n > 0) c.out.erase(0, static_cast<size_t>(n));
        if (n < 0 && errno != EAGAIN) return fail(c);
        epoll_event event{};
        event.events = EPOLLIN | (c.out.empty() ? 0u : static_cast<uint32_t>(EPOLLOUT));
        event.data.ptr = &c;
        if (!c.out.empty() || n <= 0) ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
    }

    void on_event(Connection& c) {
        if (!c.out.empty()) flush(c);
        char piece[64 * 1024];
        const ssize_t n = ::recv(c.fd, piece, sizeof piece, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) return fail(c);
        if (n < 0) return;
        c.in.append(piece, static_cast<size_t>(n));
        if (c.due_us == 0 || !c.reader.feed(c.in, totals_.chunks, o_.stream)) return;
        ++totals_.statuses[c.reader.status];
        totals_.latencies_us.push_back(now_us() - c.due_us);
        c.due_us = 0;
    }

    void fail(Connection& c) {
        if (c.due_us != 0) ++totals_.errors;
        open(c);
    }

    void print(double seconds) {
        auto& l = totals_.latencies_us;
        std::sort(l.begin(), l.end());
        auto at = [&](double q) {
            return l.empty() ? 0 : l[std::min(l.size() - 1, static_cast<size_t>(q * static_cast<double>(l.size())))];
        };
        std::string statuses;
        for (const auto& [status, n] : totals_.statuses) {
            statuses += (statuses.empty() ? "\"" : ",\"") + std::to_string(status) + "\":" + std::to_string(n);
        }
        std::printf(
            "{\"seconds\":%.3f,\"requests\":%zu,\"req_per_s\":%.1f,\"statuses\":{%s},\"errors\":%lld,\"unsent\":%zu,"
            "\"chunks\":%lld,"
            "\"latency_us\":{\"p50\":%lld,\"p90\":%lld,\"p99\":%lld,\"max\":%lld}}\n",
            seconds, l.size(), static_cast<double>(l.size()) / seconds, statuses.c_str(),
            static_cast<long long>(totals_.errors), late_.size(), static_cast<long long>(totals_.chunks),
            static_cast<long long>(at(0.5)), static_cast<long long>(at(0.9)), static_cast<long long>(at(0.99)),
            static_cast<long long>(l.empty() ? 0 : l.back()));
    }

    Options o_;
    int epoll_;
    std::vector<Connection> list_;
    static constexpr size_t number_digits = 12;
    std::string request_;
    size_t number_at_ = std::string::npos;
    int64_t number_ = 0;
    std::deque<int64_t> late_;  // open loop: requests that were due while all connections were busy
    Totals totals_;
};

std::string file_text(const char* path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        std::fprintf(stderr, "loadgen: cannot read %s\n", path);
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>(in), {}};
}

Options parse(int argc, char** argv) {
    Options o;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--stream") {
            o.stream = true;
            continue;
        }
        if (i + 1 == argc) {
            std::fprintf(stderr, "loadgen: %s needs a value (see the head of bench/loadgen.cpp)\n", argv[i]);
            std::exit(2);
        }
        const char* value = argv[++i];
        if (name == "--host")
            o.host = value;
        else if (name == "--port")
            o.port = std::atoi(value);
        else if (name == "--path")
            o.path = value;
        else if (name == "--body")
            o.body = file_text(value);
        else if (name == "--header")
            o.headers += std::string(value) + "\r\n";
        else if (name == "-c")
            o.connections = std::max(1, std::atoi(value));
        else if (name == "-d")
            o.seconds = std::max(1, std::atoi(value));
        else if (name == "-n")
            o.most = std::max(1ll, std::atoll(value));
        else if (name == "--rate")
            o.rate = std::atof(value);
        else {
            std::fprintf(stderr, "loadgen: unknown option %s\n", argv[i - 1]);
            std::exit(2);
        }
    }
    return o;
}

}  // namespace

int main(int argc, char** argv) {
    Load(parse(argc, argv)).run();
    return 0;
}
