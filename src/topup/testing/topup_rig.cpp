#include "topup/testing/topup_rig.h"

#include "base/money.h"
#include "base/time.h"

namespace aig::topup::testing {
namespace {
Seal test_seal() {
    const auto signature = [](std::string_view plain, std::string_view place) {
        return sign("a test's key", place, plain);
    };
    return {signature, [signature](std::string_view plain, std::string_view sealed, std::string_view place) {
                return sealed == signature(plain, place);
            }};
}
}  // namespace

TopupRig::TopupRig(size_t node_count, int64_t second_above_nanos) : chain(now_us() / 1'000 + 3'000) {
    settings.book_delay_us = 3'600'000'000;
    auto& tron = settings.tron.emplace();
    for (size_t i = 0; i < node_count; ++i) {
        nodes.push_back(std::make_unique<FakeNode>(chain));
        tron.nodes.push_back(nodes.back()->settings());
    }
    tron.token = *tron::from_base58(usdt_text);
    tron.minimum_nanos = nanos_per_unit;
    tron.second_above_nanos = second_above_nanos;
    tron.poll_ms = 1;
    tron.page = 50;
    tron.rest = {1, 1};
    restart();
    std::vector<std::string> addresses;
    for (int i = 0; i < 20; ++i) addresses.push_back(address_text(i));
    const auto imported = topups->addresses().import_now(std::move(addresses), {});
    EXPECT_TRUE(imported) << imported.error().message();
}
TopupRig::~TopupRig() {
    if (loops) loops->stop_and_join();
    topups.reset();
    loops.reset();
}

void TopupRig::restart() {
    if (loops) loops->stop_and_join();
    topups.reset();
    loops = std::make_unique<rt::Loops>(1);
    books.reopen();
    auto opened = Topups::open(settings, books.store(), books.book(), test_seal(), &(*loops)[0]);
    ASSERT_TRUE(opened) << opened.error().message();
    topups = *std::move(opened);
}

AccountId TopupRig::customer() {
    const auto account = books.fund(0);
    (void)address(account);
    return account;
}
std::string TopupRig::address(AccountId account) {
    auto given = topups->addresses().address_of_now(account);
    EXPECT_TRUE(given) << given.error().message();
    topups->watcher()->refresh();
    return given ? *given : std::string();
}
Status TopupRig::round() {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    return ledger::testing::run<Status>((*loops)[0], [this] { return topups->watcher()->round(); });
}
void TopupRig::rounds(int n) {
    for (int i = 0; i < n; ++i) (void)round();
}
std::vector<Deposit> TopupRig::deposits(AccountId account) {
    std::vector<Deposit> found;
    EXPECT_TRUE(books.store().read_now([&](store::Db& db) -> Status {
        TRY(found, sql::list_deposits(db, account, -1, 0, 1'000));
        return {};
    }));
    return found;
}
std::string TopupRig::status(AccountId account) {
    const auto all = deposits(account);
    return all.empty() ? "none" : std::string(status_name(all.front().status));
}
void TopupRig::tamper(const char* sql) {
    store::Batch batch;
    batch.ops.push_back(store::op([sql](store::Db& db) { return db.script(sql); }));
    EXPECT_TRUE(books.store().commit_now(std::move(batch)));
}

}  // namespace aig::topup::testing
