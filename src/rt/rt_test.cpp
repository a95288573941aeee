#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/time.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace aig::rt {
namespace {

/// Runs a loop on this thread until the task ends.
void run_task(std::function<Task<>(Loop&)> make) {
    Loop loop;
    auto whole = [](Loop* l, std::function<Task<>(Loop&)> m) -> Task<> {
        auto task = m(*l);
        co_await std::move(task);
        l->stop();
    };
    loop.spawn([&] { return whole(&loop, make); });
    loop.run();
}

Task<> wait_and_store(Answer<int>* answer, int* out) {
    auto value = co_await answer->wait();
    *out = value;
}

TEST(Loop, PostRunsOnTheLoopsThread) {
    Loops loops(2);
    std::latch done(2);
    std::thread::id ids[2];
    Loop* seen[2] = {};
    for (int i = 0; i < 2; ++i) {
        loops[i].post([&, i] {
            ids[i] = std::this_thread::get_id();
            seen[i] = Loop::current();
            done.count_down();
        });
    }
    done.wait();
    EXPECT_NE(ids[0], ids[1]);
    EXPECT_EQ(seen[0], &loops[0]);
    EXPECT_EQ(seen[1], &loops[1]);
    EXPECT_EQ(Loop::current(), nullptr);
}

/// The loop falls asleep between any two of these; one that is slept through would never come back.
TEST(Loop, NoCallIsSleptThrough) {
    Loops loops(1);
    constexpr int callers = 3, times = 3'000;
    std::vector<std::thread> threads;
    for (int t = 0; t < callers; ++t)
        threads.emplace_back([&loops] {
            for (int i = 0; i < times; ++i) {
                const auto ran = std::make_shared<std::promise<void>>();
                loops[0].post([ran] { ran->set_value(); });
                ran->get_future().wait();
            }
        });
    for (auto& t : threads) t.join();
}

TEST(Loop, TasksThatKeepPostingDoNotKeepTimersFromTheirTurn) {
    Loops loops(1);
    std::latch done(1);
    std::atomic<bool> stop = false;
    auto* loop = &loops[0];
    std::function<void()> again = [&] {
        if (!stop) loop->post(again);
    };
    loop->post(again);
    struct Frame {
        static Task<> go(Loop* l, std::latch* d) {
            co_await l->sleep_ms(5);
            d->count_down();
        }
    };
    loop->spawn([&] { return Frame::go(loop, &done); });
    done.wait();
    stop = true;
    loops.stop_and_join();
}

TEST(Loop, ATaskThatHasEndedLetsGoOfWhatItHeld) {
    Loops loops(1);
    std::latch asked(1);
    auto held = std::make_shared<int>(1);
    std::weak_ptr<int> watched = held;
    Answer<int> answer(loops[0]);
    struct Frame {
        static Task<> go(std::shared_ptr<int> mine, Answer<int> a, std::latch* waits) {
            waits->count_down();
            auto value = co_await a.wait();
            *mine = value;
        }
    };
    loops[0].spawn([h = std::move(held), answer, &asked]() mutable { return Frame::go(std::move(h), answer, &asked); });
    asked.wait();
    answer.deliverer()(2);
    for (int i = 0; i < 2'000 && !watched.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(watched.expired());
}

TEST(Loop, AThrowingTaskAndCallbackDoNotEndTheThread) {
    Loops loops(1);
    loops[0].spawn([]() -> Task<> {
        throw std::runtime_error("planted");
        co_return;
    });
    loops[0].post([] { throw std::runtime_error("planted"); });
    std::latch alive(1);
    loops[0].post([&] { alive.count_down(); });
    alive.wait();
}

TEST(Loop, EveryFiresUntilItsHandleGoes) {
    Loop loop;
    int fired = 0;
    std::shared_ptr<void> handle = loop.every(100, [&] {
        if (++fired < 3) return;
        handle.reset();
        loop.every(100, [] { FAIL() << "its handle was dropped at once"; }).reset();
        loop.spawn([&loop]() -> Task<> {
            return [](Loop* l) -> Task<> {
                co_await l->sleep_ms(350);
                l->stop();
            }(&loop);
        });
    });
    loop.run();
    EXPECT_EQ(fired, 3);
}

TEST(Answer, DeliveredBeforeAndAfterTheWait) {
    run_task([](Loop& loop) -> Task<> {
        Answer<int> early(loop);
        early.local_deliverer()(7);
        int got = 0;
        co_await wait_and_store(&early, &got);
        EXPECT_EQ(got, 7);
        Answer<int> late(loop);
        std::thread other([deliver = late.deliverer()] { deliver(9); });
        co_await wait_and_store(&late, &got);
        other.join();
        EXPECT_EQ(got, 9);
    });
}

TEST(Answer, TaskThatNeverGetsItsAnswerIsDestroyedWithTheLoop) {
    struct Flag {
        bool* gone;
        ~Flag() { *gone = true; }
    };
    bool gone = false;
    {
        Loop loop;
        Answer<int> never(loop);
        auto task = [](Answer<int> answer, std::shared_ptr<Flag> flag) -> Task<> {
            auto value = co_await answer.wait();
            (void)value;
            (void)flag;
        };
        auto flag = std::make_shared<Flag>(&gone);
        loop.spawn([&, flag] { return task(never, flag); });
        flag.reset();
        loop.post([&] { loop.stop(); });
        loop.run();
        EXPECT_FALSE(gone);
    }
    EXPECT_TRUE(gone);
}

TEST(Suspend, ResumingTwiceOrAtOnceIsHarmless) {
    run_task([](Loop&) -> Task<> {
        int after = 0;
        co_await suspend([](std::function<void()> resume) {
            resume();
            resume();
        });
        ++after;
        EXPECT_EQ(after, 1);
    });
}

TEST(Postbox, OneHandlerPerLoopInOrder) {
    Loops loops(2);
    Postbox box;
    std::latch done(2);
    std::vector<int> first, second;
    box.add(&loops[0], [&] { first.push_back(1); });
    box.add(&loops[1], [&] { second.push_back(1); });
    box.add(&loops[0], [&] { first.push_back(2); });
    box.add(&loops[0], [&] { done.count_down(); });
    box.add(&loops[1], [&] { done.count_down(); });
    box.send();
    done.wait();
    EXPECT_EQ(first, (std::vector<int>{1, 2}));
    EXPECT_EQ(second, (std::vector<int>{1}));
    box.send();  // nothing left: sends nothing twice
}

TEST(Stop, FirstReasonWinsAndListenerRunsOnce) {
    Stop stop;
    int fired = 0;
    Stop::Listener listener, late;
    stop.tell(listener, [&] { ++fired; });
    stop.stop(ErrorCode::upstream_timeout);
    stop.stop(ErrorCode::client_gone);
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(stop.why(), ErrorCode::upstream_timeout);
    stop.tell(late, [&] { ++fired; });
    EXPECT_EQ(fired, 2) << "a listener that comes too late is told at once";
}

TEST(Stop, DroppedListenerIsNotCalled) {
    Stop stop;
    int fired = 0;
    {
        Stop::Listener gone;
        stop.tell(gone, [&] { ++fired; });
    }
    stop.stop(ErrorCode::client_gone);
    EXPECT_EQ(fired, 0);
}

TEST(Stop, TheLatestListenerIsToldAndMayEndItselfMeanwhile) {
    Stop stop;
    int first = 0, second = 0;
    Stop::Listener before;
    auto now = std::make_unique<Stop::Listener>();
    stop.tell(before, [&] { ++first; });
    stop.tell(*now, [&] {
        now.reset();
        ++second;
    });
    stop.stop(ErrorCode::client_gone);
    EXPECT_EQ(first, 0);
    EXPECT_EQ(second, 1);
}

TEST(Stop, AListenerMayOutliveIt) {
    Stop::Listener listener;
    {
        Stop stop;
        stop.tell(listener, [] { FAIL() << "nothing stopped"; });
    }
    Stop other;
    int fired = 0;
    other.tell(listener, [&] { ++fired; });
    other.stop(ErrorCode::client_gone);
    EXPECT_EQ(fired, 1);
}

TEST(Blocking, RunsElsewhereAndResumesOnTheLoop) {
    run_task([](Loop& loop) -> Task<> {
        auto id = std::make_shared<std::thread::id>();
        auto done = co_await blocking([id] { *id = std::this_thread::get_id(); });
        EXPECT_TRUE(done.ok());
        EXPECT_NE(*id, std::this_thread::get_id());
        EXPECT_EQ(Loop::current(), &loop);
    });
}

TEST(Blocking, ALoopMayDieWhileItsJobRuns) {
    auto release = std::make_shared<std::latch>(1);
    auto ended = std::make_shared<std::latch>(1);
    {
        Loop loop;
        auto task = [](std::shared_ptr<std::latch> r, std::shared_ptr<std::latch> e) -> Task<> {
            auto done = co_await blocking([r, e] {
                r->wait();
                e->count_down();
            });
            (void)done;
        };
        loop.spawn([&] { return task(release, ended); });
        loop.post([&] { loop.post([&] { loop.stop(); }); });
        loop.run();
    }
    release->count_down();
    ended->wait();
}

}  // namespace
}  // namespace aig::rt
