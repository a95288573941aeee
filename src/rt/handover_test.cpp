#include "rt/handover.h"

#include <gtest/gtest.h>

#include <thread>

namespace aig::rt {
namespace {

/// Work that its starter leaves to the test.
void nothing_yet(HandoverPtr) {}
void refused(HandoverPtr work) {
    work->set(Error(ErrorCode::overloaded, "no"));
    work->arrive_later();
}

Task<> ends(HandoverPtr work, void (*start)(HandoverPtr), bool good, int* order, int* at, Loop* stop) {
    auto outcome = co_await Handover::wait_for(std::move(work), start);
    EXPECT_EQ(outcome.ok(), good);
    *at = ++*order;
    if (stop) stop->stop();
}

TEST(Handover, AGroupGoesOnInOrderAndKnowsHowItEnded) {
    Loop loop;
    auto first = std::make_shared<Handover>(loop), second = std::make_shared<Handover>(loop);
    int order = 0, at_first = 0, at_second = 0;
    loop.spawn([&] { return ends(first, nothing_yet, true, &order, &at_first, nullptr); });
    loop.spawn([&] { return ends(second, nothing_yet, false, &order, &at_second, &loop); });
    std::thread other;
    loop.post([&] {
        other = std::thread([&] {
            Handovers group;
            first->set({});
            second->set(Error(ErrorCode::no_money, "no"));
            group.add(first);
            group.add(second);
            group.send();
            group.send();  // nothing is left to send
        });
    });
    loop.run();
    other.join();
    EXPECT_EQ(at_first, 1);
    EXPECT_EQ(at_second, 2);
}

TEST(Handover, WorkMayBeRefusedWhileItIsStarted) {
    Loop loop;
    int order = 0, at = 0;
    loop.spawn([&] { return ends(std::make_shared<Handover>(loop), refused, false, &order, &at, &loop); });
    loop.run();
    EXPECT_EQ(at, 1);
}

TEST(Handover, ATaskThatIsNeverToldIsDestroyedWithTheLoop) {
    auto flag = std::make_shared<int>(0);
    std::weak_ptr<int> alive = flag;
    {
        Loop loop;
        auto task = [](HandoverPtr work, std::shared_ptr<int> held) -> Task<> {
            auto outcome = co_await Handover::wait_for(std::move(work), nothing_yet);
            (void)outcome;
            (void)held;
        };
        auto never = std::make_shared<Handover>(loop);
        loop.spawn([task, never, held = std::move(flag)] { return task(never, held); });
        never.reset();
        loop.post([&] { loop.post([&] { loop.stop(); }); });
        loop.run();
        EXPECT_FALSE(alive.expired());
    }
    EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace aig::rt
