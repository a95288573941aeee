#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "base/money.h"
#include "base/time.h"
#include "identity/detail/key_text.h"
#include "identity/identity.h"
#include "rt/loop.h"
#include "store/outbox.h"

using namespace aig;
using namespace aig::identity;

namespace {
/// Counts reads, can be told to fail, and can hold reads back until it is told to let them go.
class WatchedStore final : public store::Store {
  public:
    explicit WatchedStore(std::unique_ptr<store::Store> inner) : inner_(std::move(inner)) {}
    void submit(store::Batch b, std::function<void(Status)> done) override {
        inner_->submit(std::move(b), std::move(done));
    }
    rt::Task<Status> commit(store::Batch b) override { return inner_->commit(std::move(b)); }
    rt::Task<Status> read(std::function<Status(store::Db&)> fn) override {
        ++reads;
        if (down) co_return Error(ErrorCode::storage_unavailable, "down");
        while (hold) co_await rt::Loop::current()->sleep_ms(1);
        auto r = co_await inner_->read(std::move(fn));
        co_return r;
    }
    Status read_now(const std::function<Status(store::Db&)>& fn) override { return inner_->read_now(fn); }
    Status commit_now(store::Batch b) override { return inner_->commit_now(std::move(b)); }
    void on_rollback(std::function<Status(store::Db&)> reload) override { inner_->on_rollback(std::move(reload)); }
    void before_commit(std::function<Status(store::Db&)> flush) override { inner_->before_commit(std::move(flush)); }
    int64_t queue_length() const override { return inner_->queue_length(); }
    int schema_version() const override { return inner_->schema_version(); }

    std::atomic<int> reads{0};
    std::atomic<bool> down{false}, hold{false};

  private:
    std::unique_ptr<store::Store> inner_;
};

class DirectoryTest : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/aig-identity-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder_ = name;
        open({});
    }
    void TearDown() override {
        directory.reset();
        store.reset();
        std::filesystem::remove_all(folder_);
    }
    void open(Options options) {
        directory.reset();
        store.reset();
        store::Options o;
        o.path = folder_ + "/aig.db";
        auto s = store::Store::open(o);
        ASSERT_TRUE(s) << s.error().message();
        store = std::make_unique<WatchedStore>(*std::move(s));
        auto d = Directory::open(*store, options);
        ASSERT_TRUE(d) << d.error().message();
        directory = *std::move(d);
    }
    AccountId account() { return *directory->create_account("Ada", "ada@example.com", {}); }
    MintedKey key(AccountId of, std::string prefix = "sk-aig-") {
        NewKey k;
        k.account = of;
        k.prefix = std::move(prefix);
        return *directory->create_key(std::move(k));
    }
    Result<PrincipalPtr> authenticate(std::string text) {
        std::promise<Result<PrincipalPtr>> answer;
        loops[0].spawn([&]() -> rt::Task<> { return ask(directory.get(), std::move(text), &answer); });
        return answer.get_future().get();
    }
    static rt::Task<> ask(Directory* d, std::string text, std::promise<Result<PrincipalPtr>>* answer) {
        auto r = co_await d->authenticate(std::move(text));
        answer->set_value(std::move(r));
    }
    ErrorCode refusal(std::string text) {
        auto r = authenticate(std::move(text));
        return r ? ErrorCode::internal : r.error().code();
    }

    std::string folder_;
    rt::Loops loops{2};
    std::unique_ptr<WatchedStore> store;
    std::unique_ptr<Directory> directory;
};
}  // namespace

TEST_F(DirectoryTest, every_prefix_authenticates_now_and_after_a_restart) {
    const auto a = account();
    std::vector<MintedKey> keys;
    for (const char* prefix : {"sk-aig-", "sk_live_", "gw_", "sk-", "none"}) keys.push_back(key(a, prefix));
    for (int restart = 0; restart < 2; ++restart) {
        for (const auto& k : keys) {
            auto p = authenticate(k.key);
            ASSERT_TRUE(p) << k.key;
            EXPECT_EQ((*p)->account, a);
            EXPECT_EQ((*p)->key, k.id);
            EXPECT_EQ((*p)->prefix, key_prefix(k.key));
            EXPECT_TRUE(directory->known(k.key));
        }
        open({});
    }
    EXPECT_EQ(store->reads.load(), 0);
}

