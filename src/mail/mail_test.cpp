#include "mail/mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/time.h"
#include "mail/detail/smtp.h"
#include "mail/testing/smtp_server.h"

using namespace aig;
using namespace aig::mail;
using aig::mail::testing::SmtpServer;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {
class MailTest : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/aig-mail-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder = name;
        store::Options o;
        o.path = folder + "/aig.db";
        store = *store::Store::open(o);
        options.outbox = folder + "/outbox";
        options.from = "Gateway <aig@example.com>";
        options.poll_ms = 20;
        options.smtp.starttls = false;
    }
    void TearDown() override {
        store.reset();
        std::filesystem::remove_all(folder);
    }
    void put(std::string to, std::string subject = "Hello", std::string text = "Hi.\n") {
        auto op = post({std::move(to), std::move(subject), std::move(text)});
        ASSERT_TRUE(op) << op.error().message();
        store::Batch b;
        b.ops.push_back(*std::move(op));
        ASSERT_TRUE(store->commit_now(std::move(b)));
    }
    /// state, attempts, body, error of the only mail.
    std::string row() {
        std::string out;
        EXPECT_TRUE(store->read_now([&](store::Db& db) -> Status {
            auto q = db.query("SELECT state, attempts, body, error FROM mail ORDER BY id LIMIT 1");
            TRY(const bool there, q.step());
            if (there)
                out = std::to_string(q.integer(0)) + " " + std::to_string(q.integer(1)) + " [" +
                      std::string(q.text(2)) + "] " + std::string(q.text(3));
            return {};
        }));
        return out;
    }
    void script(const char* sql) {
        store::Batch b;
        b.ops.push_back(store::op([sql](store::Db& db) { return db.script(sql); }));
        ASSERT_TRUE(store->commit_now(std::move(b)));
    }
    static bool within(int64_t ms, const std::function<bool()>& done) {
        for (const auto until = mono_ms() + ms; mono_ms() < until;) {
            if (done()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return done();
    }
    std::unique_ptr<Sender> start() {
        auto s = Sender::start(*store, options);
        EXPECT_TRUE(s) << s.error().message();
        return *std::move(s);
    }

    std::string folder;
    std::unique_ptr<store::Store> store;
    SenderOptions options;
};
}  // namespace

TEST_F(MailTest, goes_by_smtp_with_a_log_in) {
    SmtpServer server({.auth = true, .hang = false, .answers = {}});
    options.smtp.url = server.url();
    options.smtp.user = "gate";
    options.smtp.password = "s3cret pass";
    put("ann@example.org", "Confirm ü", ".a line with a dot\nGrüße\n");
    const auto sender = start();
    ASSERT_TRUE(within(5000, [&] { return !server.received().empty(); }));
    const auto got = server.received().front();
    EXPECT_EQ(got.from, "aig@example.com");
    EXPECT_EQ(got.to, "ann@example.org");
    EXPECT_EQ(got.user, "gate");
    EXPECT_EQ(got.password, "s3cret pass");
    EXPECT_THAT(got.data, HasSubstr("From: Gateway <aig@example.com>\r\nTo: ann@example.org\r\n"
                                    "Subject: =?UTF-8?B?Q29uZmlybSDDvA==?=\r\n"));
    EXPECT_THAT(got.data, HasSubstr("\r\n\r\n=2Ea line with a dot\r\nGr=C3=BC=C3=9Fe\r\n"));
    EXPECT_TRUE(within(2000, [&] { return row() == "1 1 [] "; })) << row();
}

