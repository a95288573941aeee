#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "store/detail/root_key.h"
#include "store/seal.h"

using namespace aig;
using namespace aig::store;
namespace fs = std::filesystem;

namespace {
const std::string one_key(64, '1'), two_key(64, '2');

class SealTest : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/aig-seal-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder = name;
        aig::store::Options o;
        o.path = folder + "/aig.db";
        auto s = Store::open(o);
        ASSERT_TRUE(s) << s.error().message();
        store = *std::move(s);
    }
    void TearDown() override {
        store.reset();
        fs::remove_all(folder);
    }
    Result<std::unique_ptr<Sealer>> open(std::string key = {}, std::string old = {}) {
        return Sealer::open(*store, {folder, std::move(key), std::move(old)});
    }
    std::string file() const { return folder + "/secret.key"; }
    std::string folder;
    std::unique_ptr<Store> store;
};
}  // namespace

TEST_F(SealTest, seals_as_text_too) {
    const auto s = *open();
    for (const size_t size : {0u, 1u, 2u, 3u, 100u}) {
        const std::string plain(size, '\xff');
        const auto text = *s->seal_text(plain, "t|1|c");
        EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
        EXPECT_EQ(*s->unseal_text(text, "t|1|c"), plain);
        EXPECT_FALSE(s->unseal_text(text, "t|2|c"));
        EXPECT_FALSE(s->unseal_text(text + "=", "t|1|c"));
        EXPECT_FALSE(s->unseal_text(text.substr(1), "t|1|c"));
    }
}

TEST_F(SealTest, opens_what_it_sealed_in_its_place_only) {
    const auto s = *open();
    const auto sealed = *s->seal("whsec_abc", "t|1|c");
    EXPECT_EQ(sealed.find("whsec"), std::string::npos);
    EXPECT_EQ(*s->unseal(sealed, "t|1|c"), "whsec_abc");
    EXPECT_NE(*s->seal("whsec_abc", "t|1|c"), sealed);
    EXPECT_EQ(*s->unseal(*s->seal("", "t|1|c"), "t|1|c"), "");
    for (const char* elsewhere : {"t|2|c", "u|1|c", "t|1|d", ""})
        EXPECT_FALSE(s->unseal(sealed, elsewhere)) << elsewhere;
    for (size_t i = 0; i < sealed.size(); ++i) {
        auto bent = sealed;
        bent[i] = static_cast<char>(bent[i] ^ 1);
        EXPECT_FALSE(s->unseal(bent, "t|1|c")) << i;
        EXPECT_FALSE(s->unseal(sealed.substr(0, i), "t|1|c")) << i;
    }
}

TEST_F(SealTest, the_key_file_is_made_once_and_for_us_alone) {
    const auto sealed = *(*open())->seal("x", "p");
    struct stat about {};
    ASSERT_EQ(::stat(file().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
    EXPECT_EQ(*(*open())->unseal(sealed, "p"), "x");
    fs::permissions(file(), fs::perms::owner_read | fs::perms::group_read);
    EXPECT_EQ(open().error().code(), ErrorCode::config_invalid);
}

TEST_F(SealTest, a_lost_or_other_key_is_refused_and_never_replaced) {
    ASSERT_TRUE(open());
    fs::remove(file());
    EXPECT_EQ(open().error().code(), ErrorCode::config_invalid);
    EXPECT_FALSE(fs::exists(file()));
    std::ofstream(file()) << one_key << "\n";
    fs::permissions(file(), fs::perms::owner_read);
    EXPECT_EQ(open().error().code(), ErrorCode::config_invalid);
    EXPECT_EQ(open(two_key).error().code(), ErrorCode::config_invalid);
    EXPECT_EQ(open("short").error().message().find("short"), std::string::npos);
}

TEST_F(SealTest, rotating_keeps_the_old_readable_and_the_old_key_useless) {
    auto s = *open();
    const auto before = *s->seal("old", "p");
    fs::copy(file(), folder + "/stolen");
    ASSERT_TRUE(s->rotate({}));
    const auto after = *s->seal("new", "p");
    EXPECT_NE(before.substr(0, 5), after.substr(0, 5));
    EXPECT_EQ(*s->unseal(before, "p"), "old");
    s = *open();
    EXPECT_EQ(*s->unseal(before, "p"), "old");
    EXPECT_EQ(*s->unseal(after, "p"), "new");
    fs::copy(folder + "/stolen", file(), fs::copy_options::overwrite_existing);
    EXPECT_EQ(open().error().code(), ErrorCode::config_invalid);
}

TEST_F(SealTest, a_rotation_cut_off_at_either_side_of_its_commit_loses_nothing) {
    auto s = *open();
    const auto sealed = *s->seal("x", "p");
    // Before the commit: a new key lies there that nothing is wrapped with.
    ASSERT_TRUE(write_root_key(file() + ".new", RootKey::fresh()));
    EXPECT_EQ(*(*open())->unseal(sealed, "p"), "x");
    EXPECT_FALSE(fs::exists(file() + ".new"));
    // Behind it: the database is under the new key, the file still the old one.
    fs::copy(file(), folder + "/old");
    ASSERT_TRUE((*open())->rotate({}));
    fs::rename(file(), file() + ".new");
    fs::rename(folder + "/old", file());
    EXPECT_EQ(*(*open())->unseal(sealed, "p"), "x");
    EXPECT_FALSE(fs::exists(file() + ".new"));
    EXPECT_EQ(*(*open())->unseal(sealed, "p"), "x");
}

TEST_F(SealTest, a_rotation_whose_batch_is_refused_changes_nothing) {
    auto s = *open();
    const auto sealed = *s->seal("x", "p");
    Ops refusing;
    refusing.push_back(op([](Db&) -> Status { return Error(ErrorCode::conflict, "no"); }));
    EXPECT_FALSE(s->rotate(std::move(refusing)));
    EXPECT_EQ(s->seal("y", "p")->substr(0, 5), sealed.substr(0, 5));
    EXPECT_EQ(*(*open())->unseal(sealed, "p"), "x");
}

TEST_F(SealTest, the_environments_key_is_rotated_by_a_restart) {
    const auto sealed = *(*open(one_key))->seal("x", "p");
    EXPECT_FALSE(fs::exists(file()));
    EXPECT_EQ((*open(one_key))->rotate({}).error().code(), ErrorCode::conflict);
    EXPECT_FALSE(open(two_key));
    EXPECT_EQ(*(*open(two_key, one_key))->unseal(sealed, "p"), "x");
    EXPECT_EQ(*(*open(two_key))->unseal(sealed, "p"), "x");
    EXPECT_FALSE(open(one_key));
}
