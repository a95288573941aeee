// A database in a folder of its own, gone with it: for the tests of the rooms above.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/store.h"

namespace aig::store::testing {

class TemporaryStore {
  public:
    TemporaryStore() {
        std::string name = (std::filesystem::temp_directory_path() / "aig-store-XXXXXX").string();
        if (mkdtemp(name.data())) folder_ = name;
        Options options;
        options.path = folder_ + "/aig.db";
        auto opened = Store::open(options);
        EXPECT_TRUE(opened) << opened.error().message();
        store_ = *std::move(opened);
    }
    ~TemporaryStore() {
        store_.reset();
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
    }
    TemporaryStore(const TemporaryStore&) = delete;
    Store& operator*() const { return *store_; }
    Store* operator->() const { return store_.get(); }
    /// What `fn` reads; a failure fails the test.
    template <class T>
    T read(std::function<Result<T>(Db&)> fn) const {
        T value{};
        const auto done = store_->read_now([&](Db& db) -> Status {
            TRY(value, fn(db));
            return {};
        });
        EXPECT_TRUE(done) << done.error().message();
        return value;
    }

  private:
    std::string folder_;
    std::unique_ptr<Store> store_;
};

}  // namespace aig::store::testing
