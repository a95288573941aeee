#include "identity/users.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/time.h"
#include "identity/detail/user_rows.h"
#include "identity/identity.h"
#include "identity/password.h"

using namespace aig;
using namespace aig::identity;

namespace {
class UsersTest : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/aig-users-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder = name;
        store::Options o;
        o.path = folder + "/aig.db";
        auto s = store::Store::open(o);
        ASSERT_TRUE(s) << s.error().message();
        store = *std::move(s);
        directory = *Directory::open(*store);
        users = std::make_unique<Users>(*store, *directory);
    }
    void TearDown() override {
        users.reset();
        directory.reset();
        store.reset();
        std::filesystem::remove_all(folder);
    }
    Users::SignedUp sign_up(std::string email, bool verified = true, std::string hash = "hash") {
        auto r = users->sign_up({std::move(email), std::move(hash), "", verified}, nullptr, {});
        EXPECT_TRUE(r) << r.error().message();
        return r ? *r : Users::SignedUp{};
    }
    std::string log_in(UserId user) {
        auto s = users->log_in(user, {"10.0.0.1", "Firefox\r\nx"}, {});
        EXPECT_TRUE(s);
        return s->token;
    }
    template <class T>
    static std::string why(const Result<T>& r) {
        return r ? "ok" : std::string(r.error().row().name);
    }
    /// Moves the stamps of all sessions and tokens.
    void age(std::string_view sql) {
        store::Batch b;
        b.ops.push_back(store::op([sql = std::string(sql)](store::Db& db) { return db.script(sql); }));
        ASSERT_TRUE(store->commit_now(std::move(b)));
    }
    /// All bytes of the database's files.
    std::string at_rest() {
        std::string all;
        for (const auto& file : std::filesystem::directory_iterator(folder)) {
            if (FILE* f = fopen(file.path().c_str(), "rb")) {
                char buffer[65536];
                while (const size_t n = fread(buffer, 1, sizeof buffer, f)) all.append(buffer, n);
                fclose(f);
            }
        }
        return all;
    }
    static store::Ops nothing(const std::string&) { return {}; }

    std::string folder;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Directory> directory;
    std::unique_ptr<Users> users;
};
}  // namespace

TEST(Password, is_argon2id_with_its_parameters_and_a_salt) {
    const auto a = *hash_password("correct horse battery"), b = *hash_password("correct horse battery");
    EXPECT_EQ(a.substr(0, 32), "$argon2id$v=19$m=19456,t=2,p=1$" + a.substr(31, 1));
    EXPECT_NE(a, b);
    EXPECT_TRUE(password_matches(a, "correct horse battery"));
    EXPECT_FALSE(password_matches(a, "correct horse batterz"));
    EXPECT_FALSE(password_matches(a, ""));
    EXPECT_FALSE(password_matches("", "nobody has this password")) << "the stand-in of missing users";
    EXPECT_FALSE(password_matches("not a hash", "x"));
    EXPECT_FALSE(outdated_hash(a));
    EXPECT_TRUE(
        outdated_hash("$argon2id$v=19$m=8192,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
                      "Qg8pBdTYVHTU3mR0YjCuvqYx0H8r0b0aRwHm0pZxGkM"));
}

TEST(Password, a_missing_user_costs_the_time_of_a_real_one) {
    const auto hash = *hash_password("correct horse battery");
    EXPECT_FALSE(password_matches("", "warm up"));
    const auto time = [](const std::string& h) {
        int64_t best = INT64_MAX;
        for (int i = 0; i < 5; ++i) {
            const auto begin = mono_ns();
            EXPECT_FALSE(password_matches(h, "wrong"));
            best = std::min(best, mono_ns() - begin);
        }
        return best;
    };
    const auto real = time(hash), none = time("");
    EXPECT_GT(none * 2, real);
    EXPECT_GT(real * 2, none);
}

