// Forged, replayed and ill-fitting callbacks move no money; a true one moves it once.
#include "topup/callback.h"

#include <fmt/format.h>

#include "base/money.h"
#include "base/time.h"
#include "topup/testing/topup_rig.h"

using namespace aig;
using namespace aig::topup;
using namespace aig::topup::testing;

namespace {
const std::string secret = "whsec_0123456789abcdef0123", other_secret = "whsec_another_0123456789abc";
constexpr int64_t dollar = nanos_per_unit;

class Callbacks : public ::testing::Test {
  protected:
    Callbacks() {
        rig.settings.callbacks["mypay"] = {secret, CallbackRail::Format::plain, 300};
        rig.settings.callbacks["stripe"] = {secret, CallbackRail::Format::stripe, 300};
        rig.settings.callbacks["closed"] = {"", CallbackRail::Format::plain, 300};
        rig.restart();
        account = rig.books.fund(0);
    }
    Order order(std::string rail = "mypay", int64_t amount = 10 * dollar, std::string currency = "USD") {
        auto made = rig.topups->desk().order_now({account, std::move(rail), std::move(currency), amount});
        EXPECT_TRUE(made) << made.error().message();
        return made ? *made : Order{};
    }
    static std::string event(const Order& o, std::string id = "evt_1", std::string amount = "10.00",
                             std::string currency = "USD", std::string method = "mypay") {
        return fmt::format(
            R"({{"event_id":"{}","type":"payment.succeeded","order_id":"{}","method":"{}","amount":"{}","currency":"{}"}})",
            id, o.public_id, method, amount, currency);
    }
    static net::Headers headers(const std::string& body, std::string key = secret, int64_t off_s = 0) {
        const auto t = std::to_string(now_us() / 1'000'000 + off_s);
        net::Headers h;
        h.add("Topup-Signature", "t=" + t + ",v1=" + sign(key, t, body));
        return h;
    }
    Result<CallbackDoor::Outcome> send(std::string rail, net::Headers h, std::string body) {
        struct Given {
            std::string rail, body;
            net::Headers headers;
        };
        auto given = std::make_shared<Given>(Given{std::move(rail), std::move(body), std::move(h)});
        return ledger::testing::run<Result<CallbackDoor::Outcome>>((*rig.loops)[0], [this, given] {
            return rig.topups->door().receive(given->rail, given->headers, given->body);
        });
    }
    Result<CallbackDoor::Outcome> send(std::string rail, std::string body) {
        auto h = headers(body);
        return send(std::move(rail), std::move(h), std::move(body));
    }
    void expect_refused(Result<CallbackDoor::Outcome> outcome, ErrorCode code) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(error_row(outcome.error().code()).name, error_row(code).name) << outcome.error().message();
        EXPECT_EQ(rig.balance(account), 0);
    }
    TopupRig rig;
    AccountId account;
};
}  // namespace

TEST_F(Callbacks, a_true_one_is_booked_once) {
    const auto o = order();
    for (int i = 0; i < 5; ++i) {
        const auto outcome = send("mypay", event(o));
        ASSERT_TRUE(outcome) << outcome.error().message();
        EXPECT_EQ(outcome->duplicate, i > 0);
        EXPECT_EQ(outcome->deposit.credited_nanos, 10 * dollar);
        if (i == 2) rig.restart();
    }
    EXPECT_EQ(rig.balance(account), 10 * dollar);
    EXPECT_TRUE(rig.books.verify().ok);
}

TEST_F(Callbacks, many_at_once_are_booked_once) {
    const auto o = order();
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            // Half of them under another event: the order is paid by then.
            if (send("mypay", event(o, i % 2 ? "evt_1" : "evt_2"))) ++good;
        });
    for (auto& t : threads) t.join();
    EXPECT_GE(good, 1);
    EXPECT_EQ(rig.balance(account), 10 * dollar);
}

