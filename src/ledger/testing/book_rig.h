// A store and a book in a folder of their own, and a loop to run their tasks from a test's thread.
#pragma once

#include <filesystem>
#include <future>
#include <latch>
#include <memory>

#include "ledger/book.h"
#include "rt/loop.h"

namespace aig::ledger::testing {

/// A whole number from the environment.
int64_t from_environment(const char* name, int64_t otherwise);
/// AIG_TEST_SCALE: how many times the usual rounds.
inline int64_t scale() { return std::max<int64_t>(from_environment("AIG_TEST_SCALE", 1), 1); }

class Folder {
  public:
    Folder();
    ~Folder();
    const std::string& path() const { return path_; }
    std::string database() const { return path_ + "/aig.db"; }

  private:
    std::string path_;
};

/// Runs a task on the loop and waits for its value.
template <class T>
T run(rt::Loop& loop, std::function<rt::Task<T>()> make) {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    struct Frame {  // a coroutine of a free function: no capturing lambda is one
        static rt::Task<> go(std::function<rt::Task<T>()> make_task, std::shared_ptr<std::promise<T>> done) {
            auto value = co_await make_task();
            done->set_value(std::move(value));
        }
    };
    loop.spawn([make = std::move(make), promise] { return Frame::go(make, promise); });
    return future.get();
}

/// n nanos of cost as one line.
inline Settlement settlement_of(int64_t nanos) {
    Settlement s;
    s.cost_nanos = nanos;
    if (nanos) s.lines = {{4, nanos, 1000}};
    s.price_version = 7;
    return s;
}

class BookRig {
  public:
    explicit BookRig(store::Options options = {}, BookOptions book = {});
    ~BookRig();
    /// Closes and opens again; with `recover` false open holds of calls stay.
    void reopen(bool recover = true);
    void close();

    store::Store& store() { return *store_; }
    /// One Op in a batch of its own.
    Status commit(std::unique_ptr<store::Op> op);
    /// Types and data of an account's events, in order.
    std::vector<std::pair<std::string, std::string>> events(AccountId account);
    Book& book() { return *book_; }
    rt::Loop& loop() { return (*loops_)[0]; }
    const Folder& folder() const { return folder_; }

    /// An account with that much money.
    AccountId fund(int64_t nanos, std::string currency = "USD");
    /// Many at once, in few transactions.
    std::vector<AccountId> fund_many(size_t count, int64_t nanos);
    Result<Hold> hold(HoldRequest request);
    Result<Hold> hold(AccountId account, int64_t amount, int64_t least = -1);
    Result<int64_t> extend(Hold& hold, int64_t more, int64_t least);
    Result<Receipt> settle(Hold hold, Settlement settlement);
    Result<Receipt> settle(Hold hold, int64_t cost) { return settle(std::move(hold), settlement_of(cost)); }
    Status release(Hold hold, VoidReason reason = VoidReason::failed, int64_t loss = 0);
    Result<Hold> adopt(HoldId id);
    std::pair<int64_t, int64_t> budget(BudgetRef ref);
    WalletView wallet(AccountId account);
    VerifyReport verify();
    /// In one transaction, so that they are one page of entries.
    void release_at_once(std::vector<Hold> holds);
    /// As they were before there were pages; for tests that damage one of them.
    void entries_as_rows();

  private:
    static rt::Task<> credit_one(Book& book, AccountId account, int64_t nanos, std::latch& done);
    Folder folder_;
    store::Options options_;
    BookOptions book_options_;
    int64_t next_account_ = 0;
    std::unique_ptr<rt::Loops> loops_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<Book> book_;
};

}  // namespace aig::ledger::testing
