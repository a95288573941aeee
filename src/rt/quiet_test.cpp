#include "rt/quiet.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

#include "rt/loop.h"

using namespace aig::rt;

TEST(Quiet, without_busy_loops_it_rings_at_once_and_once) {
    int rung = 0;
    QuietBell bell([&] { ++rung; });
    EXPECT_EQ(rung, 0);
    bell.arm();
    EXPECT_EQ(rung, 1);
    put_off_quiet();  // no loop runs here: nothing is put off
    bell.arm();
    EXPECT_EQ(rung, 2);
}

TEST(Quiet, a_loop_rings_behind_everything_it_has_at_hand) {
    std::string order;
    std::promise<void> done;
    QuietBell bell([&] {
        order += '!';
        done.set_value();
    });
    Loops loops(1);
    loops[0].post([&] {
        put_off_quiet();
        order += 'a';
        loops[0].post([&] {
            order += 'b';
            loops[0].post([&] { order += 'c'; });
        });
        bell.arm();
        order += '-';
    });
    done.get_future().wait();
    loops.stop_and_join();
    EXPECT_EQ(order, "a-bc!");
}

TEST(Quiet, it_waits_for_every_loop) {
    std::promise<void> armed, rung, second_may_go_on;
    QuietBell bell([&] { rung.set_value(); });
    Loops loops(2);
    loops[1].post([&] {
        put_off_quiet();
        loops[0].post([&] {
            put_off_quiet();
            bell.arm();
            armed.set_value();
        });
        second_may_go_on.get_future().wait();
    });
    armed.get_future().wait();
    auto ring = rung.get_future();
    EXPECT_EQ(ring.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    second_may_go_on.set_value();
    ring.wait();
    loops.stop_and_join();
}

TEST(Quiet, a_loop_that_ends_is_no_longer_busy) {
    int rung = 0;
    QuietBell bell([&] { ++rung; });
    {
        Loops loops(1);
        loops[0].post([] { put_off_quiet(); });
        loops.stop_and_join();
    }
    bell.arm();
    EXPECT_EQ(rung, 1);
}
