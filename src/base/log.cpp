#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/metrics.h"
#include "base/printable.h"
#include "base/time.h"

namespace aig::log {
namespace {
using namespace std::chrono_literals;

constexpr size_t max_queued_bytes = 16 << 20;
constexpr size_t max_field_bytes = 2048;
constexpr std::string_view level_names[] = {"debug", "info", "warn", "error"};

std::atomic<Level> lowest{Level::info};

void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(STDERR_FILENO, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;  // nobody reads: there is nowhere left to complain
        bytes.remove_prefix(static_cast<size_t>(n));
    }
}

bool plain_word(std::string_view s) {
    for (const char c : s)
        if (c <= ' ' || c == '"' || c == '\\' || c == '=') return false;
    return !s.empty();
}

/// {"ts":..,"level":..,"event":..,"a":1} -> "ts level event a=1"; a line without these members keeps what it has.
void append_text(std::string& out, std::string_view json_line) {
    auto doc = JsonDoc::parse(json_line);
    if (!doc || !doc->root().is_object()) {
        out += printable(json_line);
        return;
    }
    bool first = true;
    for (const JsonRef m : doc->root()) {
        if (!first) out += ' ';
        first = false;
        const bool head = m.key() == "ts" || m.key() == "level" || m.key() == "event";
        if (!head) out += printable(fmt::format("{}=", m.key()));
        const bool bare = m.is_string() && plain_word(m.text()) && m.raw().size() == m.text().size() + 2;
        out += printable(bare ? m.text() : m.raw());
        if (m.key() == "level" && m.text().size() < 5) out.append(5 - m.text().size(), ' ');
    }
}

/// Lines wait here, one behind the other, for the thread that writes them. A line costs its producer one short lock and
/// a copy; the writer is woken at most once in `pause` and takes everything there is with one write.
class Sink {
  public:
    void start(bool text) {
        std::lock_guard lock(mutex_);
        text_ = text;
        if (running_) return;
        running_ = true;
        thread_ = std::thread([this] { drain(); });
    }
    void push(std::string_view line) {
        bool wake = false;
        {
            std::lock_guard lock(mutex_);
            if (!running_) return write_lines(std::string(line) + '\n', text_);
            if (queued_.size() + line.size() > max_queued_bytes) {
                dropped_.fetch_add(1, std::memory_order_relaxed);
                return;
            }
            queued_.append(line) += '\n';
            ++pushed_;
            wake = std::exchange(idle_, false);
        }
        if (wake) wake_.notify_one();
    }
    /// Waits until everything pushed so far is out, but not for ever: standard error may be a pipe nobody reads.
    void flush() {
        std::unique_lock lock(mutex_);
        const auto until = pushed_;
        if (done_ >= until || !running_) return;
        hurry_ = true;
        wake_.notify_one();
        written_.wait_for(lock, 2s, [&] { return done_ >= until || !running_; });
    }
    /// What is still queued goes out, if somebody reads it within two seconds.
    void stop() {
        std::unique_lock lock(mutex_);
        if (!running_) return;
        running_ = false;
        wake_.notify_one();
        const bool all_out = written_.wait_for(lock, 2s, [this] { return done_ == pushed_; });
        lock.unlock();
        all_out ? thread_.join() : thread_.detach();
    }
    int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    static constexpr auto pause = 10ms;

    static void write_lines(std::string_view lines, bool text) {
        if (!text) return write_all(lines);
        std::string out;
        while (!lines.empty()) {
            const size_t end = lines.find('\n');
            append_text(out, lines.substr(0, end));
            out += '\n';
            lines.remove_prefix(end + 1);
        }
        write_all(out);
    }
    void drain() {
        std::string batch;
        std::unique_lock lock(mutex_);
        while (running_ || !queued_.empty()) {
            if (queued_.empty()) {
                idle_ = true;
                wake_.wait(lock, [this] { return !queued_.empty() || !running_; });
                idle_ = false;
            }
            wake_.wait_for(lock, pause, [this] { return hurry_ || !running_; });
            hurry_ = false;
            batch.swap(queued_);  // whose memory is used again; what is too much goes back
            const auto until = pushed_;
            const bool text = text_;
            lock.unlock();
            write_lines(batch, text);
            batch.clear();
            if (batch.capacity() > 1 << 20) std::string().swap(batch);
            lock.lock();
            done_ = until;
            written_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, written_;
    std::string queued_;  ///< whole lines
    uint64_t pushed_ = 0, done_ = 0;
    bool running_ = false, idle_ = false, hurry_ = false, text_ = true;
    std::atomic<int64_t> dropped_{0};
    std::thread thread_;
};

/// Never destroyed, so that a destructor of another static may still log; stopped at exit.
Sink& sink() {
    static Sink* const one = [] {
        auto* s = new Sink;
        std::atexit([] { sink().stop(); });
        return s;
    }();
    return *one;
}
}  // namespace

Field::Field(std::string_view k, std::string_view v) : key(k) {
    if (v.size() <= max_field_bytes)
        append_json_string(value, v);
    else
        append_json_string(value, fmt::format("{}... ({} bytes)", v.substr(0, max_field_bytes), v.size()));
}
Field::Field(std::string_view k, int64_t v) : key(k), value(fmt::format_int(v).str()) {}
Field::Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}

void configure(Format format, Level level) {
    lowest.store(level, std::memory_order_relaxed);
    sink().start(format == Format::text || (format == Format::automatic && ::isatty(STDERR_FILENO) == 1));
    metrics::gauge("aig_log_dropped_lines", "Log lines lost because the log could not be written fast enough.",
                   [] { return dropped_lines(); });
}

bool enabled(Level level) { return level >= lowest.load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    std::string line;
    line.reserve(128);
    JsonWriter w(line);
    w.begin_object()
        .field("ts", iso_utc(now_us()))
        .field("level", level_names[static_cast<size_t>(level)])
        .field("event", event);
    for (const auto& f : fields) w.field_raw(f.key, f.value);
    w.end_object();
    sink().push(line);
}

void write_line(std::string_view line) { sink().push(line); }
void flush() { sink().flush(); }
int64_t dropped_lines() { return sink().dropped(); }

}  // namespace aig::log
