#include "catalogue/price_facts.h"

#include <fmt/format.h>

#include "base/json.h"
#include "catalogue/build.h"

namespace aig::catalogue {
namespace {
constexpr std::string_view note =
    "List prices that providers publish, in price keys (docs/reference/prices.md). A price by input length stands "
    "under "
    "above.TOKENS and holds for the whole request.";

Error wrong(std::string_view where, std::string_view what, std::string_view why) {
    return Error(ErrorCode::config_invalid, fmt::format("{}: {} {}", where, what.substr(0, 200), why));
}

Result<PriceConfig> read_row(JsonRef row, const std::string& at, std::string_view where) {
    if (!row.is_object()) return wrong(where, at, "must be an object of price keys");
    PriceConfig price;
    for (const auto p : row) {
        if (!p.is_string()) return wrong(where, at, "has a price that is not decimal text in quotes");
        if (!price.emplace(p.key(), p.text()).second) return wrong(where, at, "has a price key twice");
    }
    if (auto card = price_card(price); !card) return wrong(where, at, card.error().message());
    return price;
}

Status read_rows(PriceFacts& facts, JsonRef prices, std::string_view where) {
    if (!prices.is_object()) return wrong(where, "prices", "is missing");
    for (const auto provider : prices) {
        if (!provider.is_object()) return wrong(where, provider.key(), "must be an object of models");
        auto& models = facts.rows[std::string(provider.key())];
        for (const auto model : provider) {
            const auto at = fmt::format("{} {}", provider.key(), model.key());
            TRY(auto price, read_row(model, at, where));
            if (!models.emplace(std::string(model.key()), std::move(price)).second)
                return wrong(where, at, "stands there twice");
        }
    }
    return {};
}
}  // namespace

const PriceConfig* PriceFacts::find(std::string_view provider, std::string_view model) const {
    const auto p = rows.find(provider);
    if (p == rows.end()) return nullptr;
    const auto m = p->second.find(model);
    return m == p->second.end() ? nullptr : &m->second;
}

size_t PriceFacts::count() const {
    size_t n = 0;
    for (const auto& [provider, models] : rows) n += models.size();
    return n;
}

Result<PriceFacts> parse_price_facts(std::string_view json, std::string_view where) {
    auto doc = JsonDoc::parse(json);
    if (!doc) return wrong(where, "it", fmt::format("is not JSON: {}", doc.error().message()));
    const auto root = doc->root();
    if (!root.is_object()) return wrong(where, "it", "must be a JSON object");
    for (const auto member : root)
        if (const auto k = member.key();
            k != "date" && k != "currency" && k != "note" && k != "sources" && k != "prices")
            return wrong(where, k, "is an unknown member");
    if (root["currency"].text() != "USD") return wrong(where, "currency", "must be \"USD\"");
    PriceFacts facts;
    facts.date = root["date"].text();
    for (const auto s : root["sources"]) facts.sources.emplace(s.key(), s.text());
    TRYV(read_rows(facts, root["prices"], where));
    return facts;
}

std::string price_facts_json(const PriceFacts& facts) {
    std::string out = fmt::format("{{\"date\": {}, \"currency\": \"USD\",\n \"note\": {},\n \"sources\": {{",
                                  json_string(facts.date), json_string(note));
    const char* comma = "\n";
    for (const auto& [provider, source] : facts.sources) {
        out += fmt::format("{}  {}: {}", comma, json_string(provider), json_string(source));
        comma = ",\n";
    }
    out += "},\n \"prices\": {";
    comma = "\n";
    for (const auto& [provider, models] : facts.rows) {
        out += fmt::format("{}  {}: {{", comma, json_string(provider));
        comma = "\n";
        for (const auto& [model, price] : models) {
            out += fmt::format("{}   {}: {{", comma, json_string(model));
            comma = "";
            for (const auto& [key, text] : price) {
                out += fmt::format("{}{}: {}", comma, json_string(key), json_string(text));
                comma = ", ";
            }
            out += "}";
            comma = ",\n";
        }
        out += "}";
        comma = ",\n";
    }
    return out + "}}\n";
}
}  // namespace aig::catalogue
