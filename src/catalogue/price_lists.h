// Price lists of accounts: a percentage off everything, and by model a percentage or a price card of its own. A list is
// one document, replaced whole. of() answers from memory and costs one relaxed load where no account has a list; the
// other functions block: never on a loop. Any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/price.h"
#include "canon/usage.h"
#include "catalogue/config.h"
#include "store/store.h"

namespace aig::catalogue {

struct PriceList {
    /// A card replaces the model's own price and takes no percentage.
    struct Row {
        std::shared_ptr<const canon::PriceCard> card;
        Ratio factor;
    };
    std::string name;
    Ratio factor;  ///< of models without a row
    std::map<std::string, Row, std::less<>> models;
    const Row* find(std::string_view model) const;
};
using PriceListPtr = std::shared_ptr<const PriceList>;

/// {"percent_off"?: "10", "models"?: {"openai/gpt-5.4": {"percent_off": "15"} | {"price": {price keys}}}}. At most
/// 1,000 models; percentages with at most one decimal place, so that they always fold with the other terms.
Result<PriceList> parse_price_list(std::string_view name, std::string_view json);

class PriceLists {
  public:
    static Result<std::unique_ptr<PriceLists>> open(store::Store& store);
    /// Null: the catalogue's prices.
    PriceListPtr of(AccountId account) const;

    struct Entry {
        std::string name, body;
        int64_t updated_us = 0;
    };
    Result<std::vector<Entry>> all() const;
    /// Makes or replaces; `with` is committed together with it, like in the two below.
    Status put(std::string_view name, std::string body, int64_t now_us, store::Ops with);
    /// conflict while an account has it.
    Status remove(std::string_view name, store::Ops with);
    /// An empty name takes the account's list away.
    Status assign(AccountId account, std::string_view name, store::Ops with);
    Result<std::string> assigned(AccountId account) const;  ///< "" = none

  private:
    explicit PriceLists(store::Store& store) : store_(store) {}
    Status commit(store::Ops ops);
    Status load();
    using ByAccount = std::unordered_map<int64_t, PriceListPtr>;

    store::Store& store_;
    std::mutex one_at_a_time_;
    std::atomic<bool> any_{false};
    std::atomic<std::shared_ptr<const ByAccount>> by_account_;
};

}  // namespace aig::catalogue