TEST(Password, bounds) {
    EXPECT_FALSE(valid_password("eleven char"));
    EXPECT_TRUE(valid_password("twelve chars"));
    EXPECT_FALSE(valid_password("äöüäöüäöüäö")) << "22 bytes, 11 characters";
    EXPECT_TRUE(valid_password(std::string(1024, 'x')));
    EXPECT_FALSE(valid_password(std::string(1025, 'x')));
}

TEST(Email, what_is_an_address) {
    for (const char* good : {"a@b.co", "A.b+c@x-y.example", "user@localhost", "o'neil@example.com"})
        EXPECT_TRUE(valid_email(good)) << good;
    for (const char* bad :
         {"", "@", "a@", "@b", "a b@c.d", "a@b@c.d", "a..b@c.d", ".a@b.c", "a@-b.c", "a@b..c", "a@b.c\r\nBcc: x@y.z",
          "a@b.c\n", "<a@b.c>", "a@b.c, d@e.f", "\"a\"@b.c", "a@[1.2.3.4]", "\xc3\xa4@b.c"})
        EXPECT_FALSE(valid_email(bad)) << bad;
    EXPECT_FALSE(valid_email(std::string(65, 'a') + "@b.co"));
    EXPECT_EQ(email_key("Ann@Example.COM"), "ann@example.com");
}

TEST_F(UsersTest, one_address_is_one_user_whatever_its_case) {
    const auto ann = sign_up("Ann@Example.com");
    EXPECT_EQ(why(users->sign_up({"ann@example.COM", "h", "", true}, nullptr, {})), "conflict");
    EXPECT_EQ(users->find("ANN@example.com")->value().id, ann.user);
    EXPECT_EQ(users->find("ANN@example.com")->value().email, "Ann@Example.com");
    EXPECT_EQ(directory->account(ann.account)->name, "Ann");
    ASSERT_EQ(users->members(ann.account)->size(), 1u);
    EXPECT_EQ(users->members(ann.account)->front().role, Role::owner);
    EXPECT_EQ(directory->accounts()->size(), 1u) << "a refused sign-up leaves no account";
}

TEST_F(UsersTest, account_wallet_and_user_are_one_batch) {
    const auto refuse = [](AccountId) {
        store::Ops ops;
        ops.push_back(store::op([](store::Db&) -> Status { return Error(ErrorCode::conflict, "no"); }));
        return ops;
    };
    EXPECT_EQ(why(users->sign_up({"a@b.co", "h", "", true}, refuse, {})), "conflict");
    EXPECT_TRUE(directory->accounts()->empty());
    EXPECT_FALSE(users->find("a@b.co")->has_value());
}

TEST_F(UsersTest, who_signs_up_first_keeps_no_door_to_an_address_of_others) {
    const auto thief = sign_up("ann@example.com", false, "thief's hash");
    const auto session = log_in(thief.user);
    const auto token = *users->verify_token(thief.user, nothing);
    const auto ann = sign_up("Ann@example.com", false, "ann's hash");
    EXPECT_TRUE(ann.again);
    EXPECT_EQ(ann.user, thief.user);
    EXPECT_EQ(ann.account, thief.account);
    EXPECT_EQ(*users->password_hash("ann@example.com"), "ann's hash");
    EXPECT_EQ(why(users->session(session)), "login_required");
    EXPECT_EQ(why(users->verify(token, {})), "gone");
}

