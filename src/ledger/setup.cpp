#include "ledger/setup.h"

namespace aig::ledger {
namespace {
constexpr char last_config_rate[] =
    "SELECT num, den FROM fx_rate WHERE currency = ? AND source = 'config' ORDER BY id DESC LIMIT 1";
}  // namespace

Status adopt_config_rate(store::Store& store, Book& book, const std::string& currency, Ratio per_usd) {
    if (currency == "USD") return {};
    std::optional<Ratio> last;
    TRYV(store.read_now([&](store::Db& db) -> Status {
        auto q = db.query(last_config_rate);
        TRY(const bool row, q.bind(currency).step());
        if (row) last = Ratio{q.integer(0), q.integer(1)};
        return {};
    }));
    if (last == per_usd) return {};
    store::Batch batch;
    batch.ops.push_back(book.set_rate(currency, per_usd, "config"));
    return store.commit_now(std::move(batch));
}

}  // namespace aig::ledger
