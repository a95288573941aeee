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
        std::string account, prefix = "sk-aig-", name, cap, period, models, dialect, tag, ips, brake, sub_account;
        std::optional<int64_t> rpm, tpm, concurrency, rpd, days;
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
    spec.whole("--rpd", o->rpd, 1, 1'000'000'000'000, "requests a UTC day (no limit)");
    spec.text("--brake-usd-per-minute", "D", o->brake, "freeze the key when it spends faster (never)");
    spec.text("--ip-allow", "A,B", o->ips, "the only addresses and CIDR blocks it may be used from (all)");
    spec.text("--sub-account", "ID", o->sub_account, "the sub-account it spends for (the account itself)");
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
                                          {"brake_usd_per_minute", &o->brake},
                                          {"sub_account_id", &o->sub_account},
                                          {"tag", &o->tag}})
            if (!value->empty()) w.field(name, *value);
        for (const auto& [name, value] :
             {std::pair{"rpm", o->rpm}, {"tpm", o->tpm}, {"concurrency", o->concurrency}, {"rpd", o->rpd}})
            if (value) w.field(name, *value);
        if (o->days) w.field("expires_at", (now_us() + *o->days * us_per_day) / 1'000'000);
        if (!o->models.empty()) write_list(w.key("models"), o->models);
        if (!o->ips.empty()) write_list(w.key("ip_allow"), o->ips);
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
    spec.text("--status", "S", o->status, "active, frozen or revoked (all)");
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

namespace {
Action key_switch(Spec& spec, std::string_view verb) {
    struct Options : Operator {
        std::string key;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--key-id", "K", o->key, "the key's id (aig key list)");
    operator_options(spec, *o);
    return [o, verb](const Context& c) {
        return ask_and_print(
            c, *o, {"POST", fmt::format("/admin/keys/{}/{}", percent_encode(o->key), verb), "", ""},
            [&](JsonRef r) { c.out << fmt::format("Key {} is {}.\n", r["key_id"].text(), r["status"].text()); });
    };
}
}  // namespace

Action build_key_revoke(Spec& spec) { return key_switch(spec, "revoke"); }

Action build_key_show(Spec& spec) {
    struct Options : Operator {
        std::string key;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--key-id", "K", o->key, "the key's id (aig key list)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"GET", "/admin/keys/" + percent_encode(o->key), "", ""},
                             [&](JsonRef r) { say_members(c.out, r); });
    };
}

Action build_key_update(Spec& spec) {
    struct Options : Operator {
        std::string key, change;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--key-id", "K", o->key, "the key's id (aig key list)");
    spec.needed("--set", "JSON", o->change,
                R"(what to change, as for PATCH /admin/keys/{id}: '{"rpm": 60, "spend_cap_usd": null}')");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"PATCH", "/admin/keys/" + percent_encode(o->key), "", o->change},
                             [&](JsonRef r) { say_members(c.out, r); });
    };
}

Action build_key_freeze(Spec& spec) { return key_switch(spec, "freeze"); }
Action build_key_unfreeze(Spec& spec) { return key_switch(spec, "unfreeze"); }

Action build_key_rotate(Spec& spec) {
    struct Options : Operator {
        std::string key;
        std::optional<int64_t> overlap;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--key-id", "K", o->key, "the key's id (aig key list)");
    spec.whole("--overlap-s", o->overlap, 0, 31'536'000, "seconds for which the old key still works (0)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        const auto body = o->overlap ? fmt::format(R"({{"overlap_s":{}}})", *o->overlap) : std::string();
        return ask_and_print(c, *o, {"POST", fmt::format("/admin/keys/{}/rotate", percent_encode(o->key)), "", body},
                             [&](JsonRef r) {
                                 c.out << r["key"].text() << "\n";
                                 c.err << fmt::format("This is key {} in its place. It is shown only now: keep it.\n",
                                                      r["key_id"].text());
                             });
    };
}

}  // namespace aig::cli
