#include "catalogue/price_history.h"

#include <fmt/format.h>

#include "base/json.h"
#include "catalogue/build.h"

namespace aig::catalogue {
namespace {

std::string card_json(const canon::PriceCard& card) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const auto& [key, text] : price_text(card)) w.field(key, text);
    w.end_object();
    return out;
}

Status remember(store::Db& db, const std::string& model, const canon::PriceCard& card, int64_t now_us) {
    auto last = db.query("SELECT card_id FROM model_price WHERE model = ? ORDER BY from_us DESC LIMIT 1");
    last.bind(model);
    TRY(const bool known, last.step());
    if (known && last.integer(0) == card.id) return {};
    auto version = db.query("INSERT INTO price_card (id, prices, first_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    version.bind(card.id).bind(card_json(card)).bind(now_us);
    TRYV(version.run());
    auto row = db.query("INSERT INTO model_price (model, from_us, card_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    row.bind(model).bind(now_us).bind(card.id);
    TRYV(row.run());
    return {};
}
}  // namespace

Status remember_prices(store::Store& store, const Snapshot& snapshot, int64_t now_us) {
    struct Now {
        std::string model;
        canon::PriceCard card;
    };
    std::vector<Now> rows;
    for (const auto& [id, m] : snapshot.models) rows.push_back({id, m->price});
    store::Batch batch;
    batch.ops.push_back(store::op([rows = std::move(rows), now_us](store::Db& db) -> Status {
        for (const auto& r : rows) TRYV(remember(db, r.model, r.card, now_us));
        return {};
    }));
    return store.commit_now(std::move(batch));
}

Result<canon::PriceCard> price_version(store::Db& db, int64_t card_id) {
    auto q = db.query("SELECT prices FROM price_card WHERE id = ?");
    q.bind(card_id);
    TRY(const bool row, q.step());
    if (!row) return Error(ErrorCode::resource_not_found, fmt::format("there is no price version price_{:x}", card_id));
    TRY(const auto doc, JsonDoc::parse(q.text(0)));
    PriceConfig price;
    for (const auto p : doc.root()) price[std::string(p.key())] = p.text();
    return price_card(price);
}

Result<std::vector<PriceChange>> price_history(store::Db& db, std::string_view model, int64_t limit) {
    std::vector<PriceChange> out;
    auto q = db.query("SELECT from_us, card_id FROM model_price WHERE model = ? ORDER BY from_us DESC LIMIT ?");
    q.bind(model).bind(limit);
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back({q.integer(0), q.integer(1)});
    }
}
}  // namespace aig::catalogue
