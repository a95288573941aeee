#include "catalogue/quotes.h"

#include <fmt/format.h>

#include "base/json.h"
#include "catalogue/build.h"

namespace aig::catalogue {
namespace {
constexpr int64_t day_us = 86'400'000'000;

std::string body_of(const Quote& q) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("model", q.model).field("operation", q.operation);
    w.key("price").begin_object();
    for (const auto& [key, text] : price_text(q.card)) w.field(key, text);
    w.end_object();
    w.field("num", q.ratio.num)
        .field("den", q.ratio.den)
        .field("fx", q.fx_id)
        .field("fx_num", q.fx.num)
        .field("fx_den", q.fx.den)
        .field("currency", q.currency);
    w.field("coupon", q.coupon).field("input", q.input_tokens).field("output", q.output_tokens);
    w.field("cap", q.cap_nanos).end_object();
    return out;
}

Result<Quote> quote_of(std::string_view body) {
    TRY(const auto doc, JsonDoc::parse(body));
    const auto r = doc.root();
    Quote q;
    q.model = r["model"].text();
    q.operation = r["operation"].text();
    PriceConfig price;
    for (const auto p : r["price"]) price[std::string(p.key())] = p.text();
    TRY(q.card, price_card(price));
    const auto number = [&](std::string_view name) { return r[name].integer().value_or(0); };
    q.ratio = {number("num"), number("den")};
    q.fx_id = number("fx");
    q.fx = {number("fx_num"), number("fx_den")};
    q.currency = r["currency"].text();
    q.coupon = r["coupon"].text();
    q.input_tokens = number("input");
    q.output_tokens = number("output");
    q.cap_nanos = number("cap");
    return q;
}

class Issue final : public store::Op {
  public:
    explicit Issue(Quote q) : q_(std::move(q)), body_(body_of(q_)) {}
    Status check(store::Db& db) override {
        auto open = db.query("SELECT count(*) FROM quote WHERE account_id = ? AND expires_us > ? AND used_by = ''");
        open.bind(q_.account.value).bind(q_.created_us);
        TRYV(open.step());
        if (open.integer(0) < most_open_quotes) return {};
        return Error(ErrorCode::rate_limited,
                     fmt::format("this account has {} open quotes; use them or let them expire", most_open_quotes))
            .retry_after_ms(60'000);
    }
    Status apply(store::Db& db) override {
        auto old = db.query("DELETE FROM quote WHERE expires_us < ?");
        old.bind(q_.created_us - day_us);
        TRYV(old.run());
        auto q = db.query("INSERT INTO quote (id, account_id, created_us, expires_us, body) VALUES (?, ?, ?, ?, ?)");
        q.bind(q_.id).bind(q_.account.value).bind(q_.created_us).bind(q_.expires_us).bind(body_);
        TRYV(q.run());
        return {};
    }

  private:
    Quote q_;
    std::string body_;
};

class Take final : public store::Op {
  public:
    Take(std::string id, AccountId account, bool coupon, std::string request_id, int64_t now_us)
        : id_(std::move(id)), account_(account), coupon_(coupon), request_id_(std::move(request_id)), now_us_(now_us) {}
    Status check(store::Db& db) override {
        TRY(const auto q, find_quote(db, account_, id_));
        if (q.used_by == request_id_) return {};  // run a second time
        return usable(q, now_us_);
    }
    Status apply(store::Db& db) override {
        auto q = db.query("UPDATE quote SET used_by = ?, coupon_used = ? WHERE id = ?");
        q.bind(request_id_).bind(int64_t{coupon_}).bind(id_);
        TRYV(q.run());
        return {};
    }

  private:
    std::string id_;
    AccountId account_;
    bool coupon_;
    std::string request_id_;
    int64_t now_us_;
};
}  // namespace

std::unique_ptr<store::Op> issue(Quote quote) { return std::make_unique<Issue>(std::move(quote)); }

Result<Quote> find_quote(store::Db& db, AccountId account, std::string_view id) {
    auto q = db.query(
        "SELECT body, created_us, expires_us, used_by, coupon_used FROM quote WHERE id = ? AND account_id = ?");
    q.bind(id).bind(account.value);
    TRY(const bool row, q.step());
    if (!row)
        return Error(ErrorCode::resource_not_found, "there is no such quote: make one with POST /v1/estimate")
            .param("x-aig-quote");
    TRY(auto quote, quote_of(q.text(0)));
    quote.id = id;
    quote.account = account;
    quote.created_us = q.integer(1);
    quote.expires_us = q.integer(2);
    quote.used_by = q.text(3);
    quote.coupon_used = q.integer(4) != 0;
    return quote;
}

Status usable(const Quote& quote, int64_t now_us) {
    if (!quote.used_by.empty())
        return Error(ErrorCode::conflict, "this quote was used by another call: make a new one with POST /v1/estimate")
            .param("x-aig-quote")
            .reason("quote_used");
    if (now_us >= quote.expires_us)
        return Error(ErrorCode::gone, "this quote has expired: make a new one with POST /v1/estimate")
            .param("x-aig-quote")
            .reason("quote_expired");
    return {};
}

std::unique_ptr<store::Op> take(const Quote& quote, std::string request_id, int64_t now_us) {
    return std::make_unique<Take>(quote.id, quote.account, !quote.coupon.empty(), std::move(request_id), now_us);
}

std::unique_ptr<store::Op> give_back(const Quote& quote, std::string request_id) {
    return store::op([id = quote.id, request_id = std::move(request_id)](store::Db& db) -> Status {
        auto q = db.query("UPDATE quote SET used_by = '' WHERE id = ? AND used_by = ?");
        q.bind(id).bind(request_id);
        TRYV(q.run());
        return {};
    });
}
}  // namespace aig::catalogue
