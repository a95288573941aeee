// What a descriptor writes later: when it goes out, in which order, and what becomes of it when the peer is slow or
// gone.
#include "rt/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

namespace aig::rt {
namespace {

using Debt = Descriptor::Debt;

/// A socket pair: ours watched by a loop on this thread, the peer's by nobody.
struct Pair {
    Loop loop;
    std::optional<Descriptor> ours;
    int peer = -1;

    Pair() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        ours.emplace(loop, ends[0]);
        peer = ends[1];
    }
    ~Pair() {
        ours.reset();
        if (peer >= 0) ::close(peer);
    }

    bool later(std::string_view bytes) {
        const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        return ours->write_later(std::span(&piece, 1));
    }
    /// Everything that has arrived.
    std::string arrived() const {
        std::string out;
        char room[65'536];
        for (ssize_t n; (n = ::recv(peer, room, sizeof room, MSG_DONTWAIT)) > 0;)
            out.append(room, static_cast<size_t>(n));
        return out;
    }
    /// Writes until the kernel takes no more.
    std::string fill() const {
        std::string sent;
        const std::string piece(4'096, 'f');
        for (ssize_t n; (n = ::send(ours->fd(), piece.data(), piece.size(), MSG_DONTWAIT)) > 0;)
            sent.append(piece, 0, static_cast<size_t>(n));
        return sent;
    }
    void run(std::function<Task<>(Pair&)> make) {
        auto whole = [](Pair* pair, std::function<Task<>(Pair&)> m) -> Task<> {
            auto task = m(*pair);
            co_await std::move(task);
            pair->loop.stop();
        };
        loop.spawn([&] { return whole(this, make); });
        loop.run();
    }
};

TEST(WriteLater, GoesOutWhenTheHandlerEnds) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        EXPECT_TRUE(p.later("one "));
        EXPECT_TRUE(p.later("two"));
        EXPECT_EQ(p.arrived(), "");
        co_await p.loop.sleep_ms(1);
        EXPECT_EQ(p.arrived(), "one two");
    });
}

TEST(WriteLater, SettlingUpComesFirst) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        EXPECT_TRUE(p.later("first"));
        EXPECT_EQ(p.ours->settle_up(), Debt::none);
        EXPECT_EQ(p.arrived(), "first");
        co_return;
    });
}

TEST(WriteLater, IsNotForWhatIsLarge) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        EXPECT_TRUE(p.later(std::string(16'384, 'x')));
        EXPECT_FALSE(p.later(std::string(16'385, 'x')));
        co_return;
    });
    EXPECT_EQ(pair.arrived().size(), 16'384u);
}

TEST(WriteLater, ManyInOneHandlerKeepTheirOrder) {
    Pair one, two;
    std::string expected;
    one.run([&](Pair& p) -> Task<> {
        Descriptor other(p.loop, ::dup(two.ours->fd()));
        for (int i = 0; i < 100; ++i) {
            const auto text = std::to_string(i) + ' ';
            expected += text;
            EXPECT_TRUE(p.later(text));
            const iovec piece{const_cast<char*>(text.data()), text.size()};
            EXPECT_TRUE(other.write_later(std::span(&piece, 1)));
        }
        co_await p.loop.sleep_ms(1);
    });
    EXPECT_EQ(one.arrived(), expected);
    EXPECT_EQ(two.arrived(), expected);
}

TEST(WriteLater, WhatASlowPeerLeavesIsOwedAndPaidAsItReads) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        auto expected = p.fill();
        EXPECT_TRUE(p.later("and this"));
        co_await p.loop.sleep_ms(1);
        EXPECT_EQ(p.ours->settle_up(), Debt::owed);
        EXPECT_FALSE(p.later("not behind a debt"));
        std::string seen;
        for (int i = 0; i < 1'000 && seen.size() < expected.size() + 8; ++i) {
            seen += p.arrived();
            co_await p.loop.sleep_ms(1);
        }
        EXPECT_EQ(seen, expected + "and this");
        EXPECT_EQ(p.ours->settle_up(), Debt::none);
        EXPECT_TRUE(p.later("again"));
    });
    EXPECT_EQ(pair.arrived(), "again");
}

TEST(WriteLater, WaitingForRoomEndsWhenTheDebtIsPaid) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        p.fill();
        EXPECT_TRUE(p.later("owed"));
        EXPECT_EQ(p.ours->settle_up(), Debt::owed);
        p.loop.post([&p] { p.arrived(); });
        co_await p.ours->writable();
        EXPECT_EQ(p.ours->settle_up(), Debt::none);
        EXPECT_EQ(p.arrived(), "owed");
    });
}

TEST(WriteLater, APeerThatIsGoneBreaksIt) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        ::close(std::exchange(p.peer, -1));
        EXPECT_TRUE(p.later("to nobody"));
        EXPECT_EQ(p.ours->settle_up(), Debt::broken);
        EXPECT_FALSE(p.later("more"));
        co_return;
    });
}

TEST(WriteLater, ADescriptorThatClosesHasWritten) {
    Pair pair;
    pair.run([](Pair& p) -> Task<> {
        EXPECT_TRUE(p.later("last words"));
        p.ours.reset();
        co_return;
    });
    EXPECT_EQ(pair.arrived(), "last words");
}

}  // namespace
}  // namespace aig::rt