TEST_F(Callbacks, forged_ones) {
    const auto o = order();
    const auto body = event(o);
    const auto now = std::to_string(now_us() / 1'000'000);
    const auto good = sign(secret, now, body);
    const auto with = [](std::string value, std::string timestamp = "") {
        net::Headers h;
        h.add("topup-signature", std::move(value));
        if (!timestamp.empty()) h.add("topup-timestamp", std::move(timestamp));
        return h;
    };
    std::string flipped = good;
    flipped[10] = flipped[10] == '0' ? '1' : '0';
    const std::string empty_key = sign("", now, body);
    const net::Headers cases[] = {
        net::Headers{},
        with(""),
        with("t=" + now),
        with("v1=" + good),
        with("t=" + now + ",v1="),
        with("t=" + now + ",v1=" + flipped),
        with("t=" + now + ",v1=" + good.substr(0, 63)),
        with("t=" + now + ",v1=" + good + "00"),
        with("t=" + now + ",v0=" + good),
        with("t=1,v1=" + good),
        with("t=,v1=" + sign(secret, "", body)),
        with("t=-5,v1=" + sign(secret, "-5", body)),
        with("t=9x,v1=" + sign(secret, "9x", body)),
        with("t=" + now + ",v1=" + empty_key),
        with("t=" + now + ",v1=" + sign(other_secret, now, body)),
        with("t=" + now + ",v1=" + sign(secret, now, body + " ")),
        with("t=" + now + ",v1=" + sign(secret, "", now + "." + body)),
        with(good),
        with(empty_key, now),
        headers(body, secret, -301),
        headers(body, secret, 310),  // a second may pass until it is looked at
        headers(body, secret, -86'400),
    };
    for (const auto& h : cases) expect_refused(send("mypay", h, body), ErrorCode::signature_invalid);
    EXPECT_TRUE(rig.deposits().empty());
    // Another rail's signature is another secret's.
    rig.settings.callbacks["mypay"].secret = other_secret;
    rig.restart();
    expect_refused(send("mypay", headers(body), body), ErrorCode::signature_invalid);
}

TEST_F(Callbacks, ill_fitting_ones_are_kept_and_not_credited) {
    const auto o = order();
    Order nobody;
    nobody.public_id = "dep_0000000000000000000000";
    const auto elsewhere = order("stripe");
    int n = 0;
    const auto id = [&] { return fmt::format("evt_{}", ++n); };
    for (const auto& body : {event(o, id(), "10.01"), event(o, id(), "9.999999999"), event(o, id(), "1000"),
                             event(o, id(), "10", "EUR"), event(o, id(), "10", "usd"),
                             event(o, id(), "10", "USD", "stripe"), event(nobody, id()), event(elsewhere, id())}) {
        expect_refused(send("mypay", body), ErrorCode::payment_mismatch);
        expect_refused(send("mypay", body), ErrorCode::payment_mismatch);
    }
    EXPECT_EQ(rig.deposits().size(), 8u);
    for (const auto& d : rig.deposits()) EXPECT_EQ(d.status, DepositStatus::mismatched) << d.reason;
    EXPECT_TRUE(send("mypay", event(o, "evt_good")));
    EXPECT_EQ(rig.balance(account), 10 * dollar) << "the order is still open for the true one";
    const auto again = send("mypay", event(o, "evt_again"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::payment_mismatch) << "an order is consumed once";
    EXPECT_EQ(rig.balance(account), 10 * dollar);
}

TEST_F(Callbacks, bodies_that_are_none) {
    const auto o = order();
    const auto twice = R"({"amount":"10",)" + event(o).substr(1);
    const auto number = R"({"event_id":"e","type":"payment.succeeded","order_id":")" + o.public_id +
                        R"(","method":"mypay","amount":10,"currency":"USD"})";
    for (const std::string& body :
         {std::string(), std::string("[]"), std::string("{"), std::string("{}"), number, twice, event(o, "e", "-10"),
          event(o, "e", "0"), event(o, "e", "1e30"), event(o, "e", "10.0000000001"), event(o, "e", ""),
          event(o, std::string(201, 'x'))}) {
        const auto outcome = send("mypay", body);
        ASSERT_FALSE(outcome) << body;
        EXPECT_EQ(outcome.error().status(), 400) << body;
    }
    EXPECT_EQ(rig.balance(account), 0);
}

