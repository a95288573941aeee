#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "mail/detail/smtp.h"

namespace aig::mail {
namespace {
constexpr int64_t second_us = 1'000'000, give_up_us = 86'400 * second_us;
constexpr std::array<int64_t, 5> pauses = {30 * second_us, 120 * second_us, 600 * second_us, 3600 * second_us,
                                           14'400 * second_us};
constexpr int64_t batch_rows = 20;

constexpr const char* mail_due =
    "SELECT id, recipient, subject, body, attempts, created_us FROM mail WHERE state = 0 AND next_us <= ?1 "
    "ORDER BY next_us, id LIMIT ?2";
constexpr const char* mail_waiting = "SELECT COUNT(*) FROM mail WHERE state = 0";
constexpr const char* mail_done =
    "UPDATE mail SET state = ?1, body = '', attempts = attempts + 1, error = ?2 WHERE id = ?3";
constexpr const char* mail_again = "UPDATE mail SET attempts = attempts + 1, next_us = ?1, error = ?2 WHERE id = ?3";
constexpr const char* mail_old = "DELETE FROM mail WHERE state <> 0 AND created_us < ?1";

struct Due {
    int64_t id = 0, attempts = 0, created_us = 0;
    Message message;
};

class Posting final : public Sender {
  public:
    Posting(store::Store& store, SenderOptions options) : store_(store), options_(std::move(options)) {
        thread_ = std::thread([this] { run(); });
    }
    ~Posting() override {
        {
            std::lock_guard lock(mutex_);
            stop_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }
    void wake() override {
        {
            std::lock_guard lock(mutex_);
            news_ = true;
        }
        wake_.notify_all();
    }
    bool outbox() const override { return options_.smtp.url.empty(); }
    int64_t waiting() const override { return waiting_; }
    bool full() const override { return waiting_ >= static_cast<int64_t>(options_.max_waiting); }

  private:
    void run() {
        while (!stop_) {
            const bool more = round();
            std::unique_lock lock(mutex_);
            if (!more)
                wake_.wait_for(lock, std::chrono::milliseconds(options_.poll_ms), [&] { return stop_ || news_; });
            news_ = false;
        }
    }

    /// True when there may be more to do at once.
    bool round() {
        std::vector<Due> due;
        const auto read = store_.read_now([&](store::Db& db) { return load(db, due); });
        if (!read) return false;
        for (const auto& mail : due) {
            if (stop_) return false;
            if (!conclude(mail, send(mail))) return false;
        }
        return std::ssize(due) == batch_rows;
    }

    Status load(store::Db& db, std::vector<Due>& due) {
        auto q = db.query(mail_due);
        q.bind(now_us()).bind(batch_rows);
        while (true) {
            TRY(const bool row, q.step());
            if (!row) break;
            due.push_back({q.integer(0),
                           q.integer(4),
                           q.integer(5),
                           {std::string(q.text(1)), std::string(q.text(2)), std::string(q.text(3))}});
        }
        auto count = db.query(mail_waiting);
        TRYV(count.step());
        waiting_ = count.integer(0);
        return {};
    }

    Sent send(const Due& due) {
        const auto bytes =
            render(due.message, options_.from, now_us(), fmt::format("{}.{}", due.id, random_base62(12)));
        if (outbox()) return put_in_outbox(due, bytes);
        return send_smtp(options_.smtp, address_of(options_.from), due.message.to, bytes, stop_);
    }

    /// Written beside and moved, so that a reader sees whole mails only.
    Sent put_in_outbox(const Due& due, const std::string& bytes) {
        std::error_code bad;
        std::filesystem::create_directories(options_.outbox, bad);
        std::filesystem::permissions(options_.outbox, std::filesystem::perms::owner_all, bad);
        const auto name = fmt::format("{}/{:08}.eml", options_.outbox, due.id), beside = name + ".part";
        const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0) return {false, true, fmt::format("{} cannot be written: {}", beside, std::strerror(errno))};
        const bool whole = ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
        ::close(fd);
        std::filesystem::rename(beside, name, bad);
        if (!whole || bad) return {false, true, fmt::format("{} cannot be written", name)};
        log::warn("mail_in_outbox",
                  {{"mail", due.id}, {"file", name}, {"why", "no SMTP server is configured (mail.smtp)"}});
        return {true, false, {}};
    }

    /// False when it could not be stored: the row is still due, and comes again after a pause.
    bool conclude(const Due& due, const Sent& sent) {
        static auto& good = metrics::counter("aig_mail_sent_total", "Mails handed on");
        static auto& failed = metrics::counter("aig_mail_failed_total", "Attempts to send a mail that failed");
        (sent.ok ? good : failed).add();
        const int64_t now = now_us();
        if (!sent.ok && stop_) return false;  // cut by us: it is no attempt
        const bool over = !sent.again || now - due.created_us > give_up_us;
        store::Batch b;
        b.guarded = true;
        b.ops.push_back(store::op([&](store::Db& db) { return mark(db, due, sent, over, now); }));
        const bool stored = store_.commit_now(std::move(b)).ok();
        if (sent.ok) return stored;
        log::warn(over ? "mail_given_up" : "mail_failed",
                  {{"mail", due.id}, {"attempt", due.attempts + 1}, {"why", sent.why}});
        return stored;
    }

    static Status mark(store::Db& db, const Due& due, const Sent& sent, bool over, int64_t now) {
        const auto why = std::string_view(sent.why).substr(0, 300);
        if (sent.ok || over) {
            auto q = db.query(mail_done);
            q.bind(int64_t{sent.ok ? 1 : 2}).bind(why).bind(due.id);
            TRYV(q.run());
            auto old = db.query(mail_old);
            old.bind(now - 30 * give_up_us);
            TRYV(old.run());
            return {};
        }
        const auto pause = pauses[std::min<size_t>(static_cast<size_t>(due.attempts), pauses.size() - 1)];
        auto q = db.query(mail_again);
        q.bind(now + pause).bind(why).bind(due.id);
        TRYV(q.run());
        return {};
    }

    store::Store& store_;
    const SenderOptions options_;
    std::atomic<bool> stop_{false};
    std::atomic<int64_t> waiting_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    bool news_ = false;
    std::thread thread_;
};
}  // namespace

Result<std::unique_ptr<Sender>> Sender::start(store::Store& store, SenderOptions options) {
    if (address_of(options.from).empty() || options.from.find_first_of("\r\n") != std::string::npos)
        return Error(ErrorCode::bad_param, "mail.from must be an address such as AIGateway <aig@example.com>.")
            .param("mail.from");
    if (options.smtp.url.empty() && options.expected)
        log::warn("NO_MAIL_SERVER",
                  {{"outbox", options.outbox},
                   {"meaning", "mails are written into this folder and reach nobody; set mail.smtp.url"}});
    return std::unique_ptr<Sender>(std::make_unique<Posting>(store, std::move(options)));
}

}  // namespace aig::mail
