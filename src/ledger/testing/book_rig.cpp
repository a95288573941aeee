#include "ledger/testing/book_rig.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/money.h"

namespace aig::ledger::testing {
namespace {
/// Keeps the writer until `go_on`.
store::Batch busy_batch(std::promise<void>& started, std::future<void> go_on) {
    struct Busy : store::Op {
        Busy(std::promise<void>& begun, std::future<void> end) : started_(begun), until_(std::move(end)) {}
        Status check(store::Db&) override {
            started_.set_value();
            until_.wait();
            return {};
        }
        Status apply(store::Db&) override { return {}; }
        bool writes() const override { return false; }

      private:
        std::promise<void>& started_;
        std::future<void> until_;
    };
    store::Batch batch;
    batch.ops.push_back(std::make_unique<Busy>(started, std::move(go_on)));
    return batch;
}
}  // namespace

int64_t from_environment(const char* name, int64_t otherwise) {
    const char* text = std::getenv(name);
    const auto value = text ? parse_decimal(text, 0, name) : Result<int64_t>(otherwise);
    return value ? *value : otherwise;
}

Folder::Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "aig-ledger-XXXXXX").string();
    path_ = mkdtemp(name.data());
}
Folder::~Folder() { std::filesystem::remove_all(path_); }

BookRig::BookRig(store::Options options, BookOptions book)
    : options_(std::move(options)), book_options_(std::move(book)), loops_(std::make_unique<rt::Loops>(1)) {
    reopen(book_options_.recover);
}
BookRig::~BookRig() {
    close();
    loops_.reset();
}

void BookRig::close() {
    book_.reset();
    store_.reset();
}
void BookRig::reopen(bool recover) {
    close();
    options_.path = folder_.database();
    auto opened = store::Store::open(options_);
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = *std::move(opened);
    auto with = book_options_;
    with.recover = recover;
    auto book = Book::open(*store_, std::move(with));
    ASSERT_TRUE(book) << book.error().message();
    book_ = *std::move(book);
}

Status BookRig::commit(std::unique_ptr<store::Op> op) {
    store::Batch batch;
    batch.ops.push_back(std::move(op));
    return store_->commit_now(std::move(batch));
}
std::vector<std::pair<std::string, std::string>> BookRig::events(AccountId account) {
    std::vector<std::pair<std::string, std::string>> out;
    EXPECT_TRUE(store_->read_now([&](store::Db& db) -> Status {
        TRY(const auto rows, store::events(db, account, 0, 1'000));
        for (const auto& row : rows) out.emplace_back(row.event.type, row.event.data_json);
        return {};
    }));
    return out;
}

AccountId BookRig::fund(int64_t nanos, std::string currency) {
    const AccountId account{++next_account_};
    store::Batch batch;
    batch.guarded = true;
    batch.ops.push_back(book_->create_wallet(account, std::move(currency)));
    const auto made = store_->commit_now(std::move(batch));
    EXPECT_TRUE(made) << made.error().message();
    if (nanos) EXPECT_TRUE(book_->credit_now(account, nanos, "first", "test money"));
    return account;
}
std::vector<AccountId> BookRig::fund_many(size_t count, int64_t nanos) {
    std::vector<AccountId> accounts;
    std::latch done(static_cast<ptrdiff_t>(count));
    for (size_t i = 0; i < count; ++i) {
        accounts.push_back({++next_account_});
        store::Batch batch;
        batch.ops.push_back(book_->create_wallet(accounts.back(), "USD"));
        store_->submit(std::move(batch), [](const Status& s) { EXPECT_TRUE(s); });
        loop().spawn(
            [this, account = accounts.back(), nanos, &done] { return credit_one(*book_, account, nanos, done); });
    }
    done.wait();
    return accounts;
}
rt::Task<> BookRig::credit_one(Book& book, AccountId account, int64_t nanos, std::latch& done) {
    auto credited = co_await book.credit(account, nanos, "first", "test money");
    EXPECT_TRUE(credited);
    done.count_down();
}
Result<Hold> BookRig::hold(HoldRequest request) {
    auto shared = std::make_shared<HoldRequest>(std::move(request));
    return run<Result<Hold>>(loop(), [this, shared] { return book_->hold(std::move(*shared)); });
}
Result<Hold> BookRig::hold(AccountId account, int64_t amount, int64_t least) {
    HoldRequest r;
    r.account = account;
    r.amount_nanos = amount;
    r.least_nanos = least < 0 ? amount : least;
    r.request_id = "req_test";
    return hold(std::move(r));
}
Result<int64_t> BookRig::extend(Hold& hold, int64_t more, int64_t least) {
    return run<Result<int64_t>>(loop(), [this, &hold, more, least] { return book_->extend(hold, more, least); });
}
Result<Receipt> BookRig::settle(Hold hold, Settlement settlement) {
    auto h = std::make_shared<Hold>(std::move(hold));
    auto s = std::make_shared<Settlement>(std::move(settlement));
    return run<Result<Receipt>>(loop(), [this, h, s] { return book_->settle(std::move(*h), std::move(*s)); });
}
Status BookRig::release(Hold hold, VoidReason reason, int64_t loss) {
    auto h = std::make_shared<Hold>(std::move(hold));
    return run<Status>(loop(), [this, h, reason, loss] { return book_->release(std::move(*h), reason, loss, {}); });
}
Result<Hold> BookRig::adopt(HoldId id) {
    return run<Result<Hold>>(loop(), [this, id] { return book_->adopt(id); });
}
std::pair<int64_t, int64_t> BookRig::budget(BudgetRef ref) {
    auto sums = run<Result<std::pair<int64_t, int64_t>>>(loop(), [this, ref] { return book_->budget(ref); });
    EXPECT_TRUE(sums);
    return sums ? *sums : std::pair<int64_t, int64_t>{-1, -1};
}
WalletView BookRig::wallet(AccountId account) {
    auto view = book_->wallet_now(account);
    EXPECT_TRUE(view);
    return view ? *view : WalletView{};
}
void BookRig::release_at_once(std::vector<Hold> holds) {
    std::promise<void> started, go_on;
    store_->submit(busy_batch(started, go_on.get_future()), [](const Status&) {});
    started.get_future().wait();  // what comes while the writer is busy is one group
    holds.clear();
    go_on.set_value();
    EXPECT_TRUE(commit(store::op([](store::Db&) { return Status{}; })));
}

void BookRig::entries_as_rows() {
    EXPECT_TRUE(commit(store::op([](store::Db& db) {
        return db.script(
            "INSERT INTO entry (id, kind, account_id, wallet_id, amount, hold_id, at_us, ref, body, hash) SELECT id, "
            "kind, "
            "account_id, wallet_id, amount, hold_id, at_us, ref, body, hash FROM entry_paged; DELETE FROM entry_page; "
            "DELETE FROM resolved_in");
    })));
}

VerifyReport BookRig::verify() {
    auto report = Book::verify(*store_);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : VerifyReport{};
}

}  // namespace aig::ledger::testing