TEST_F(Callbacks, rails_without_a_secret_are_closed) {
    const auto body = event(order());
    expect_refused(send("closed", headers(body, ""), body), ErrorCode::topup_disabled);
    expect_refused(send("nothing", body), ErrorCode::resource_not_found);
    expect_refused(send("usdt-trc20", body), ErrorCode::resource_not_found);
    for (const size_t length : {1u, 8u, 23u}) {
        auto bad = rig.settings;
        bad.callbacks["mypay"].secret = std::string(length, 's');
        EXPECT_FALSE(bad.check()) << length;
    }
    auto enough = rig.settings;
    enough.callbacks["mypay"].secret = std::string(24, 's');
    EXPECT_TRUE(enough.check());
    enough.callbacks["usdt-trc20"] = {};
    EXPECT_FALSE(enough.check()) << "a callback must not speak for the chain";
}

TEST_F(Callbacks, signatures_in_all_their_forms) {
    const auto now = std::to_string(now_us() / 1'000'000);
    int n = 0;
    const auto try_with = [&](std::function<void(net::Headers&, const std::string& good)> put) {
        const auto body = event(order(), fmt::format("evt_{}", ++n));
        net::Headers h;
        put(h, sign(secret, now, body));
        const auto outcome = send("mypay", h, body);
        EXPECT_TRUE(outcome) << outcome.error().message();
    };
    try_with(
        [&](net::Headers& h, const std::string& s) { h.add("stripe-signature", "t=" + now + ",v1=" + s + ",v0=aa"); });
    try_with([&](net::Headers& h, const std::string& s) {
        h.add("topup-signature",
              "t=" + now + ", v1=" + std::string(64, '0') + ", v1=" + s);  // two secrets while rotating
    });
    try_with([&](net::Headers& h, const std::string& s) {
        h.add("topup-signature", s);
        h.add("topup-timestamp", now);
    });
    EXPECT_EQ(rig.balance(account), 30 * dollar);
}

TEST_F(Callbacks, stripes_events) {
    const auto o = order("stripe");
    const auto session = [&](std::string id, std::string type, std::string amount, std::string paid) {
        return fmt::format(R"({{"id":"{}","object":"event","type":"{}","data":{{"object":{{"id":"cs_1","object":)"
                           R"("checkout.session","client_reference_id":"{}","amount_total":{},"currency":"usd",)"
                           R"("payment_status":"{}","metadata":{{}}}}}}}})",
                           id, type, o.public_id, amount, paid);
    };
    auto ignored = send("stripe", session("evt_0", "checkout.session.completed", "1000", "unpaid"));
    ASSERT_TRUE(ignored) << ignored.error().message();
    EXPECT_TRUE(ignored->ignored);
    ignored = send("stripe", session("evt_1", "customer.created", "1000", "paid"));
    ASSERT_TRUE(ignored);
    EXPECT_TRUE(ignored->ignored);
    EXPECT_FALSE(send("stripe", session("evt_2", "checkout.session.completed", "1001", "paid")));
    EXPECT_FALSE(send("stripe", session("evt_3", "checkout.session.completed", "1e3000", "paid")));
    EXPECT_EQ(rig.balance(account), 0);
    const auto paid = send("stripe", session("evt_4", "checkout.session.async_payment_succeeded", "1000", "paid"));
    ASSERT_TRUE(paid) << paid.error().message();
    EXPECT_EQ(rig.balance(account), 10 * dollar);
    EXPECT_EQ(read_event(CallbackRail::Format::stripe,
                         R"({"id":"e","type":"charge.dispute.created","data":{"object":{"amount":500,"currency":"jpy",)"
                         R"("metadata":{"order_id":"dep_1"}}}})")
                  ->amount_nanos,
              500 * dollar);
}

