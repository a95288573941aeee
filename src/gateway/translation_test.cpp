#include "gateway/detail/translation.h"

#include <gtest/gtest.h>

using namespace aig;
using namespace aig::canon;
using Kind = Event::Kind;

namespace {
/// Gives its events on the first bytes; a stream then stands at its terminal marker, a whole reply is read at its end.
class Said final : public Decoder {
  public:
    Said(std::vector<Event> events, bool stream) : events_(std::move(events)), stream_(stream) {}
    Status feed(std::string_view, std::vector<Event>& out) override {
        if (stream_) say(out);
        return {};
    }
    Status end(std::vector<Event>& out) override {
        if (!stream_) say(out);
        return {};
    }
    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    void say(std::vector<Event>& out) {
        out = events_;
        terminal_ = true;
    }
    std::vector<Event> events_;
    const bool stream_;
    bool terminal_ = false;
    std::optional<Error> error_;
};
/// Tells each event by a letter.
class Letters final : public Renderer {
    void event(const Event&, std::string& out) override { out += 'e'; }
    std::string finish(const Bill&) override { return "!"; }
    std::string fail(const Error&) override { return "f"; }
    std::string cut(const Bill&) override { return "c"; }
};
class Mute final : public Renderer {
    void event(const Event&, std::string&) override {}
    std::string finish(const Bill&) override { return {}; }
    std::string fail(const Error&) override { return {}; }
    std::string cut(const Bill&) override { return {}; }
};

struct Heard {
    std::optional<ErrorCode> failure;
    bool content;
};
Heard hear(std::vector<Event> events, bool stream) {
    const auto relay = gateway::translate(std::make_unique<Said>(std::move(events), stream), std::make_unique<Mute>());
    auto pieces = relay->feed("x");
    if (pieces && !stream) pieces = relay->end();
    return {pieces ? std::nullopt : std::optional(pieces.error().code()), relay->facts().content};
}

Event finish(StopReason stop) { return {.kind = Kind::finish, .stop = stop}; }
Event spent(int64_t output) {
    Event e{.kind = Kind::usage};
    e.usage[Component::input] = 9;
    e.usage[Component::output] = output;
    return e;
}
const Event started{.kind = Kind::started};
}  // namespace

TEST(Translation, nothing_but_a_blank_finish_is_no_reply) {
    for (const bool stream : {true, false}) {
        for (const auto& events : {std::vector{started}, std::vector{started, spent(0)},
                                   std::vector{started, Event{.kind = Kind::text}, spent(3)},
                                   std::vector{started, finish(StopReason::end), spent(0)}}) {
            const Heard heard = hear(events, stream);
            EXPECT_EQ(heard.failure, ErrorCode::upstream_empty) << stream << ' ' << events.size();
            EXPECT_FALSE(heard.content) << "another target may still be tried";
        }
    }
}

TEST(Translation, an_empty_answer_that_was_paid_for_is_an_answer) {
    const Event text{.kind = Kind::text, .text = "hi"};
    const Event image{.kind = Kind::extra, .name = "images", .raw = "[1]"};
    const Event redacted{.kind = Kind::state, .text = "EmwK", .name = canon::state_kind::redacted};
    const Event server_tool{.kind = Kind::extra, .name = "content_blocks", .raw = "[{}]"};
    for (const bool stream : {true, false}) {
        for (const auto& events :
             {std::vector{started, finish(StopReason::end), spent(1)}, std::vector{started, finish(StopReason::end)},
              std::vector{started, finish(StopReason::refusal), spent(0)}, std::vector{started, text, spent(1)},
              std::vector{started, image, spent(1)}, std::vector{started, redacted, spent(1)},
              std::vector{started, server_tool, spent(1)}}) {
            const Heard heard = hear(events, stream);
            EXPECT_FALSE(heard.failure) << stream << ' ' << static_cast<int>(events[1].kind);
            EXPECT_TRUE(heard.content) << "the end opens the gate";
        }
    }
}

TEST(Translation, what_came_in_front_of_a_failure_is_told_with_it) {
    for (const bool stream : {true, false}) {
        const auto relay =
            gateway::translate(std::make_unique<Said>(std::vector{started, finish(StopReason::end), spent(0)}, stream),
                               std::make_unique<Letters>());
        auto pieces = relay->feed("x");
        if (pieces && !stream) pieces = relay->end();
        ASSERT_FALSE(pieces);
        EXPECT_EQ(relay->fail(pieces.error()), "eeef") << stream;
    }
}
