// Operator commands on API keys.
#include <fmt/format.h>

#include "base/time.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
constexpr int64_t us_per_day = 86'400'000'000;
}  // namespace

Action build_key_create(Spec& spec) {
    struct Options : Operator {
        std::string account, prefix = "sk-aig-", name, cap, period, models, dialect, tag;
        std::optional<int64_t> rpm, tpm, concurrency, days;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose key");
    spec.text("--prefix", "P", o->prefix, "sk-aig-, sk_live_, gw_, sk- or none for a UUID (sk-aig-)");
    spec.text("--name", "N", o->name, "what to call it");
    spec.whole("--rpm", o->rpm, 1, 1'000'000'000, "requests a minute (no limit)");
    spec.whole("--tpm", o->tpm, 1, 1'000'000'000'000, "tokens a minute (no limit)");
    spec.whole("--concurrency", o->concurrency, 1, 1'000'000, "calls at a time (no limit)");
    spec.text("--spend-cap-usd", "D", o->cap, "what it may spend (no limit)");
    spec.text("--spend-period", "P", o->period, "day or month: how often the cap begins anew (never)");
    spec.text("--models", "A,B", o->models, "the only models it may use (all)");
    spec.text("--dialect", "D", o->dialect,
              "openai, aigate, aigateway, aigenway or portal: the language of its replies (by its prefix)");
    spec.text("--tag", "T", o->tag, "tag of its calls in reports");
    spec.whole("--expires-days", o->days, 1, 36'500, "days until it expires (never)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("account_id", o->account).field("prefix", o->prefix);
        for (const auto& [name, value] : {std::pair{"name", &o->name},
                                          {"spend_cap_usd", &o->cap},
                                          {"spend_period", &o->period},
                                          {"dialect", &o->dialect},
                                          {"tag", &o->tag}})
            if (!value->empty()) w.field(name, *value);
        for (const auto& [name, value] : {std::pair{"rpm", o->rpm}, {"tpm", o->tpm}, {"concurrency", o->concurrency}})
            if (value) w.field(name, *value);
        if (o->days) w.field("expires_at", (now_us() + *o->days * us_per_day) / 1'000'000);
        if (!o->models.empty()) {
            w.key("models").begin_array();
            std::string_view rest = o->models;
            while (true) {
                const auto comma = rest.find(',');
                w.string(rest.substr(0, comma));
                if (comma == std::string_view::npos) break;
                rest.remove_prefix(comma + 1);
            }
            w.end_array();
        }
        w.end_object();
        return ask_and_print(c, *o, {"POST", "/admin/keys", "", std::move(body)}, [&](JsonRef r) {
            c.out << r["key"].text() << "\n";
            c.err << fmt::format("This is key {}. It is shown only now: keep it.\n", r["key_id"].text());
        });
    };
}

Action build_key_list(Spec& spec) {
    struct Options : Operator {
        std::string account, status;
    };
    auto o = std::make_shared<Options>();
    spec.text("--account", "ID", o->account, "only this account's (all)");
    spec.text("--status", "S", o->status, "active or revoked (all)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string filter;
        if (!o->account.empty()) filter += "&account=" + percent_encode(o->account);
        if (!o->status.empty()) filter += "&status=" + percent_encode(o->status);
        return print_list(c, *o, "/admin/keys", "keys", filter,
                          {"key_id", "account_id", "name", "shown", "status", "rpm", "tpm", "concurrency",
                           "spend_cap_usd", "expires_at", "last_used_at"});
    };
}

Action build_key_revoke(Spec& spec) {
    struct Options : Operator {
        std::string key;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--key-id", "K", o->key, "the key's id (aig key list)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"POST", fmt::format("/admin/keys/{}/revoke", percent_encode(o->key)), "", ""},
                             [&](JsonRef r) { c.out << fmt::format("Key {} is revoked.\n", r["key_id"].text()); });
    };
}

}  // namespace aig::cli
