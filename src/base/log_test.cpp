#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "base/json.h"

using namespace aig;
using ::testing::HasSubstr;

namespace {
std::string logged(log::Format format, log::Level level, const std::function<void()>& what) {
    testing::internal::CaptureStderr();
    log::configure(format, level);
    what();
    log::flush();
    return testing::internal::GetCapturedStderr();
}
}  // namespace

TEST(Log, a_line_is_one_json_object) {
    const auto out = logged(log::Format::json, log::Level::info, [] {
        log::info("thing_done", {{"id", "a\"b"}, {"n", 3}, {"ok", true}, {"big", int64_t{1} << 60}});
        log::debug("not_shown");
    });
    ASSERT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
    auto doc = JsonDoc::parse(out);
    ASSERT_TRUE(doc) << out;
    EXPECT_EQ(doc->root()["event"].text(), "thing_done");
    EXPECT_EQ(doc->root()["level"].text(), "info");
    EXPECT_EQ(doc->root()["id"].text(), "a\"b");
    EXPECT_EQ(doc->root()["n"].integer(), 3);
    EXPECT_TRUE(doc->root()["ok"].boolean());
}

TEST(Log, line_breaks_and_terminal_escapes_are_neutralised) {
    const auto what = [] {
        log::warn("x", {{"v",
                         "a\r\nINJECTED\x1b[31m\xC2\x9B"
                         "31m\x7f"}});
    };
    const auto json = logged(log::Format::json, log::Level::info, what);
    EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 1);
    EXPECT_EQ(json.find('\x1b'), std::string::npos);
    const auto text = logged(log::Format::text, log::Level::info, what);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
    for (const char* bad : {"\x1b", "\r", "\xC2\x9B", "\x7f"}) EXPECT_EQ(text.find(bad), std::string::npos) << bad;
}

TEST(Log, text_for_a_terminal) {
    const auto out = logged(log::Format::text, log::Level::debug, [] {
        log::debug("started", {{"port", 80}, {"name", "two words"}, {"host", "a.b"}});
        log::write_line(R"({"ts":"T","level":"info","event":"request","status":200})");
    });
    EXPECT_THAT(out, HasSubstr(" debug started port=80 name=\"two words\" host=a.b\n"));
    EXPECT_THAT(out, HasSubstr("T info  request status=200\n"));
}

TEST(Log, fields_are_bounded) {
    const auto out = logged(log::Format::json, log::Level::info, [] {
        log::info("x", {{"v", std::string(100'000, 'a')}});
    });
    EXPECT_LT(out.size(), 3'000u);
    EXPECT_THAT(out, HasSubstr("(100000 bytes)"));
}

TEST(Log, lines_of_many_threads_come_out_whole) {
    const auto out = logged(log::Format::json, log::Level::info, [] {
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([t] {
                for (int i = 0; i < 500; ++i) log::write_line("{\"t\":" + std::to_string(t) + "}");
            });
        for (auto& t : threads) t.join();
    });
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2000);
    EXPECT_EQ(out.size(), 2000 * std::string("{\"t\":0}\n").size());
    EXPECT_EQ(log::dropped_lines(), 0);
}
