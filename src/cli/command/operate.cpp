// Operator commands: each makes one admin request and says what came back.
#include <fmt/format.h>

#include "base/time.h"
#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
constexpr int64_t us_per_day = 86'400'000'000;

/// A null or absent text as a dash.
std::string cell(JsonRef v) {
    if (v.is_string()) return v.text().empty() ? "-" : std::string(v.text());
    return v.is_null() ? "-" : std::string(v.raw());
}

/// Pages through a list until it ends; the items as raw JSON.
Result<std::vector<std::string>> all_pages(const Context& context, const Operator& o, std::string path,
                                           std::string_view member, const std::string& filter) {
    std::vector<std::string> items;
    std::string after;
    do {
        auto query = "limit=1000" + filter + (after.empty() ? "" : "&after=" + percent_encode(after));
        TRY(const auto reply, ask(context, o, {"GET", path, std::move(query), ""}));
        TRY(const auto doc, JsonDoc::parse(reply));
        for (const JsonRef item : doc.root()[member]) items.emplace_back(item.raw());
        after = doc.root()["next"].text();
    } while (!after.empty());
    return items;
}

int print_list(const Context& context, const Operator& o, std::string path, std::string_view member,
               const std::string& filter, const std::vector<std::string>& columns) {
    auto items = all_pages(context, o, std::move(path), member, filter);
    if (!items) return fail(context, items.error());
    if (o.json) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().key(member).begin_array();
        for (const auto& item : *items) w.raw(item);
        w.end_array().end_object();
        context.out << out << "\n";
        return exit_ok;
    }
    std::vector<std::vector<std::string>> rows{columns};
    for (const auto& item : *items) {
        auto doc = JsonDoc::parse(item);
        if (!doc) continue;
        std::vector<std::string> row;
        for (const auto& c : columns) row.push_back(cell(doc->root()[c]));
        rows.push_back(std::move(row));
    }
    print_table(context.out, rows);
    return exit_ok;
}

void say_wallet(std::ostream& out, JsonRef w) {
    out << fmt::format("balance    {} {}\nheld       {}\navailable  {}\n", w["balance"].text(), w["currency"].text(),
                       w["held"].text(), w["available"].text());
}

Action account_switch(Spec& spec, std::string_view verb) {
    struct Options : Operator {
        std::string account;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "the account");
    operator_options(spec, *o);
    return [o, verb](const Context& c) {
        return ask_and_print(
            c, *o, {"POST", fmt::format("/admin/accounts/{}/{}", percent_encode(o->account), verb), "", ""},
            [&](JsonRef r) {
                c.out << fmt::format("Account {} is {}.\n", r["account_id"].text(), r["status"].text());
            });
    };
}
}  // namespace

Action build_account_create(Spec& spec) {
    struct Options : Operator {
        std::string name, email, currency;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--name", "N", o->name, "what to call it");
    spec.text("--email", "E", o->email, "its e-mail address");
    spec.text("--currency", "CCC", o->currency, "its wallet's currency (the configuration's), fixed for ever");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("name", o->name);
        if (!o->email.empty()) w.field("email", o->email);
        if (!o->currency.empty()) w.field("currency", o->currency);
        w.end_object();
        return ask_and_print(c, *o, {"POST", "/admin/accounts", "", std::move(body)}, [&](JsonRef r) {
            const auto id = r["account_id"].text();
            c.out << fmt::format(
                "Made account {}.\nNext: aig key create --account {}   and   aig wallet credit --account {} --amount "
                "10\n",
                id, id, id);
        });
    };
}

Action build_account_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_list(c, *o, "/admin/accounts", "accounts", "",
                          {"account_id", "name", "email", "status", "created_at"});
    };
}

Action build_account_block(Spec& spec) { return account_switch(spec, "block"); }
Action build_account_unblock(Spec& spec) { return account_switch(spec, "unblock"); }

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

Action build_wallet_credit(Spec& spec) {
    struct Options : Operator {
        std::string account, amount, ref, memo;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose wallet");
    spec.needed("--amount", "D", o->amount, "how much, in the wallet's currency, at most nine decimal places");
    spec.text("--ref", "R", o->ref, "an outside name of this payment; the same one credits once");
    spec.text("--memo", "M", o->memo, "a note for the books");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("amount", o->amount);
        if (!o->ref.empty()) w.field("ref", o->ref);
        if (!o->memo.empty()) w.field("memo", o->memo);
        w.end_object();
        return ask_and_print(
            c, *o, {"POST", fmt::format("/admin/accounts/{}/credit", percent_encode(o->account)), "", std::move(body)},
            [&](JsonRef r) { say_wallet(c.out, r); });
    };
}

Action build_wallet_show(Spec& spec) {
    struct Options : Operator {
        std::string account;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "whose wallet");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o,
                             {"GET", fmt::format("/admin/accounts/{}/wallet", percent_encode(o->account)), "", ""},
                             [&](JsonRef r) { say_wallet(c.out, r); });
    };
}

Action build_ledger_verify(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        auto reply = ask(c, *o, {"GET", "/admin/ledger/verify", "", ""});
        if (!reply) return fail(c, reply.error());
        auto doc = JsonDoc::parse(*reply);
        if (!doc) return fail(c, doc.error());
        const auto r = doc->root();
        const bool ok = r["ok"].boolean();
        if (o->json) {
            c.out << *reply << "\n";
            return ok ? exit_ok : exit_failed;
        }
        for (const JsonRef fault : r["faults"]) c.out << fault.text() << "\n";
        c.out << fmt::format("{}: {} entries, {} wallets, {} open holds, {} faults\n", ok ? "ok" : "NOT OK",
                             r["entries"].raw(), r["wallets"].raw(), r["open_holds"].raw(), r["faults"].size());
        return ok ? exit_ok : exit_failed;
    };
}

}  // namespace aig::cli
