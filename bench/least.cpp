// The least program that moves the bytes of a paid call: a yardstick for what no gateway can go below. It reads no more
// of HTTP than where a message ends, and nothing of JSON; but every request waits for a durable commit before it goes
// on to the provider, and every reply for another before it goes back, as a hold and a settlement must. One loop and
// one writer, as in the gateway; the writer keeps one row a transaction (SQLite, WAL, synchronous=FULL).
//   least --port P --provider P --data FILE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr size_t record_bytes = 260;  // about what a hold, or a settlement with its call's record, takes
constexpr size_t company = 32;        // of 64 callers; more cost a call no less
constexpr int pages_to_checkpoint = 2'000;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

enum class Stage : uint8_t { request, holding, reply, settling };

struct Call {
    int caller = -1, provider = -1;
    Stage stage = Stage::request;
    bool left = false;  ///< the caller has gone
    std::string bytes;
};
using Calls = std::vector<Call*>;

/// Commits a record for each call that is handed to it, and rings when that is durable.
class Writer {
  public:
    explicit Writer(const char* file) {
        if (sqlite3_open(file, &db_) != SQLITE_OK) fail("least: database");
        sqlite3_exec(db_,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; CREATE TABLE "
                     "journal(id INTEGER PRIMARY KEY, records BLOB)",
                     nullptr, nullptr, nullptr);
        begin_ = prepare("BEGIN IMMEDIATE");
        insert_ = prepare("INSERT INTO journal(records) VALUES (?)");
        commit_ = prepare("COMMIT");
        sqlite3_wal_hook(
            db_, [](void* self, sqlite3*, const char*, int n) { return static_cast<Writer*>(self)->pages_ = n, 0; },
            this);
        std::thread([this] { run(); }).detach();
    }
    int bell() const { return bell_; }
    /// Leaves `calls` empty.
    void submit(Calls& calls) {
        {
            const std::lock_guard lock(mutex_);
            queue_.insert(queue_.end(), calls.begin(), calls.end());
        }
        calls.clear();
        wake_.notify_one();
    }
    void take_done(Calls& into) {
        uint64_t rings;
        if (::read(bell_, &rings, sizeof rings) < 0) return;
        const std::lock_guard lock(mutex_);
        into.swap(done_);
    }

  private:
    sqlite3_stmt* prepare(const char* sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) != SQLITE_OK) fail("least: statement");
        return statement;
    }
    static void step(sqlite3_stmt* statement) {
        if (sqlite3_step(statement) != SQLITE_DONE) fail("least: commit");
        sqlite3_reset(statement);
    }
    void run() {
        Calls group;
        for (;;) {
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return !queue_.empty(); });
                group.swap(queue_);
            }
            commit(group);
            {
                const std::lock_guard lock(mutex_);
                done_.insert(done_.end(), group.begin(), group.end());
            }
            group.clear();
            const uint64_t one = 1;
            if (::write(bell_, &one, sizeof one) < 0) fail("least: bell");
            checkpoint();
        }
    }
    void commit(const Calls& group) {
        records_.assign(group.size() * record_bytes, 'r');
        step(begin_);
        sqlite3_bind_blob(insert_, 1, records_.data(), static_cast<int>(records_.size()), SQLITE_STATIC);
        step(insert_);
        step(commit_);
    }
    void checkpoint() {
        if (pages_ < pages_to_checkpoint) return;
        int in_log = 0, moved = 0;
        sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
        pages_ = in_log - moved;
    }

    sqlite3* db_ = nullptr;
    sqlite3_stmt *begin_ = nullptr, *insert_ = nullptr, *commit_ = nullptr;
    int bell_ = ::eventfd(0, EFD_NONBLOCK), pages_ = 0;
    std::string records_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Calls queue_, done_;
};

/// How long the message is that begins with these bytes; 0: not to be seen yet.
size_t length_of(const std::string& bytes) {
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    const char* at = ::strcasestr(bytes.c_str(), "content-length:");
    return end + 4 + (at ? std::strtoul(at + 15, nullptr, 10) : 0);
}