TEST_F(DirectoryTest, limits_models_and_the_rest_are_kept) {
    NewKey k;
    k.account = account();
    k.name = "ci";
    k.tag = "team-a";
    k.dialect = "anthropic";
    k.limits = {60, 100'000, 4, 5 * nanos_per_unit, "month", 1'000, 7};
    k.ip_allow = {"203.0.113.0/24", "2001:db8::1"};
    k.models = {"openai/gpt-5.4", "a\"b"};
    k.expires_us = now_us() + 3'600'000'000;
    const auto minted = *directory->create_key(k);
    open({});
    const auto p = directory->known(minted.key);
    ASSERT_TRUE(p);
    EXPECT_EQ(p->key_name, "ci");
    EXPECT_EQ(p->tag, "team-a");
    EXPECT_EQ(p->dialect, "anthropic");
    EXPECT_EQ(p->limits.rpm, 60);
    EXPECT_EQ(p->limits.tpm, 100'000);
    EXPECT_EQ(p->limits.concurrency, 4);
    EXPECT_EQ(p->limits.spend_cap_nanos, 5 * nanos_per_unit);
    EXPECT_EQ(p->limits.spend_period, "month");
    EXPECT_EQ(p->limits.rpd, 1'000);
    EXPECT_EQ(p->limits.brake_nanos_per_minute, 7);
    EXPECT_EQ(p->expires_us, k.expires_us);
    EXPECT_EQ(p->line, minted.id);
    EXPECT_EQ(p->currency, "USD");
    EXPECT_TRUE(p->admits(parse_ip("203.0.113.9")) && p->admits(parse_ip("2001:db8::1")));
    EXPECT_FALSE(p->admits(parse_ip("203.0.114.9")) || p->admits(parse_ip("2001:db8::2")) || p->admits({}));
    EXPECT_TRUE(p->allows("a\"b"));
    EXPECT_FALSE(p->allows("openai/gpt-5.5"));
    const auto plain = directory->known(key(k.account).key);
    EXPECT_FALSE(plain->limits.rpm || plain->limits.tpm || plain->limits.concurrency || plain->limits.spend_cap_nanos);
    EXPECT_FALSE(plain->limits.rpd || plain->limits.brake_nanos_per_minute || plain->sub_account);
    EXPECT_TRUE(plain->admits({}));
    EXPECT_TRUE(plain->allows("anything"));
}

TEST_F(DirectoryTest, revoked_expired_and_blocked_are_told_apart) {
    const auto a = account();
    const auto good = key(a), revoked = key(a);
    NewKey brief;
    brief.account = a;
    brief.expires_us = now_us() + 20'000;
    const auto expiring = *directory->create_key(brief);
    ASSERT_TRUE(directory->known(revoked.key));
    ASSERT_TRUE(directory->revoke_key(revoked.id));
    EXPECT_FALSE(directory->known(revoked.key));
    EXPECT_EQ(refusal(revoked.key), ErrorCode::auth_revoked);
    while (now_us() <= brief.expires_us) {
    }
    EXPECT_EQ(refusal(expiring.key), ErrorCode::auth_expired);
    EXPECT_TRUE(authenticate(good.key));
    ASSERT_TRUE(directory->block_account(a, true));
    EXPECT_EQ(refusal(good.key), ErrorCode::account_blocked);
    EXPECT_EQ(refusal(revoked.key), ErrorCode::auth_revoked);
    open({});
    EXPECT_EQ(refusal(good.key), ErrorCode::account_blocked);
    EXPECT_EQ(refusal(revoked.key), ErrorCode::auth_revoked);
    ASSERT_TRUE(directory->block_account(a, false));
    EXPECT_TRUE(authenticate(good.key));
}

TEST_F(DirectoryTest, revoking_twice_is_ok_and_unknown_ids_are_named) {
    const auto k = key(account());
    EXPECT_TRUE(directory->revoke_key(k.id));
    const auto first = (*directory->keys({}))[0].revoked_us;
    EXPECT_TRUE(directory->revoke_key(k.id));
    EXPECT_EQ((*directory->keys({}))[0].revoked_us, first);
    EXPECT_EQ(directory->revoke_key(KeyId{999}).error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(directory->block_account(AccountId{999}, true).error().code(), ErrorCode::resource_not_found);
    NewKey orphan;
    orphan.account = AccountId{999};
    EXPECT_EQ(directory->create_key(orphan).error().code(), ErrorCode::resource_not_found);
}

TEST_F(DirectoryTest, garbage_costs_no_database_work) {
    const auto k = key(account());
    auto typo = k.key;
    typo.back() = typo.back() == 'a' ? 'b' : 'a';
    directory->forget();  // now the memory is not complete and misses go to the database
    const char* never[] = {"", " ", "a b", "x\r\ny", "\xff\xfe"};
    EXPECT_EQ(refusal(typo), ErrorCode::auth_invalid);
    for (const char* text : never) EXPECT_EQ(refusal(text), ErrorCode::auth_invalid) << text;
    EXPECT_EQ(refusal(std::string(10'000, 'a')), ErrorCode::auth_invalid);
    EXPECT_EQ(store->reads.load(), 0);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(refusal("unknown-key"), ErrorCode::auth_invalid);
    EXPECT_EQ(store->reads.load(), 1);
}

TEST_F(DirectoryTest, sql_in_a_key_is_a_key_that_does_not_exist) {
    const auto k = key(account());
    directory->forget();
    for (const char* text : {"'--", "'OR'1'='1", "\";DROP/**/TABLE/**/api_key;--", "%", "_", "sk-aig-%",
                             "x'||(SELECT/**/hash)||'", "?1", "$ID", ":hash", "@a"})
        EXPECT_EQ(refusal(text), ErrorCode::auth_invalid) << text;
    EXPECT_TRUE(authenticate(k.key));
    const auto hash = hash_key(k.key).hex();
    EXPECT_EQ(refusal(hash), ErrorCode::auth_invalid);
}

TEST_F(DirectoryTest, many_loops_asking_for_one_key_make_one_look_up) {
    const auto k = key(account());
    directory->forget();
    store->hold = true;
    constexpr int n = 50;
    std::vector<std::promise<Result<PrincipalPtr>>> answers(n);
    for (int i = 0; i < n; ++i)
        loops[static_cast<size_t>(i) % 2].spawn([this, &k, a = &answers[static_cast<size_t>(i)]]() -> rt::Task<> {
            return ask(directory.get(), k.key, a);
        });
    while (store->reads.load() == 0) std::this_thread::yield();
    // Both loops have run everything that was spawned before this.
    for (size_t l = 0; l < 2; ++l) {
        std::promise<void> reached;
        loops[l].post([&] { reached.set_value(); });
        reached.get_future().get();
    }
    EXPECT_EQ(store->reads.load(), 1);
    store->hold = false;
    for (auto& a : answers) {
        auto r = a.get_future().get();
        ASSERT_TRUE(r);
        EXPECT_EQ((*r)->key, k.id);
    }
    EXPECT_LE(store->reads.load(), 1);
    EXPECT_TRUE(directory->known(k.key));
}

TEST_F(DirectoryTest, the_end_of_the_loops_ends_look_ups_under_way) {
    const auto k = key(account());
    directory->forget();
    store->hold = true;
    auto own = std::make_unique<rt::Loops>(2);
    std::promise<Result<PrincipalPtr>> first, second;
    (*own)[1].spawn([&]() -> rt::Task<> { return ask(directory.get(), k.key, &first); });
    while (store->reads.load() == 0) std::this_thread::yield();
    (*own)[0].spawn([&]() -> rt::Task<> { return ask(directory.get(), k.key, &second); });
    std::promise<void> reached;
    (*own)[0].post([&] { reached.set_value(); });
    reached.get_future().get();
    own->stop_and_join();
    directory.reset();
    own.reset();
}

TEST_F(DirectoryTest, known_keys_work_while_the_database_is_down) {
    const auto a = account();
    const auto seen = key(a), unseen = key(a);
    store->down = true;
    EXPECT_TRUE(authenticate(seen.key));
    directory->forget();
    EXPECT_EQ(refusal(seen.key), ErrorCode::storage_unavailable);
    store->down = false;
    EXPECT_TRUE(authenticate(seen.key));
    store->down = true;
    EXPECT_TRUE(authenticate(seen.key));
    EXPECT_EQ(refusal(unseen.key), ErrorCode::storage_unavailable);  // never 401 for our own trouble
}

TEST_F(DirectoryTest, a_revocation_during_a_look_up_wins) {
    const auto k = key(account());
    directory->forget();
    store->hold = true;
    std::promise<Result<PrincipalPtr>> answer;
    loops[0].spawn([&]() -> rt::Task<> { return ask(directory.get(), k.key, &answer); });
    while (store->reads.load() == 0) std::this_thread::yield();
    ASSERT_TRUE(directory->revoke_key(k.id));
    store->hold = false;
    auto r = answer.get_future().get();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), ErrorCode::auth_revoked);
    EXPECT_FALSE(directory->known(k.key));
}

TEST_F(DirectoryTest, more_keys_than_fit_in_memory) {
    const auto a = account();
    std::vector<MintedKey> keys;
    for (int i = 0; i < 200; ++i) keys.push_back(key(a));
    open({.capacity = 64});
    for (const auto& k : keys) EXPECT_TRUE(authenticate(k.key));
    EXPECT_GT(store->reads.load(), 100);
    EXPECT_EQ(refusal(*mint_key("sk-aig-")), ErrorCode::auth_invalid);
}

TEST_F(DirectoryTest, bad_accounts_and_keys_are_refused_by_name) {
    EXPECT_EQ(directory->create_account("", "", {}).error().param(), "name");
    EXPECT_EQ(directory->create_account("a\nb", "", {}).error().param(), "name");
    EXPECT_EQ(directory->create_account(std::string(201, 'a'), "", {}).error().param(), "name");
    EXPECT_EQ(directory->create_account("a", "not-an-address", {}).error().param(), "email");
    const auto a = account();
    const auto param_of = [&](const std::function<void(NewKey&)>& change) {
        NewKey k;
        k.account = a;
        change(k);
        auto r = directory->create_key(k);
        return r ? std::string("accepted") : r.error().param();
    };
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.rpm = 0; }), "rpm");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.tpm = -1; }), "tpm");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.concurrency = 1'000'000'001; }), "concurrency");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.spend_cap_nanos = 0; }), "spend_cap_usd");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.spend_period = "week"; }), "spend_period");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.spend_period = "day"; }), "spend_period");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.rpd = 0; }), "rpd");
    EXPECT_EQ(param_of([](NewKey& k) { k.limits.brake_nanos_per_minute = 0; }), "brake_usd_per_minute");
    EXPECT_EQ(param_of([](NewKey& k) { k.ip_allow = {"10.0.0.1/8"}; }), "ip_allow");
    EXPECT_EQ(param_of([](NewKey& k) { k.ip_allow.assign(101, "10.0.0.1"); }), "ip_allow");
    EXPECT_EQ(param_of([](NewKey& k) { k.sub_account = SubAccountId{9}; }), "sub_account_id");
    EXPECT_EQ(param_of([](NewKey& k) { k.models = {""}; }), "models");
    EXPECT_EQ(param_of([](NewKey& k) { k.models.assign(1'001, "m"); }), "models");
    EXPECT_EQ(param_of([](NewKey& k) { k.expires_us = 1; }), "expires");
    EXPECT_EQ(param_of([](NewKey& k) { k.prefix = "sk_test_"; }), "prefix");
    EXPECT_EQ(param_of([](NewKey&) {}), "accepted");
}

TEST_F(DirectoryTest, lists_are_paged_and_show_no_key) {
    const auto a = account(), b = account();
    std::vector<MintedKey> keys;
    for (int i = 0; i < 5; ++i) keys.push_back(key(i % 2 ? b : a));
    EXPECT_EQ(directory->accounts()->size(), 2u);
    EXPECT_EQ((*directory->accounts(a))[0].id, b);
    EXPECT_EQ(directory->account(a)->name, "Ada");
    EXPECT_EQ(directory->keys({})->size(), 5u);
    EXPECT_EQ(directory->keys(b)->size(), 2u);
    const auto page = *directory->keys({}, keys[1].id, 2);
    ASSERT_EQ(page.size(), 2u);
    EXPECT_EQ(page[0].id, keys[2].id);
    EXPECT_EQ(page[0].shown, keys[2].key.substr(0, 12) + "..." + keys[2].key.substr(keys[2].key.size() - 4));
    EXPECT_EQ(page[0].last_used_us, 0);
    ASSERT_TRUE(directory->known(keys[2].key));
    EXPECT_GT((*directory->keys({}, keys[1].id, 2))[0].last_used_us, now_us() - 120'000'000);
}

TEST_F(DirectoryTest, use_is_written_down_once_an_hour) {
    const auto k = key(account());
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(directory->known(k.key));
    open({});  // the store drains its queue before it closes
    EXPECT_GT((*directory->keys({}))[0].last_used_us, now_us() - 120'000'000);
}

TEST_F(DirectoryTest, an_account_that_cannot_be_completed_is_not_made) {
    auto r = directory->create_account("Ada", "", [](AccountId) {
        store::Ops ops;
        ops.push_back(store::op([](store::Db&) -> Status { return Error(ErrorCode::conflict, "no wallet today"); }));
        return ops;
    });
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code(), ErrorCode::conflict);
    EXPECT_TRUE(directory->accounts()->empty());
    EXPECT_TRUE(directory->create_account("Ada", "", {}));
}

TEST_F(DirectoryTest, a_changed_key_is_seen_changed_at_once_and_after_a_restart) {
    const auto a = account(), other = account();
    const auto k = key(a);
    const auto row = directory->update_key(k.id, a, [](KeyTerms& t) {
        t.name = "renamed";
        t.limits.rpm = 7;
        t.ip_allow = {"10.0.0.0/8"};
    });
    ASSERT_TRUE(row) << row.error().message();
    EXPECT_EQ(row->own.name, "renamed");
    EXPECT_EQ(directory->known(k.key)->limits.rpm, 7);
    EXPECT_FALSE(directory->known(k.key)->admits(parse_ip("11.0.0.1")));
    ASSERT_TRUE(directory->update_key(k.id, a, [](KeyTerms& t) { t.limits.rpm.reset(); }));
    open({});
    EXPECT_FALSE(directory->known(k.key)->limits.rpm);
    EXPECT_EQ(directory->known(k.key)->key_name, "renamed");
    EXPECT_EQ(directory->update_key(k.id, other, [](KeyTerms&) {}).error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(directory->update_key(k.id, a, [](KeyTerms& t) { t.limits.rpm = 0; }).error().param(), "rpm");
    EXPECT_EQ(directory->update_key(k.id, a, [](KeyTerms& t) { t.expires_us = 1; }).error().param(), "expires");
    ASSERT_TRUE(directory->revoke_key(k.id));
    EXPECT_EQ(directory->update_key(k.id, a, [](KeyTerms&) {}).error().code(), ErrorCode::conflict);
}

TEST_F(DirectoryTest, rotation_overlaps_keeps_the_terms_and_the_line) {
    const auto a = account();
    NewKey n;
    n.account = a;
    n.prefix = "gw_";
    n.name = "ci";
    n.limits.rpm = 5;
    const auto first = *directory->create_key(n);
    const auto second = directory->rotate_key(first.id, a, 3600);
    ASSERT_TRUE(second) << second.error().message();
    const auto old = directory->known(first.key), fresh = directory->known(second->key);
    ASSERT_TRUE(old && fresh);
    EXPECT_EQ(key_prefix(second->key), "gw_");
    EXPECT_EQ(fresh->limits.rpm, 5);
    EXPECT_EQ(fresh->key_name, "ci");
    EXPECT_EQ(fresh->line, first.id);
    EXPECT_EQ(old->line, first.id);
    EXPECT_GT(old->expires_us, now_us() + 3590ll * 1'000'000);
    EXPECT_LE(old->expires_us, now_us() + 3600ll * 1'000'000);
    EXPECT_EQ(directory->rotate_key(first.id, a, 0).error().code(), ErrorCode::conflict);
    const auto third = directory->rotate_key(second->id, a, 0);
    ASSERT_TRUE(third);
    EXPECT_EQ(authenticate(second->key).error().code(), ErrorCode::auth_revoked);
    EXPECT_EQ(directory->known(third->key)->line, first.id);
    EXPECT_EQ(directory->rotate_key(third->id, a, 31 * 86'400).error().param(), "overlap_s");
    EXPECT_EQ(directory->rotate_key(third->id, account(), 0).error().code(), ErrorCode::resource_not_found);
    ASSERT_TRUE(store->read_now([&](store::Db& db) -> Status {
        TRY(const auto told, store::events(db, a, 0, 10));
        EXPECT_EQ(told.size(), 2u);
        EXPECT_EQ(told.at(0).event.type, "key.rotated");
        EXPECT_NE(told.at(0).event.data_json.find(to_text(second->id)), std::string::npos);
        EXPECT_EQ(told.at(0).event.data_json.find(second->key), std::string::npos);
        return {};
    }));
    open({});
    EXPECT_EQ(directory->known(third->key)->line, first.id);
    EXPECT_TRUE(directory->known(first.key));
}

TEST_F(DirectoryTest, a_frozen_key_stops_and_the_operators_word_stands) {
    const auto a = account();
    const auto k = key(a);
    ASSERT_TRUE(directory->freeze_key(k.id, a, freeze::owner));
    EXPECT_FALSE(directory->known(k.key));
    EXPECT_EQ(authenticate(k.key).error().code(), ErrorCode::key_frozen);
    EXPECT_EQ(directory->rotate_key(k.id, a, 0).error().code(), ErrorCode::conflict);
    ASSERT_TRUE(directory->unfreeze_key(k.id, a));
    EXPECT_TRUE(directory->known(k.key));
    ASSERT_TRUE(directory->freeze_key(k.id, {}, freeze::operator_));
    ASSERT_TRUE(directory->freeze_key(k.id, a, freeze::owner));
    EXPECT_EQ(directory->unfreeze_key(k.id, a).error().code(), ErrorCode::scope_denied);
    open({});
    EXPECT_EQ(authenticate(k.key).error().code(), ErrorCode::key_frozen);
    ASSERT_TRUE(directory->unfreeze_key(k.id, {}));
    EXPECT_TRUE(directory->known(k.key));
    directory->freeze_soon(k.id, freeze::brake, {});
    for (int i = 0; i < 1000 && directory->known(k.key); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(directory->key(k.id)->frozen_why, "brake");
}

TEST_F(DirectoryTest, a_sub_account_narrows_its_keys) {
    const auto a = account(), other = account();
    SubAccountTerms t;
    t.name = "acme";
    t.external_ref = "cust_42";
    t.spend_cap_nanos = 5;
    t.rpm = 10;
    t.models = {"m1", "m2"};
    t.tag = "acme";
    const auto made = directory->create_sub_account(a, t, "sk-aig-");
    ASSERT_TRUE(made) << made.error().message();
    const auto id = made->row.id;
    const auto text = made->key.key;
    EXPECT_EQ(directory->known(text)->sub_account, id);
    EXPECT_EQ(directory->known(text)->account, a);
    EXPECT_EQ(directory->known(text)->sub_cap_nanos, 5);
    EXPECT_EQ(directory->known(text)->sub_period, "month");
    EXPECT_EQ(directory->known(text)->limits.rpm, 10);
    EXPECT_EQ(directory->known(text)->tag, "acme");
    EXPECT_TRUE(directory->known(text)->allows("m1"));
    EXPECT_FALSE(directory->known(text)->allows("m3"));
    ASSERT_TRUE(directory->update_key(made->key.id, a, [](KeyTerms& k) { k.models = {"m3"}, k.limits.rpm = 99; }));
    EXPECT_FALSE(directory->known(text)->allows("m1") || directory->known(text)->allows("m3"));
    EXPECT_EQ(directory->known(text)->limits.rpm, 10);
    ASSERT_TRUE(directory->update_sub_account(id, a, [](SubAccountTerms& s) { s.spend_cap_nanos = 9, s.rpm = 200; }));
    EXPECT_EQ(directory->known(text)->sub_cap_nanos, 9);
    EXPECT_EQ(directory->known(text)->limits.rpm, 99);
    EXPECT_EQ(directory->sub_account(id, other).error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(directory->update_sub_account(id, other, [](SubAccountTerms&) {}).error().code(),
              ErrorCode::resource_not_found);
    EXPECT_EQ(directory->delete_sub_account(id, other).error().code(), ErrorCode::resource_not_found);
    const auto rotated = directory->rotate_key(made->key.id, a, 0);
    ASSERT_TRUE(rotated);
    EXPECT_EQ(directory->known(rotated->key)->sub_account, id);
    EXPECT_EQ(directory->sub_account(id, a)->key, rotated->id);
    EXPECT_EQ(directory->sub_accounts(a, "cust_42", {}, 10)->size(), 1u);
    EXPECT_TRUE(directory->sub_accounts(a, "cust_43", {}, 10)->empty());
    EXPECT_TRUE(directory->sub_accounts(other, "", {}, 10)->empty());
    open({});
    EXPECT_EQ(directory->known(rotated->key)->sub_cap_nanos, 9);
    ASSERT_TRUE(directory->delete_sub_account(id, a));
    EXPECT_EQ(authenticate(rotated->key).error().code(), ErrorCode::auth_revoked);
    EXPECT_EQ(directory->sub_account(id, a).error().code(), ErrorCode::resource_not_found);
    NewKey late;
    late.account = a;
    late.sub_account = id;
    EXPECT_EQ(directory->create_key(late).error().code(), ErrorCode::resource_not_found);
    t.name.clear();
    EXPECT_EQ(directory->create_sub_account(a, t, "sk-aig-").error().param(), "name");
    EXPECT_EQ(directory->create_sub_account(AccountId{99}, made->row.terms, "sk-aig-").error().code(),
              ErrorCode::resource_not_found);
}

TEST_F(DirectoryTest, changes_at_once_never_leave_a_revoked_key_working) {
    const auto a = account();
    for (int round = 0; round < 30; ++round) {
        const auto k = key(a);
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back(
                [&, i] { (void)directory->update_key(k.id, a, [i](KeyTerms& t) { t.limits.rpm = 1 + i; }); });
        threads.emplace_back([&] { EXPECT_TRUE(directory->revoke_key(k.id)); });
        for (auto& t : threads) t.join();
        EXPECT_EQ(authenticate(k.key).error().code(), ErrorCode::auth_revoked);
    }
}

TEST_F(DirectoryTest, a_revocation_reaches_every_thread_within_a_second) {
    const auto k = key(account());
    std::atomic<bool> stop{false};
    std::atomic<int64_t> last_use{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            while (!stop)
                if (directory->known(k.key)) last_use = std::max(last_use.load(), mono_ns());
        });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(directory->revoke_key(k.id));
    const int64_t answered = mono_ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stop = true;
    for (auto& t : threads) t.join();
    EXPECT_GT(last_use.load(), 0);
    // Not one use begins after the answer; one that was under way may end a little later.
    EXPECT_LT(last_use.load() - answered, 1'000'000'000);
    EXPECT_FALSE(directory->known(k.key));
}
