#include "catalogue/price_lists.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "base/money.h"
#include "catalogue/build.h"

namespace aig::catalogue {
namespace {
constexpr size_t max_models = 1'000, max_name = 64;

Error wrong(std::string_view what, std::string_view param) {
    return Error(ErrorCode::bad_param, std::string(what)).param(std::string(param));
}

Status good_name(std::string_view name) {
    const bool good = !name.empty() && name.size() <= max_name && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (good) return {};
    return wrong("a price list's name has 1 to 64 characters of a-z 0-9 - _", "name");
}

/// At most one decimal place: finer ones might not fold with an exchange rate and a coupon.
Result<Ratio> off(JsonRef percent) {
    const auto text = percent.is_number() ? percent.raw() : percent.text();
    TRYV(parse_decimal(text, 1, "percent_off"));
    return percent_off(text, "percent_off");
}

Result<PriceConfig> price_keys_of(JsonRef price) {
    PriceConfig out;
    if (!price.is_object() || price.size() == 0) return wrong("'price' must be an object of price keys", "price");
    for (const auto p : price) {
        if (!p.is_string()) return wrong(fmt::format("'{}' must be decimal text in quotes", p.key()), p.key());
        out[std::string(p.key())] = p.text();
    }
    return out;
}

Result<PriceList::Row> row_of(JsonRef row) {
    PriceList::Row out;
    const auto percent = row["percent_off"], price = row["price"];
    if (!row.is_object() || row.size() != 1 || (!percent && !price))
        return wrong(fmt::format("models.{} must have either 'percent_off' or 'price'", row.key()), "models");
    if (percent) {
        TRY(out.factor, off(percent));
        return out;
    }
    TRY(const auto keys, price_keys_of(price));
    auto card = price_card(keys);
    if (!card) return wrong(fmt::format("models.{}: {}", row.key(), card.error().message()), "models");
    out.card = std::make_shared<const canon::PriceCard>(*std::move(card));
    return out;
}

Status exists(store::Db& db, std::string_view name) {
    auto q = db.query("SELECT 1 FROM price_list WHERE name = ?");
    q.bind(name);
    TRY(const bool found, q.step());
    if (!found) return Error(ErrorCode::resource_not_found, fmt::format("there is no price list '{}'", name));
    return {};
}
}  // namespace

const PriceList::Row* PriceList::find(std::string_view model) const {
    const auto at = models.find(model);
    return at == models.end() ? nullptr : &at->second;
}

Result<PriceList> parse_price_list(std::string_view name, std::string_view json) {
    TRYV(good_name(name));
    TRY(const auto doc, JsonDoc::parse(json));
    const auto root = doc.root();
    if (!root.is_object()) return wrong("a price list is a JSON object", "body");
    PriceList list;
    list.name = name;
    for (const auto m : root)
        if (m.key() != "percent_off" && m.key() != "models")
            return wrong(fmt::format("'{}' is unknown here: percent_off, models", m.key()), m.key());
    if (const auto percent = root["percent_off"]) {
        TRY(list.factor, off(percent));
    }
    const auto models = root["models"];
    if (models && !models.is_object()) return wrong("'models' must be an object", "models");
    if (models.size() > max_models) return wrong(fmt::format("at most {} models", max_models), "models");
    for (const auto m : models) {
        TRY(auto row, row_of(m));
        list.models[std::string(m.key())] = std::move(row);
    }
    return list;
}

Result<std::unique_ptr<PriceLists>> PriceLists::open(store::Store& store) {
    std::unique_ptr<PriceLists> lists(new PriceLists(store));
    TRYV(lists->load());
    return lists;
}

PriceListPtr PriceLists::of(AccountId account) const {
    if (!any_.load(std::memory_order_acquire)) return nullptr;
    const auto all = by_account_.load(std::memory_order_acquire);
    const auto at = all->find(account.value);
    return at == all->end() ? nullptr : at->second;
}

Status PriceLists::load() {
    auto accounts = std::make_shared<ByAccount>();
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        std::map<std::string, PriceListPtr, std::less<>> lists;
        auto q = db.query("SELECT name, body FROM price_list");
        while (true) {
            TRY(const bool row, q.step());
            if (!row) break;
            TRY(auto list, parse_price_list(q.text(0), q.text(1)));
            lists[list.name] = std::make_shared<const PriceList>(list);
        }
        auto a = db.query("SELECT account_id, list FROM account_price_list");
        while (true) {
            TRY(const bool row, a.step());
            if (!row) break;
            if (const auto at = lists.find(a.text(1)); at != lists.end()) (*accounts)[a.integer(0)] = at->second;
        }
        return {};
    }));
    const bool any = !accounts->empty();
    by_account_.store(std::move(accounts), std::memory_order_release);
    any_.store(any, std::memory_order_release);
    return {};
}

