// Operator commands on the portal's users.
#include <fmt/format.h>

#include "cli/detail/builders.h"
#include "cli/detail/http.h"
#include "cli/detail/operator.h"

namespace aig::cli {
namespace {
void say_token(const Context& c, JsonRef r) {
    if (r["reset_token"].text().empty()) return;
    c.out << r["reset_token"].text() << "\n";
    c.err << "With this token the user chooses a password: once, within an hour (the portal's link ends in "
             "/portal/#reset=TOKEN). It is shown only now.\n";
}

Action user_verb(Spec& spec, std::string_view verb, void (*say)(const Context&, JsonRef)) {
    struct Options : Operator {
        std::string user;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--user", "ID", o->user, "the user's id (aig user list)");
    operator_options(spec, *o);
    return [o, verb, say](const Context& c) {
        return ask_and_print(c, *o, {"POST", fmt::format("/admin/users/{}/{}", percent_encode(o->user), verb), "", ""},
                             [&](JsonRef r) { say(c, r); });
    };
}

void say_user(const Context& c, JsonRef r) {
    c.out << fmt::format("User {} is {}{}.\n", r["user_id"].text(), r["status"].text(),
                         r["operator"].boolean() ? " and an operator" : "");
}
}  // namespace

Action build_user_create(Spec& spec) {
    struct Options : Operator {
        std::string email, account, role;
    };
    auto o = std::make_shared<Options>();
    spec.needed("--email", "E", o->email, "the address; it counts as confirmed");
    spec.text("--account", "ID", o->account, "the account the user belongs to (none)");
    spec.text("--role", "R", o->role, "owner, admin, member or read_only (owner)");
    operator_options(spec, *o);
    return [o](const Context& c) {
        std::string body;
        JsonWriter w(body);
        w.begin_object().field("email", o->email);
        if (!o->account.empty()) w.field("account_id", o->account);
        if (!o->role.empty()) w.field("role", o->role);
        w.end_object();
        return ask_and_print(c, *o, {"POST", "/admin/users", "", std::move(body)}, [&](JsonRef r) {
            c.err << fmt::format("Made user {}.\n", r["user_id"].text());
            say_token(c, r);
        });
    };
}

Action build_user_list(Spec& spec) {
    auto o = std::make_shared<Operator>();
    operator_options(spec, *o);
    return [o](const Context& c) {
        return print_list(c, *o, "/admin/users", "users", "",
                          {"user_id", "email", "status", "operator", "verified_at", "last_login_at"});
    };
}

Action build_user_block(Spec& spec) { return user_verb(spec, "block", say_user); }
Action build_user_unblock(Spec& spec) { return user_verb(spec, "unblock", say_user); }
Action build_user_reset_password(Spec& spec) { return user_verb(spec, "reset-password", say_token); }
Action build_user_grant_operator(Spec& spec) { return user_verb(spec, "grant-operator", say_user); }
Action build_user_revoke_operator(Spec& spec) { return user_verb(spec, "revoke-operator", say_user); }

}  // namespace aig::cli