TEST_F(UsersTest, a_session_lives_until_it_is_idle_old_or_ended) {
    const auto ann = sign_up("ann@example.com");
    const auto token = log_in(ann.user);
    auto s = users->session(token);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->user.email, "ann@example.com");
    EXPECT_EQ(s->account, ann.account);
    EXPECT_EQ(s->role, Role::owner);
    EXPECT_EQ(s->agent, "Firefox??x") << "nothing that breaks a line";
    EXPECT_EQ(why(users->session(token.substr(1) + "A")), "login_required");
    EXPECT_EQ(why(users->session("")), "login_required");

    age("UPDATE portal_session SET seen_us = seen_us - 12 * 3600000000 + 60000000");
    EXPECT_EQ(why(users->session(token)), "ok") << "and stamps its use";
    age("SELECT 1");
    EXPECT_LT(now_us() - users->sessions(ann.user)->front().seen_us, 60'000'000);
    age("UPDATE portal_session SET seen_us = seen_us - 12 * 3600000000");
    EXPECT_EQ(why(users->session(token)), "login_required") << "idle";
    EXPECT_TRUE(users->sessions(ann.user)->empty());

    const auto old = log_in(ann.user);
    age("UPDATE portal_session SET expires_us = expires_us - 7 * 86400000000");
    EXPECT_EQ(why(users->session(old)), "login_required") << "seven days";
    const auto ended = log_in(ann.user);
    ASSERT_TRUE(users->end_session(ann.user, users->session(ended)->id, {}));
    EXPECT_EQ(why(users->session(ended)), "login_required");
}

TEST_F(UsersTest, a_session_is_ended_by_its_owner_only) {
    const auto ann = sign_up("ann@example.com"), bob = sign_up("bob@example.com");
    const auto token = log_in(ann.user);
    const auto id = users->session(token)->id;
    EXPECT_EQ(why(users->end_session(bob.user, id, {})), "resource_not_found");
    EXPECT_EQ(why(users->session(token)), "ok");
}

TEST_F(UsersTest, a_new_password_a_block_and_a_role_end_sessions) {
    const auto ann = sign_up("ann@example.com");
    const auto kept = log_in(ann.user), other = log_in(ann.user);
    const auto reset = *users->reset_token(ann.user, nothing);
    ASSERT_TRUE(users->set_password(ann.user, "new", users->session(kept)->id, {}));
    EXPECT_EQ(why(users->session(kept)), "ok");
    EXPECT_EQ(why(users->session(other)), "login_required");
    EXPECT_EQ(why(users->reset(reset, "x", {})), "gone");
    ASSERT_TRUE(users->block(ann.user, true, {}));
    EXPECT_EQ(why(users->session(kept)), "login_required");
    EXPECT_EQ(*users->password_hash("ann@example.com"), "");
    ASSERT_TRUE(users->block(ann.user, false, {}));
    const auto again = log_in(ann.user);
    ASSERT_TRUE(users->set_operator(ann.user, true, {}));
    EXPECT_EQ(why(users->session(again)), "login_required");
    EXPECT_TRUE(users->session(log_in(ann.user))->user.is_operator);
}

TEST_F(UsersTest, only_the_newest_fifty_sessions_stay) {
    const auto ann = sign_up("ann@example.com");
    const auto first = log_in(ann.user);
    for (int i = 0; i < 50; ++i) log_in(ann.user);
    EXPECT_EQ(users->sessions(ann.user)->size(), 50u);
    EXPECT_EQ(why(users->session(first)), "login_required");
}

TEST_F(UsersTest, a_mailed_token_works_once_and_not_for_ever) {
    const auto ann = sign_up("ann@example.com", false);
    const auto first = *users->verify_token(ann.user, nothing), second = *users->verify_token(ann.user, nothing);
    EXPECT_EQ(why(users->verify(first, {})), "gone") << "replaced";
    EXPECT_EQ(why(users->reset(second, "x", {})), "gone") << "of another kind";
    EXPECT_EQ(why(users->verify(second, {})), "ok");
    EXPECT_EQ(why(users->verify(second, {})), "gone");
    EXPECT_NE(users->user(ann.user)->verified_us, 0);
    const auto late = *users->reset_token(ann.user, nothing);
    age("UPDATE mail_token SET expires_us = expires_us - 3600000000");
    EXPECT_EQ(why(users->reset(late, "x", {})), "gone");
    const auto session = log_in(ann.user);
    const auto good = *users->reset_token(ann.user, nothing);
    EXPECT_EQ(why(users->reset(good, "newest", {})), "ok");
    EXPECT_EQ(*users->password_hash("ann@example.com"), "newest");
    EXPECT_EQ(why(users->session(session)), "login_required");
}

