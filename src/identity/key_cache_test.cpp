#include "identity/detail/key_cache.h"

#include <gtest/gtest.h>

#include <thread>

using namespace aig;
using namespace aig::identity;

namespace {
KeyEntryPtr entry_of(int64_t id, bool revoked = false) {
    auto e = std::make_shared<KeyEntry>();
    e->principal.key = KeyId{id};
    e->revoked = revoked;
    e->account = std::make_shared<AccountState>();
    return e;
}
KeyHash hash_of(int i) { return hash_key("key" + std::to_string(i)); }
}  // namespace

TEST(KeyCache, remembers_and_changes) {
    KeyCache cache({});
    EXPECT_EQ(cache.find(hash_of(1)).entry, nullptr);
    ASSERT_TRUE(cache.remember(hash_of(1), entry_of(1), cache.epoch()));
    EXPECT_EQ(cache.find(hash_of(1)).entry->principal.key.value, 1);
    cache.change(hash_of(1), entry_of(1, true));
    EXPECT_TRUE(cache.find(hash_of(1)).entry->revoked);
}

TEST(KeyCache, what_was_read_before_a_change_is_not_remembered) {
    KeyCache cache({});
    const auto before = cache.epoch();
    cache.change(hash_of(1), entry_of(1, true));
    EXPECT_FALSE(cache.remember(hash_of(1), entry_of(1, false), before));
    EXPECT_TRUE(cache.find(hash_of(1)).entry->revoked);
    EXPECT_FALSE(cache.remember(hash_of(2), nullptr, before));
    EXPECT_FALSE(cache.known_unknown(hash_of(2)));
}

TEST(KeyCache, both_bounds_hold) {
    KeyCache cache({.capacity = 640, .unknown_capacity = 640, .unknown_ms = 60'000});
    for (int i = 0; i < 600; ++i) cache.remember(hash_of(i), entry_of(i), cache.epoch());
    for (int i = 0; i < 5'000; ++i) cache.remember(hash_of(i), entry_of(i), cache.epoch());
    EXPECT_FALSE(cache.complete());
    cache.clear();
    for (int i = 0; i < 5'000; ++i) cache.remember(hash_of(i), nullptr, cache.epoch());
    EXPECT_LE(cache.unknown_count(), 640u);
    EXPECT_GE(cache.unknown_count(), 600u);
    EXPECT_TRUE(cache.known_unknown(hash_of(4'999)));
    EXPECT_FALSE(cache.known_unknown(hash_of(0)));
}

TEST(KeyCache, the_least_recently_looked_up_leaves) {
    KeyCache cache({.capacity = 128});  // two a shard
    std::vector<int> same;              // three keys of one shard
    for (int i = 0; same.size() < 3; ++i)
        if (hash_of(i).word(2) % 64 == 0) same.push_back(i);
    cache.remember(hash_of(same[0]), entry_of(0), cache.epoch());
    cache.remember(hash_of(same[1]), entry_of(1), cache.epoch());
    EXPECT_TRUE(cache.complete());
    EXPECT_NE(cache.find(hash_of(same[0])).entry, nullptr);
    cache.remember(hash_of(same[2]), entry_of(2), cache.epoch());
    EXPECT_FALSE(cache.complete());
    std::thread([&] {  // a fresh thread sees the shards, not this thread's own table
        EXPECT_NE(cache.find(hash_of(same[0])).entry, nullptr);
        EXPECT_EQ(cache.find(hash_of(same[1])).entry, nullptr);
        EXPECT_NE(cache.find(hash_of(same[2])).entry, nullptr);
    })
        .join();
}

TEST(KeyCache, a_new_key_ends_being_unknown) {
    KeyCache cache({});
    cache.remember(hash_of(1), nullptr, cache.epoch());
    EXPECT_TRUE(cache.known_unknown(hash_of(1)));
    cache.change(hash_of(1), entry_of(1));
    EXPECT_FALSE(cache.known_unknown(hash_of(1)));
    EXPECT_NE(cache.find(hash_of(1)).entry, nullptr);
}

TEST(KeyCache, unknown_keys_are_forgotten_after_their_time) {
    KeyCache cache({.unknown_ms = 0});
    cache.remember(hash_of(1), nullptr, cache.epoch());
    EXPECT_FALSE(cache.known_unknown(hash_of(1)));
}

TEST(KeyCache, a_revocation_is_seen_by_every_thread_once_change_returned) {
    KeyCache cache({});
    cache.remember(hash_of(1), entry_of(1), cache.epoch());
    std::atomic<bool> revoked{false}, stop{false};
    std::atomic<int> late{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            while (!stop.load()) {
                const bool was = revoked.load();
                const auto found = cache.find(hash_of(1));
                if (was && !found.entry->revoked) ++late;
            }
        });
    for (int i = 0; i < 200; ++i) {
        cache.change(hash_of(1), entry_of(1, true));
        revoked = true;
        std::this_thread::yield();
        revoked = false;
        std::this_thread::yield();
    }
    stop = true;
    for (auto& t : threads) t.join();
    EXPECT_EQ(late.load(), 0);
}
