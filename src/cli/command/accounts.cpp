// Operator commands on accounts.
#include <fmt/format.h>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
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

Action build_account_show(Spec& spec) {
    struct Options : Operator {
        std::string account;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "the account");
    operator_options(spec, *o);
    return [o](const Context& c) {
        return ask_and_print(c, *o, {"GET", "/admin/accounts/" + percent_encode(o->account), "", ""},
                             [&](JsonRef r) { say_members(c.out, r); });
    };
}

Action build_account_update(Spec& spec) {
    struct Options : Operator {
        std::string account, name, email;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--account", "ID", o->account, "the account");
    spec.text("--name", "N", o->name, "its new name (as it is)");
    spec.text("--email", "E", o->email, "its new e-mail address (as it is)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object();
        if (!o->name.empty()) w.field("name", o->name);
        if (!o->email.empty()) w.field("email", o->email);
        w.end_object();
        return ask_and_print(c, *o, {"PATCH", "/admin/accounts/" + percent_encode(o->account), "", std::move(body)},
                             [&](JsonRef r) { say_members(c.out, r); });
    };
}

Action build_account_block(Spec& spec) { return account_switch(spec, "block"); }
Action build_account_unblock(Spec& spec) { return account_switch(spec, "unblock"); }

}  // namespace aig::cli
