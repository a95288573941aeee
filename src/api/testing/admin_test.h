// The admin API on a book of its own, for the tests of its topics.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "api/admin/admin.h"
#include "base/json.h"

namespace aig::api::testing {
class AdminTest : public ::testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/aig-admin-XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        folder = name;
        store::Options o;
        o.path = folder + "/aig.db";
        auto s = store::Store::open(o);
        ASSERT_TRUE(s) << s.error().message();
        store = *std::move(s);
        auto b = ledger::Book::open(*store);
        ASSERT_TRUE(b) << b.error().message();
        book = *std::move(b);
        auto d = identity::Directory::open(*store);
        ASSERT_TRUE(d) << d.error().message();
        directory = *std::move(d);
        admin = std::make_unique<Admin>(*store, *book, *directory, hooks);
    }
    void TearDown() override {
        admin.reset();
        directory.reset();
        book.reset();
        store.reset();
        std::filesystem::remove_all(folder);
    }
    AdminReply post(std::string path, std::string body) {
        return admin->answer({"POST", std::move(path), "", std::move(body)});
    }
    AdminReply get(std::string path, std::string query = "") {
        return admin->answer({"GET", std::move(path), std::move(query), ""});
    }
    std::string member(const AdminReply& r, std::string_view name) {
        auto doc = JsonDoc::parse(r.json);
        return doc ? std::string(doc->root()[name].text()) : "not JSON: " + r.json;
    }
    std::string refusal(const AdminReply& r) {
        auto doc = JsonDoc::parse(r.json);
        if (!doc) return "not JSON: " + r.json;
        const auto e = doc->root()["error"];
        EXPECT_FALSE(e["message"].text().empty()) << r.json;
        EXPECT_FALSE(e["next_step"].text().empty()) << r.json;
        return std::to_string(r.status) + " " + std::string(e["code"].text()) +
               (e["param"] ? " " + std::string(e["param"].text()) : "");
    }
    std::string account() {
        return member(post("/admin/accounts", R"({"name":"Ada","email":"ada@example.com"})"), "account_id");
    }

    std::string folder;
    AdminHooks hooks;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<ledger::Book> book;
    std::unique_ptr<identity::Directory> directory;
    std::unique_ptr<Admin> admin;
};

}  // namespace aig::api::testing