TEST_F(UsersTest, members_come_by_invitation_and_an_owner_stays) {
    const auto ann = sign_up("ann@example.com"), bob = sign_up("bob@example.com");
    std::string token;
    const auto keep = [&](const std::string& t) {
        token = t;
        return store::Ops();
    };
    EXPECT_EQ(why(users->invite(ann.account, "ANN@example.com", Role::member, ann.user, keep)), "conflict");
    ASSERT_TRUE(users->invite(ann.account, "bob@example.com", Role::member, ann.user, keep));
    const auto old = token;
    ASSERT_TRUE(users->invite(ann.account, "bob@example.com", Role::admin, ann.user, keep));
    EXPECT_EQ(why(users->invitation(old)), "gone");
    EXPECT_EQ(users->invitations(ann.account)->size(), 1u);
    EXPECT_EQ(users->invitations(bob.account)->size(), 0u);
    ASSERT_TRUE(users->join(token, "", {})) << "has a password already";
    EXPECT_EQ(why(users->join(token, "", {})), "gone");
    EXPECT_EQ(users->accounts(bob.user)->size(), 2u);

    ASSERT_TRUE(users->invite(ann.account, "new@example.com", Role::read_only, ann.user, keep));
    EXPECT_EQ(why(users->join(token, "", {})), "bad_param") << "a new user needs a password";
    EXPECT_EQ(users->join(token, "hash", {})->email, "new@example.com");
    EXPECT_NE(users->find("new@example.com")->value().verified_us, 0);

    EXPECT_EQ(why(users->set_role(ann.account, ann.user, Role::admin, {})), "conflict");
    EXPECT_EQ(why(users->remove(ann.account, ann.user, {})), "conflict");
    EXPECT_EQ(users->members(ann.account)->front().role, Role::owner) << "a refusal changes nothing";
    EXPECT_EQ(why(users->set_role(bob.account, ann.user, Role::admin, {})), "resource_not_found");
    const auto bobs = log_in(bob.user);
    ASSERT_TRUE(users->enter(*users->session(bobs), ann.account, {}));
    EXPECT_EQ(why(users->session(bobs)), "login_required") << "entering replaces the token";
    ASSERT_TRUE(users->set_role(ann.account, bob.user, Role::owner, {}));
    EXPECT_TRUE(users->sessions(bob.user)->empty()) << "a privilege changed";
    EXPECT_EQ(why(users->remove(ann.account, ann.user, {})), "ok");
    EXPECT_EQ(users->accounts(ann.user)->size(), 0u);
    EXPECT_EQ(users->session(log_in(ann.user))->account, AccountId{});
}

TEST_F(UsersTest, an_invitation_does_not_let_in_who_wrote_the_address_first) {
    const auto ann = sign_up("ann@example.com"), thief = sign_up("bob@example.com", false, "thief's");
    const auto session = log_in(thief.user);
    std::string token;
    ASSERT_TRUE(users->invite(ann.account, "bob@example.com", Role::admin, ann.user, [&](const std::string& t) {
        token = t;
        return store::Ops();
    }));
    EXPECT_EQ(why(users->join(token, "", {})), "bad_param");
    ASSERT_TRUE(users->join(token, "bob's", {}));
    EXPECT_EQ(*users->password_hash("bob@example.com"), "bob's");
    EXPECT_EQ(why(users->session(session)), "login_required");
}

TEST_F(UsersTest, entering_is_for_members_and_operators) {
    const auto ann = sign_up("ann@example.com"), bob = sign_up("bob@example.com");
    auto s = *users->session(log_in(bob.user));
    EXPECT_EQ(why(users->enter(s, ann.account, {})), "resource_not_found");
    ASSERT_TRUE(users->set_operator(bob.user, true, {}));
    s = *users->session(log_in(bob.user));
    auto entered = users->enter(s, ann.account, {});
    ASSERT_TRUE(entered);
    EXPECT_EQ(users->session(entered->token)->account, ann.account);
    EXPECT_EQ(users->session(entered->token)->role, Role::read_only);
}

