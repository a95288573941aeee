#include "app/local_admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace aig::app {
namespace {
using ::testing::HasSubstr;

class LocalAdminTest : public ::testing::Test {
  protected:
    LocalAdminTest() {
        std::string name = (std::filesystem::temp_directory_path() / "aig-local-XXXXXX").string();
        folder_ = mkdtemp(name.data());
    }
    ~LocalAdminTest() override { std::filesystem::remove_all(folder_); }
    std::string config(const std::string& more) {
        const auto path = folder_ + "/aig.yaml";
        std::ofstream(path) << "data_dir: " << folder_ << "/books\n" << more;
        return path;
    }
    static std::string ask(const cli::Place& place, cli::AdminRequest request) {
        auto opened = open_in_process(place);
        if (!opened) return opened.error().message();
        auto reply = (*opened)->call(std::move(request));
        return reply ? reply->json : reply.error().message();
    }
    std::string folder_;
};

TEST_F(LocalAdminTest, a_mistyped_folder_is_refused_and_not_made) {
    const auto wrong = folder_ + "/dta";
    EXPECT_THAT(ask({"", wrong}, {"GET", "/admin/accounts", "", ""}), HasSubstr("holds no aig.db"));
    EXPECT_FALSE(std::filesystem::exists(wrong));
}

TEST_F(LocalAdminTest, a_configuration_begins_new_books_in_its_currency) {
    const cli::Place place{config("billing: {currency: TMT}\n"), ""};
    EXPECT_THAT(ask(place, {"POST", "/admin/accounts", "", R"({"name":"Ada"})"}), HasSubstr("acc_1"));
    EXPECT_THAT(ask(place, {"GET", "/admin/accounts/acc_1/wallet", "", ""}), HasSubstr(R"("currency":"TMT")"));
    EXPECT_THAT(ask({"", folder_ + "/books"}, {"GET", "/admin/audit", "", ""}),
                HasSubstr(R"("actor":"operator:local","from":"uid )"));
}

}  // namespace
}  // namespace aig::app
