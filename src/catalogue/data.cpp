#include "catalogue/data.h"

#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "base/embedded.h"
#include "base/json.h"

namespace aig::catalogue {
namespace {

/// "2026-03-05" -> seconds since 1970; nothing when it is none.
std::optional<int64_t> day_seconds(std::string_view day) {
    int y = 0;
    unsigned m = 0, d = 0;
    const auto part = [&](size_t at, size_t size, auto& out) {
        const char* end = day.data() + at + size;
        const auto [stop, bad] = std::from_chars(day.data() + at, end, out);
        return bad == std::errc{} && stop == end;
    };
    const bool shaped = day.size() == 10 && day[4] == '-' && day[7] == '-';
    if (!shaped || !part(0, 4, y) || !part(5, 2, m) || !part(8, 2, d)) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(m), std::chrono::day(d)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count();
}

/// One object of a data file: takes members one by one, and says at the end whether something was left over.
class Row {
  public:
    Row(JsonRef object, std::string where) : object_(object), where_(std::move(where)) {
        if (!object_.is_object()) fail("is not an object");
    }
    std::string text(std::string_view key, bool required = false) {
        const auto v = take(key, required);
        if (v && !v.is_string()) fail(fmt::format("{} must be a string", key));
        return std::string(v.text());
    }
    int64_t number(std::string_view key, int64_t max) {
        const auto v = take(key, false);
        if (!v) return 0;
        const auto n = v.integer();
        if (!n || *n < 0 || *n > max) fail(fmt::format("{} must be a whole number up to {}", key, max));
        return n.value_or(0);
    }
    int64_t day(std::string_view key) {
        const auto written = text(key);
        const auto seconds = day_seconds(written);
        if (!written.empty() && !seconds) fail(fmt::format("{} must be a day like 2026-03-05", key));
        return seconds.value_or(0);
    }
    bool flag(std::string_view key) {
        const auto v = take(key, false);
        if (v && !v.is_bool()) fail(fmt::format("{} must be true or false", key));
        return v.boolean();
    }
    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> out;
        for (const auto v : take(key, false)) {
            if (!v.is_string()) fail(fmt::format("{} must be a list of strings", key));
            out.emplace_back(v.text());
        }
        return out;
    }
    std::vector<std::pair<std::string, std::string>> pairs(std::string_view key) {
        std::vector<std::pair<std::string, std::string>> out;
        const auto v = take(key, false);
        if (v && !v.is_object())
            fail(fmt::format("{} must be an object of strings", key));
        else
            for (const auto m : v) {
                if (!m.is_string()) fail(fmt::format("{}.{} must be a string", key, m.key()));
                out.emplace_back(m.key(), m.text());
            }
        return out;
    }
    JsonRef take(std::string_view key, bool required) {
        const auto v = object_.find(key);
        if (v)
            ++taken_;
        else if (required)
            fail(fmt::format("{} is missing", key));
        return v;
    }
    Status done() {
        if (error_.empty() && object_.size() != taken_) fail("has an unknown or repeated member");
        if (!error_.empty()) return Error(ErrorCode::config_invalid, fmt::format("{} {}", where_, error_));
        return {};
    }

  private:
    void fail(std::string what) {
        if (error_.empty()) error_ = std::move(what);
    }
    JsonRef object_;
    std::string where_, error_;
    size_t taken_ = 0;
};

Result<ProviderFacts> provider_facts(JsonRef object) {
    Row row(object, fmt::format("data/providers.json: {}", object.key()));
    ProviderFacts p;
    p.name = object.key();
    p.wire = row.text("wire", true);
    p.base_url = row.text("base_url", true);
    p.auth = row.text("auth");
    p.env = row.text("env");
    p.also = row.texts("also");
    p.quirks = row.texts("quirks");
    p.headers = row.pairs("headers");
    p.cancel_bills_full = row.flag("cancel_bills_full");
    (void)row.text("source");
    TRYV(row.done());
    return p;
}

Result<TargetConfig> target(JsonRef object, const std::string& where, const PriceFacts& prices) {
    Row row(object, where + " target");
    TargetConfig t;
    t.provider = row.text("provider", true);
    t.model = row.text("model", true);
    t.priority = row.number("priority", 1000);
    t.quirks = row.texts("quirks");
    TRYV(row.done());
    const auto* price = prices.find(t.provider, t.model);
    if (!price)
        return Error(ErrorCode::config_invalid,
                     fmt::format("{}: data/prices.json has no price of {} at {}", where, t.model, t.provider));
    t.cost = *price;
    return t;
}

Result<ModelConfig> model(JsonRef object, const PriceFacts& prices) {
    const auto where = fmt::format("data/models.json: {}", object["id"].text());
    Row row(object, where);
    ModelConfig m;
    m.id = row.text("id", true);
    m.name = row.text("name", true);
    m.owned_by = row.text("owned_by", true);
    m.modality = row.text("modality", true);
    m.created_s = row.day("released");
    m.context = row.number("context", 100'000'000);
    m.max_output = row.number("max_output", 10'000'000);
    m.capabilities = row.texts("capabilities");
    m.aliases = row.texts("aliases");
    (void)row.text("note");
    for (const auto t : row.take("targets", true)) {
        TRY(auto parsed, target(t, where, prices));
        m.targets.push_back(std::move(parsed));
    }
    TRYV(row.done());
    return m;
}
}  // namespace

Result<Data> parse_data(std::string_view providers_json, std::string_view models_json, std::string_view prices_json) {
    Data data;
    TRY(data.prices, parse_price_facts(prices_json, "data/prices.json"));
    TRY(const auto providers, JsonDoc::parse(providers_json));
    for (const auto p : providers.root()) {
        TRY(auto facts, provider_facts(p));
        if (!data.providers.emplace(facts.name, facts).second)
            return Error(ErrorCode::config_invalid,
                         fmt::format("data/providers.json: {} stands there twice", facts.name));
    }
    TRY(const auto models, JsonDoc::parse(models_json));
    for (const auto m : models.root()) {
        TRY(auto parsed, model(m, data.prices));
        data.models.push_back(std::move(parsed));
    }
    return data;
}

const Result<Data>& embedded_data() {
    static const Result<Data> data = parse_data(embedded_file("data/providers.json"), embedded_file("data/models.json"),
                                                embedded_file("data/prices.json"));
    return data;
}
}  // namespace aig::catalogue