TEST_F(UsersTest, no_secret_rests) {
    const auto ann = sign_up("ann@example.com");
    const auto session = log_in(ann.user), reset = *users->reset_token(ann.user, nothing);
    ASSERT_TRUE(users->session(session));
    const auto bytes = at_rest();
    EXPECT_NE(bytes.find("ann@example.com"), std::string::npos);
    EXPECT_EQ(bytes.find(session), std::string::npos);
    EXPECT_EQ(bytes.find(reset), std::string::npos);
    EXPECT_NE(csrf_token(session), csrf_token(session + "x"));
    EXPECT_EQ(csrf_token(session).size(), 64u);
}

TEST_F(UsersTest, the_sweep_takes_what_is_over) {
    const auto ann = sign_up("ann@example.com");
    const auto good = log_in(ann.user);
    ASSERT_TRUE(users->verify_token(ann.user, nothing));
    age("UPDATE mail_token SET expires_us = 1");
    ASSERT_TRUE(users->sweep());
    int64_t left = -1;
    ASSERT_TRUE(store->read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT COUNT(*) FROM mail_token");
        TRYV(q.step());
        left = q.integer(0);
        return {};
    }));
    EXPECT_EQ(left, 0);
    EXPECT_EQ(why(users->session(good)), "ok");
}

TEST_F(UsersTest, a_log_in_opens_the_account_looked_at_last) {
    const auto ann = sign_up("ann@example.com"), bob = sign_up("bob@example.com");
    std::string token;
    const auto keep = [&](const std::string& t) {
        token = t;
        return store::Ops();
    };
    ASSERT_TRUE(users->invite(ann.account, "bob@example.com", Role::member, ann.user, keep));
    ASSERT_TRUE(users->join(token, "", {}));
    EXPECT_EQ(users->session(log_in(bob.user))->account, bob.account) << "joined first";
    const auto entered = users->enter(*users->session(log_in(bob.user)), ann.account, {});
    ASSERT_TRUE(entered);
    EXPECT_EQ(users->session(log_in(bob.user))->account, ann.account);
    ASSERT_TRUE(users->remove(ann.account, bob.user, {}));
    EXPECT_EQ(users->session(log_in(bob.user))->account, bob.account) << "she is not in it any more";
}

TEST_F(UsersTest, a_forgotten_account_leaves_no_person_behind) {
    const auto ann = sign_up("ann@example.com"), bob = sign_up("bob@example.com");
    std::string token;
    const auto keep = [&](const std::string& t) {
        token = t;
        return store::Ops();
    };
    ASSERT_TRUE(users->invite(ann.account, "bob@example.com", Role::member, ann.user, keep));
    ASSERT_TRUE(users->join(token, "", {}));
    ASSERT_TRUE(users->invite(ann.account, "carl@example.com", Role::member, ann.user, keep));
    const auto anns = log_in(ann.user), bobs = log_in(bob.user);
    ASSERT_TRUE(directory->erase_account(ann.account, {}));
    EXPECT_EQ(directory->account(ann.account)->name, "erased");
    EXPECT_EQ(directory->account(ann.account)->email, "");
    EXPECT_TRUE(users->members(ann.account)->empty());
    EXPECT_EQ(why(users->invitation(token)), "gone");
    EXPECT_EQ(why(users->session(anns)), "login_required");
    EXPECT_FALSE(users->find("ann@example.com")->has_value());
    EXPECT_EQ(why(users->session(bobs)), "ok") << "is in an account of her own";
    EXPECT_TRUE(users->find("bob@example.com")->has_value());
    EXPECT_EQ(sign_up("ann@example.com").again, false) << "the address is free again";
}