Status PriceLists::commit(store::Ops ops) {
    store::Batch batch;
    batch.ops = std::move(ops);
    batch.guarded = true;
    TRYV(store_.commit_now(std::move(batch)));
    return load();
}

Result<std::vector<PriceLists::Entry>> PriceLists::all() const {
    std::vector<Entry> out;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT name, body, updated_us FROM price_list ORDER BY name");
        while (true) {
            TRY(const bool row, q.step());
            if (!row) return {};
            out.push_back({std::string(q.text(0)), std::string(q.text(1)), q.integer(2)});
        }
    }));
    return out;
}

Status PriceLists::put(std::string_view name, std::string body, int64_t now_us, store::Ops with) {
    TRYV(parse_price_list(name, body));
    const std::lock_guard lock(one_at_a_time_);
    store::Ops ops;
    ops.push_back(store::op([name = std::string(name), body = std::move(body), now_us](store::Db& db) -> Status {
        auto q = db.query(
            "INSERT INTO price_list (name, body, updated_us) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET body = excluded.body, updated_us = excluded.updated_us");
        q.bind(name).bind(body).bind(now_us);
        TRYV(q.run());
        return {};
    }));
    for (auto& op : with) ops.push_back(std::move(op));
    return commit(std::move(ops));
}

Status PriceLists::remove(std::string_view name, store::Ops with) {
    const std::lock_guard lock(one_at_a_time_);
    store::Ops ops;
    ops.push_back(store::op([name = std::string(name)](store::Db& db) -> Status {
        TRYV(exists(db, name));
        auto used = db.query("SELECT account_id FROM account_price_list WHERE list = ? LIMIT 1");
        used.bind(name);
        TRY(const bool in_use, used.step());
        if (in_use)
            return Error(ErrorCode::conflict, fmt::format("'{}' is the price list of {}: give it another one first",
                                                          name, to_text(AccountId{used.integer(0)})));
        auto q = db.query("DELETE FROM price_list WHERE name = ?");
        q.bind(name);
        TRYV(q.run());
        return {};
    }));
    for (auto& op : with) ops.push_back(std::move(op));
    return commit(std::move(ops));
}

Status PriceLists::assign(AccountId account, std::string_view name, store::Ops with) {
    const std::lock_guard lock(one_at_a_time_);
    store::Ops ops;
    ops.push_back(store::op([account, name = std::string(name)](store::Db& db) -> Status {
        auto gone = db.query("DELETE FROM account_price_list WHERE account_id = ?");
        gone.bind(account.value);
        TRYV(gone.run());
        if (name.empty()) return {};
        TRYV(exists(db, name));
        auto q = db.query("INSERT INTO account_price_list (account_id, list) VALUES (?, ?)");
        q.bind(account.value).bind(name);
        TRYV(q.run());
        return {};
    }));
    for (auto& op : with) ops.push_back(std::move(op));
    return commit(std::move(ops));
}

Result<std::string> PriceLists::assigned(AccountId account) const {
    std::string name;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT list FROM account_price_list WHERE account_id = ?");
        q.bind(account.value);
        TRY(const bool row, q.step());
        if (row) name = q.text(0);
        return {};
    }));
    return name;
}
}  // namespace aig::catalogue