class Loop {
  public:
    Loop(int port, int provider, Writer& writer) : provider_port_(provider), writer_(writer) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int one = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        const sockaddr_in address = loopback(port);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, 4096) != 0)
            fail("least: listen");
        watch(listener_, 0);
        watch(writer_.bell(), 1);
    }

    void run() {
        std::array<epoll_event, 256> events;
        for (;;) {
            const int n = ::epoll_wait(epoll_, events.data(), events.size(), wait_ms());
            if (n == 0) writer_.submit(waiting_);
            for (int i = 0; i < n; ++i) handle(events[static_cast<size_t>(i)]);
        }
    }

  private:
    /// What has come is handled first, and a few wait for more, so that all who can share a commit do.
    int wait_ms() const { return waiting_.empty() ? -1 : waiting_.size() < company ? 1 : 0; }
    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
    /// 0 stands for the listener, 1 for the bell, others for a socket.
    void watch(int fd, uint64_t as) const {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.u64 = as;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
    void handle(const epoll_event& event) {
        if (event.data.u64 == 0) return accept_all();
        if (event.data.u64 == 1) return go_on();
        const int fd = static_cast<int>(event.data.u64 - 2);
        const std::shared_ptr<Call> at = calls_[static_cast<size_t>(fd)];
        if (!at) return;  // closed by an event before this one
        Call& call = *at;
        const ssize_t n = ::recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (n == 0 && fd == call.caller) return leave(call);
        if (n <= 0) return;
        call.bytes.append(buffer_.data(), static_cast<size_t>(n));
        const size_t length = length_of(call.bytes);
        if (length == 0 || call.bytes.size() < length) return;
        call.stage = call.stage == Stage::request ? Stage::holding : Stage::settling;
        waiting_.push_back(&call);
    }
    void go_on() {
        writer_.take_done(done_);
        for (Call* call : done_) {
            const bool held = call->stage == Stage::holding;
            call->stage = held ? Stage::reply : Stage::request;
            if (call->left) {
                close(*call);
                continue;
            }
            const int to = held ? call->provider : call->caller;
            if (::send(to, call->bytes.data(), call->bytes.size(), MSG_NOSIGNAL) < 0) call->left = true;
            call->bytes.clear();
        }
        done_.clear();
    }
    void accept_all() {
        for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
            const int provider = ::socket(AF_INET, SOCK_STREAM, 0), one = 1;
            const sockaddr_in address = loopback(provider_port_);
            if (::connect(provider, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
                fail("least: provider");
            auto call = std::make_shared<Call>();
            call->caller = fd;
            call->provider = provider;
            for (const int s : {fd, provider}) {
                ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                calls_.resize(std::max(calls_.size(), static_cast<size_t>(s) + 1));
                calls_[static_cast<size_t>(s)] = call;
                watch(s, static_cast<uint64_t>(s) + 2);
            }
        }
    }
    /// A call that the writer still has closes behind it.
    void leave(Call& call) {
        call.left = true;
        if (call.stage == Stage::request || call.stage == Stage::reply) close(call);
    }
    void close(const Call& call) {
        const int caller = call.caller, provider = call.provider;
        for (const int s : {caller, provider}) {
            calls_[static_cast<size_t>(s)].reset();
            ::close(s);
        }
    }

    int epoll_ = ::epoll_create1(0), listener_ = -1, provider_port_;
    Writer& writer_;
    std::vector<std::shared_ptr<Call>> calls_;  ///< by descriptor, each twice
    Calls waiting_, done_;
    std::array<char, size_t{64} << 10> buffer_;
};

const char* option(int argc, char** argv, std::string_view name) {
    for (int i = 1; i + 1 < argc; ++i)
        if (name == argv[i]) return argv[i + 1];
    std::fprintf(stderr, "least: give --port P --provider P --data FILE\n");
    std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
    Writer writer(option(argc, argv, "--data"));
    Loop(std::atoi(option(argc, argv, "--port")), std::atoi(option(argc, argv, "--provider")), writer).run();
}