TEST_F(Callbacks, a_refund_takes_what_is_there_and_the_rest_is_the_operators_loss) {
    const auto o = order();
    const auto refund = [&](std::string id, std::string amount) {
        auto body = event(o, std::move(id), std::move(amount));
        return body.replace(body.find("payment.succeeded"), 17, "payment.refunded");
    };
    expect_refused(send("mypay", refund("evt_0", "1")), ErrorCode::payment_mismatch);
    ASSERT_TRUE(send("mypay", event(o)));
    for (int i = 0; i < 3; ++i) {
        const auto part = send("mypay", refund("evt_r1", "4"));
        ASSERT_TRUE(part) << part.error().message();
        EXPECT_EQ(part->duplicate, i > 0);
    }
    EXPECT_EQ(rig.balance(account), 6 * dollar);
    const auto too_much = send("mypay", refund("evt_r2", "6.01"));
    ASSERT_FALSE(too_much);
    EXPECT_EQ(too_much.error().code(), ErrorCode::payment_mismatch);
    auto hold = rig.books.hold(account, 5 * dollar);
    ASSERT_TRUE(hold);
    ASSERT_TRUE(rig.books.settle(*std::move(hold), 5 * dollar));
    const auto rest = send("mypay", refund("evt_r3", "6"));
    ASSERT_TRUE(rest) << rest.error().message();
    EXPECT_EQ(rest->deposit.credited_nanos, -1 * dollar);
    EXPECT_EQ(rig.balance(account), 0);
    EXPECT_TRUE(rig.books.verify().ok);
}

TEST_F(Callbacks, orders_are_bounded) {
    auto& desk = rig.topups->desk();
    EXPECT_FALSE(desk.order_now({account, "mypay", "USD", 0}));
    EXPECT_FALSE(desk.order_now({account, "mypay", "USD", INT64_MAX}));
    EXPECT_FALSE(desk.order_now({AccountId{999}, "mypay", "USD", dollar}));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(desk.order_now({account, "mypay", "USD", dollar}));
    const auto more = desk.order_now({account, "mypay", "USD", dollar});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code(), ErrorCode::conflict);
}

TEST(Desk, another_currencys_wallet_is_credited_at_the_rate_in_force) {
    TopupRig rig;
    store::Batch batch;
    batch.ops.push_back(rig.books.book().set_rate("TMT", *decimal_ratio("3.5", "rate"), "operator"));
    ASSERT_TRUE(rig.books.store().commit_now(std::move(batch)));
    const auto account = rig.books.fund(0, "TMT");
    rig.chain.pay(rig.address(account), 10'000'001);
    rig.rounds(2);
    EXPECT_EQ(rig.balance(account), 35'000'003'500);
    EXPECT_EQ(rig.deposits(account)[0].credited_currency, "TMT");
    const auto unrated = rig.books.fund(0, "XYZ");
    rig.chain.pay(rig.address(unrated), 10'000'000);
    rig.rounds(2);
    EXPECT_EQ(rig.status(unrated), "pending") << "until the operator sets a rate";
    store::Batch late;
    late.ops.push_back(rig.books.book().set_rate("XYZ", {2, 1}, "operator"));
    ASSERT_TRUE(rig.books.store().commit_now(std::move(late)));
    rig.rounds(3);
    EXPECT_EQ(rig.balance(unrated), 20 * dollar);
}

TEST(Desk, below_the_minimum_an_operator_may_accept_once) {
    TopupRig rig;
    const auto account = rig.customer();
    rig.chain.pay(rig.address(account), 500'000);
    rig.rounds(2);
    EXPECT_EQ(rig.status(account), "below_minimum");
    const auto id = rig.deposits(account)[0].id;
    EXPECT_TRUE(rig.topups->desk().accept_now(id, {}));
    EXPECT_FALSE(rig.topups->desk().accept_now(id, {}));
    EXPECT_FALSE(rig.topups->desk().accept_now(999, {}));
    EXPECT_EQ(rig.balance(account), dollar / 2);
}