TEST_F(MailTest, without_a_server_it_is_a_file_and_said_so) {
    const auto sender = start();
    EXPECT_TRUE(sender->outbox());
    put("ann@example.org", "Hello", "https://x/#verify=vfy_123\n");
    sender->wake();
    const auto file = folder + "/outbox/00000001.eml";
    ASSERT_TRUE(within(5000, [&] { return std::filesystem::exists(file); }));
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    EXPECT_THAT(text.str(), HasSubstr("To: ann@example.org\r\n"));
    EXPECT_THAT(text.str(), HasSubstr("https://x/#verify=3Dvfy_123\r\n"));
    EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(MailTest, a_mail_survives_a_restart_and_a_dead_server) {
    options.smtp.url = "smtp://127.0.0.1:1";
    put("ann@example.org");
    {
        const auto sender = start();
        ASSERT_TRUE(within(5000, [&] { return row().starts_with("0 1 "); })) << row();
    }
    EXPECT_THAT(row(), HasSubstr("[Hi.\n]"));
    SmtpServer server({});
    options.smtp.url = server.url();
    script("UPDATE mail SET next_us = 0");
    const auto sender = start();
    ASSERT_TRUE(within(5000, [&] { return server.received().size() == 1; }));
    EXPECT_TRUE(within(2000, [&] { return row() == "1 2 [] "; })) << row();
}

TEST_F(MailTest, a_refusal_for_good_ends_it_and_a_busy_server_does_not) {
    SmtpServer server({.auth = false, .hang = false, .answers = {{"RCPT", "550 no such user"}}});
    options.smtp.url = server.url();
    put("ann@example.org");
    const auto sender = start();
    ASSERT_TRUE(within(5000, [&] { return row().starts_with("2 1 []"); })) << row();
    EXPECT_THAT(row(), HasSubstr("550"));
    server.answer("RCPT", "450 busy");
    script("DELETE FROM mail");
    put("ann@example.org");
    ASSERT_TRUE(within(5000, [&] { return row().starts_with("0 1 [Hi.\n]"); })) << row();
    server.answer("RCPT", "250 ok");
    script("UPDATE mail SET next_us = 0");
    ASSERT_TRUE(within(5000, [&] { return server.received().size() == 1; }));
}

TEST_F(MailTest, without_starttls_nothing_is_said_in_the_clear) {
    SmtpServer server({.auth = true, .hang = false, .answers = {}});
    options.smtp.url = server.url();
    options.smtp.user = "gate";
    options.smtp.password = "s3cret";
    options.smtp.starttls = true;
    put("ann@example.org");
    const auto sender = start();
    ASSERT_TRUE(within(5000, [&] { return row().starts_with("0 1 "); })) << row();
    for (const auto& line : server.lines()) EXPECT_FALSE(line.starts_with("AUTH") || line.starts_with("MAIL")) << line;
    EXPECT_TRUE(server.received().empty());
}

TEST_F(MailTest, a_day_of_failures_is_the_end) {
    options.smtp.url = "smtp://127.0.0.1:1";
    put("ann@example.org");
    script("UPDATE mail SET created_us = created_us - 90000000000, next_us = 0");
    const auto sender = start();
    EXPECT_TRUE(within(5000, [&] { return row().starts_with("2 1 []"); })) << row();
}

TEST_F(MailTest, a_hanging_server_does_not_hold_the_end) {
    SmtpServer server({.auth = false, .hang = true, .answers = {}});
    options.smtp.url = server.url();
    put("ann@example.org");
    auto sender = start();
    ASSERT_TRUE(within(5000, [&] { return server.conversations() == 1; }));
    const auto begin = mono_ms();
    sender.reset();
    EXPECT_LT(mono_ms() - begin, 3000);
    EXPECT_THAT(row(), HasSubstr("0 0 [Hi.\n]")) << "cut by us: not an attempt";
}

TEST_F(MailTest, nobody_writes_headers) {
    for (const char* to : {"", "a", "a@b\r\nBcc: x@y", "a@b\n", "<a@b>", "a@b,c@d", "a@b c@d", "a@b@c", "\"a\"@b"})
        EXPECT_FALSE(post({to, "s", "t"})) << to;
    for (const char* subject : {"", "a\r\nBcc: x@y", "a\nb", "a\x7f"}) EXPECT_FALSE(post({"a@b.c", subject, "t"}));
    EXPECT_FALSE(post({"a@b.c", std::string(201, 's'), "t"}));
    EXPECT_FALSE(post({"a@b.c", "s", std::string((64 << 10) + 1, 't')}));
    options.from = "Gateway <aig@example.com>\r\nBcc: <x@y.z>";
    EXPECT_FALSE(Sender::start(*store, options));
    options.from = "nobody";
    EXPECT_FALSE(Sender::start(*store, options));
}

TEST(Message, lines_stay_short_and_bytes_come_back) {
    const std::string text(300, 'x');
    const auto mail = render({"a@b.c", "s", text + " \nüü\n"}, "aig@example.com", 0, "1");
    EXPECT_THAT(mail, HasSubstr("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"));
    size_t at = 0, line_end;
    std::string joined;
    while ((line_end = mail.find("\r\n", at)) != std::string::npos) {
        EXPECT_LE(line_end - at, 76u);
        at = line_end + 2;
    }
    EXPECT_EQ(at, mail.size());
    auto body = mail.substr(mail.find("\r\n\r\n") + 4);
    for (size_t soft; (soft = body.find("=\r\n")) != std::string::npos;) body.erase(soft, 3);
    EXPECT_EQ(body, text + "=20\r\n=C3=BC=C3=BC\r\n");
}
